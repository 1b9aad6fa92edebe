/** PostgreSQL on the loopback interface, from the packages of the system, with its data in a folder of our own. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from './child-environment.js';
import { type ServerProcess, spawnServer } from './server-process.js';

const run = promisify(execFile);

/** Where Debian, Red Hat and Homebrew put the programs, which are not all on the PATH. */
const PLACES = ['/usr/lib/postgresql', '/usr', '/opt/homebrew/opt', '/usr/local/opt'];
const NAME = /^(?:\d+|pgsql-\d+|postgresql(?:@\d+)?)$/;
const READY_LIMIT_MS = 60_000;
const READY_STEP_MS = 50;
const INSTALL =
  'Install it (on Debian and Ubuntu: `apt-get install postgresql`; with Homebrew: `brew install postgresql`), then try again.';

/** A PostgreSQL server. */
export interface Postgres extends Pick<ServerProcess, 'pid' | 'exited' | 'hasExited' | 'lastWords' | 'stop'> {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Options of `startPostgres`. */
export interface PostgresOptions {
  /** The folder of its data, its password and its log. An earlier database in it is used again. */
  readonly folder: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
}

/** PostgreSQL refuses to run as root. The packages of the system bring a user of their own for it. */
interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Starts PostgreSQL and waits until it answers.
 * @throws Error that says what to install, or with the last lines of its log
 */
export async function startPostgres({ folder, port, signal }: PostgresOptions): Promise<Postgres> {
  const programs = await findPrograms();
  const user = await unprivilegedUser();
  await mkdir(folder, { recursive: true });
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const env = childEnvironment();
  const data = join(folder, 'data');
  const password = await initialise({ programs, user, folder, data });
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  // By SIGTERM it would wait until its clients have gone.
  const options = { folder, user, logFile: join(folder, 'postgres.log'), stopSignal: 'SIGINT' } as const;
  const server = await spawnServer(join(programs, 'postgres'), args, options);
  try {
    const deadline = performance.now() + READY_LIMIT_MS;
    const probe = ['-q', '-h', '127.0.0.1', '-p', String(port), '-t', '2'];
    while (!(await succeeds(run(join(programs, 'pg_isready'), probe, { env })))) {
      signal?.throwIfAborted();
      if (server.hasExited()) throw new Error(`PostgreSQL ended at its start: ${server.lastWords()}`);
      if (performance.now() > deadline) throw new Error(`PostgreSQL is not ready: ${server.lastWords()}`);
      await sleep(READY_STEP_MS);
    }
    if (server.hasExited()) throw new Error(`PostgreSQL ended at its start: ${server.lastWords()}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, port, user: OWNER, password };
}

const OWNER = 'temporal';

interface Database {
  readonly programs: string;
  readonly user: SystemUser | undefined;
  readonly folder: string;
  readonly data: string;
}

/** Makes the database unless it is there; answers its password. */
async function initialise({ programs, user, folder, data }: Database): Promise<string> {
  const passwordFile = join(folder, 'password');
  if (await succeeds(access(data))) return await readFile(passwordFile, 'utf8');
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  // It has its final name only when it is whole.
  const staging = `${data}-incomplete`;
  await rm(staging, { recursive: true, force: true });
  const login = ['-U', OWNER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const options = { env: childEnvironment(), cwd: folder, ...user };
  await run(join(programs, 'initdb'), ['-D', staging, ...login, '-E', 'UTF8', '--locale=C'], options).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      const advice =
        user === undefined
          ? ''
          : ` Root runs PostgreSQL as user postgres: choose a folder whose parents every user may enter, not below ${dirname(folder)}.`;
      throw new Error(`PostgreSQL could not make its database in ${folder}.${advice} ${reason}`, { cause: error });
    },
  );
  await rename(staging, data);
  return password;
}

/** The folder of PostgreSQL's programs: of the newest version, or of the PATH. */
async function findPrograms(): Promise<string> {
  const found: string[] = [];
  for (const place of PLACES)
    for (const name of await readdir(place).catch(() => [])) if (NAME.test(name)) found.push(join(place, name, 'bin'));
  found.sort((one, other) => other.localeCompare(one, 'en', { numeric: true }));
  for (const folder of [...found, ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean)])
    if (await succeeds(Promise.all(['initdb', 'postgres', 'pg_isready'].map((name) => access(join(folder, name))))))
      return folder;
  throw new Error(`PostgreSQL is not installed. ${INSTALL}`);
}

async function unprivilegedUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = async (option: string) => Number((await run('id', [option, 'postgres'])).stdout);
  try {
    return { uid: await idOf('-u'), gid: await idOf('-g') };
  } catch (cause) {
    throw new Error('PostgreSQL does not run as root, and there is no user postgres. Run this as another user.', {
      cause,
    });
  }
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}
