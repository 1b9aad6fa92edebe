/**
 * Runs a Temporal server as deployments do, with PostgreSQL, on the loopback interface: for measurements and for tests of
 * what the development server, which keeps everything in SQLite, cannot show. It takes free ports.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GRPC_STATUS, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { registerSearchAttributes } from '../temporal/search-attributes.js';
import { childEnvironment } from './child-environment.js';
import { makeFolder } from './files.js';
import { freePortsBetween } from './free-port.js';
import { type Postgres, startPostgres } from './postgres.js';
import { DATABASES, DYNAMIC_CONFIG, type ServerSecurity, serverConfig } from './postgres-server-config.js';
import { type ServerPrograms, serverPrograms } from './server-build.js';
import { type ServerProcess, spawnServer } from './server-process.js';
import { createTeardown } from './teardown.js';
import type { TemporalServer } from './temporal-server.js';

const run = promisify(execFile);

/** The server keeps its membership ports in a SMALLINT, so that all are below 32,768. */
const PORTS = [10_000, 32_000] as const;
const RETENTION_MS = 24 * 60 * 60_000;
const READY_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 5_000;
const PROBE_STEP_MS = 100;

/** Options of `startPostgresServer`. */
export interface PostgresServerOptions {
  /** Takes progress lines: the build, which is needed once, takes minutes. */
  readonly report: (line: string) => void;
  /** Keeps the database, the configuration and the logs. Default: a temporary folder, which `close` removes. */
  readonly folder?: string | undefined;
  /** Created if it does not exist, with a retention of 24 hours. Default: `default`. */
  readonly namespace?: string | undefined;
  /** Which clients the server lets in, and how an administrator connects. Default: every client, without TLS. */
  readonly security?: (ServerSecurity & { readonly administrator: Administrator }) | undefined;
  /** Ends the build or the start. What was started is stopped. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes the namespace. */
type Administrator = Pick<ConnectionOptions, 'tls' | 'apiKey'>;

/** A running server with its database. `pid` is the Temporal server's; there is no Web UI. */
export interface PostgresServer extends TemporalServer {
  /** The first process of PostgreSQL. Its other processes, one for each connection, are its children. */
  readonly postgresPid: number;
  /** Where the database, the configuration and the logs are. */
  readonly folder: string;
}

/**
 * Builds the server if it is not in the cache, starts PostgreSQL and the server, and waits until the namespace has the
 * search attributes of verifications and is usable. Tasks are dispatched fairly (`matching.enableFairness`).
 * @throws Error that says what is missing, or why a part does not get ready; the reason of the signal
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const { report, namespace = 'default', security, signal } = options;
  const programs = await serverPrograms({ report, signal });
  const teardown = createTeardown(report);
  try {
    const folder = await provideFolder(options.folder);
    if (options.folder === undefined)
      teardown.addQuietly('the temporary folder', () => rm(folder, { recursive: true, force: true }));
    const [postgresPort = 0, ...ports] = await freePortsBetween(...PORTS, 11);
    const postgres = await startPostgres({ folder: join(folder, 'postgres'), port: postgresPort, signal });
    teardown.addQuietly('PostgreSQL', () => postgres.stop());
    await makeSchema(programs, postgres, signal);
    const config = serverConfig({ postgres, ports, security, dynamicConfig: join(folder, 'dynamic-config.yaml') });
    await writeFile(join(folder, 'dynamic-config.yaml'), JSON.stringify(DYNAMIC_CONFIG));
    await writeFile(join(folder, 'server.yaml'), JSON.stringify(config), { mode: 0o600 });
    const services = ['frontend', 'history', 'matching', 'worker', ...(security ? ['internal-frontend'] : [])];
    const args = ['--config-file', join(folder, 'server.yaml'), ...(security ? [] : ['--allow-no-auth'])];
    args.push('start', ...services.flatMap((service) => ['--service', service]));
    const server = await spawnServer(programs.server, args, { folder, logFile: join(folder, 'server.log') });
    teardown.addQuietly('the Temporal server', () => server.stop());
    const address = `127.0.0.1:${ports[0]}`;
    await prepare(server, { address, ...security?.administrator }, namespace, signal);
    return {
      address,
      namespace,
      pid: server.pid,
      postgresPid: postgres.pid,
      folder,
      exited: Promise.race([server.exited, postgres.exited]),
      close: async () => await teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    // A program that was aborted says so in other words.
    signal?.throwIfAborted();
    throw error;
  }
}

/** User postgres enters it when we are root. What is secret in it is closed to others by itself. */
async function provideFolder(wanted: string | undefined): Promise<string> {
  if (wanted === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'temporal-postgres-'));
    await chmod(folder, 0o711);
    return folder;
  }
  await makeFolder(resolve(wanted), 0o711);
  return resolve(wanted);
}

/** The tool has the schema inside. On a database of the newest schema it changes nothing. */
async function makeSchema({ sqlTool }: ServerPrograms, postgres: Postgres, signal?: AbortSignal): Promise<void> {
  const env = {
    ...childEnvironment(),
    SQL_PLUGIN: 'postgres12',
    SQL_HOST: '127.0.0.1',
    SQL_PORT: String(postgres.port),
    SQL_USER: postgres.user,
    SQL_PASSWORD: postgres.password,
  };
  const tool = async (...args: string[]) => await run(sqlTool, args, { env, signal, maxBuffer: 1 << 24 });
  for (const { name, schema } of DATABASES) {
    const update = ['update-schema', '--schema-name', schema];
    const isPresent = await tool('--db', name, ...update).then(
      () => true,
      () => false,
    );
    signal?.throwIfAborted();
    if (isPresent) continue;
    await tool('--db', name, 'create-database');
    await tool('--db', name, 'setup-schema', '-v', '0.0');
    await tool('--db', name, ...update);
  }
}

/** Makes the namespace and its search attributes, and waits until both are usable: the server's caches take seconds. */
async function prepare(
  server: ServerProcess,
  options: ConnectionOptions,
  namespace: string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  const connection = Connection.lazy(options);
  const { workflowService } = connection;
  const steps = [
    () =>
      workflowService
        .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION_MS) })
        .catch(ignoreExisting),
    () => registerSearchAttributes(connection, namespace),
    // Where verifications start the attributes are known a moment later than where they are listed.
    () => workflowService.countWorkflowExecutions({ namespace, query: `${SEARCH_ATTRIBUTES.state} = 'sending'` }),
  ];
  try {
    for (let step = steps.shift(); step !== undefined; ) {
      signal?.throwIfAborted();
      const current = step;
      try {
        await connection.withDeadline(Date.now() + PROBE_LIMIT_MS, async () => await current());
        step = steps.shift();
      } catch (cause) {
        if (server.hasExited())
          throw new Error(`the Temporal server ended at its start: ${server.lastWords()}`, { cause });
        if (performance.now() > deadline)
          throw new Error(`the Temporal server is not ready: ${server.lastWords()}`, { cause });
        await sleep(PROBE_STEP_MS);
      }
    }
  } finally {
    await connection.close();
  }
}

function ignoreExisting(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === GRPC_STATUS.ALREADY_EXISTS) return;
  throw error;
}
