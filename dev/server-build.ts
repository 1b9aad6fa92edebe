/**
 * Builds the Temporal server and its schema tool from the Go module proxy, once, into the user's cache folder. The hash of
 * the module is pinned. Go checks everything else against the module's own go.sum, which that hash covers.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { constants as os, setPriority } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { errorCode } from '../log/error-code.js';
import { cacheFolder, makeOnce, putInPlace } from './binary-cache.js';
import { TEMPORAL_SERVER } from './binary-pins.js';
import { childEnvironment } from './child-environment.js';
import { parseJson } from './files.js';

const run = promisify(execFile);

/** The server and its database schema. */
export interface ServerPrograms {
  readonly server: string;
  /** Makes the databases and their tables. */
  readonly sqlTool: string;
}

/** A download of 0.5 GB and 10 minutes of two cores, on a slow machine and a slow line. */
const BUILD_LIMIT_MS = 60 * 60_000;
const PROGRESS_STEP_MS = 20_000;

/** The folders in the module, and what we call their programs. Go calls them by the folder. */
const PROGRAMS = [
  ['server', 'cmd/server', 'temporal-server'],
  ['sql', 'cmd/tools/sql', 'temporal-sql-tool'],
] as const;

const Download = v.object({ Dir: v.string(), Sum: v.string() });

/** Options of `serverPrograms`. */
export interface ServerBuildOptions {
  /** Takes progress lines. */
  readonly report: (line: string) => void;
  /** Ends the build. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Paths of the two programs in the cache; builds them first if they are missing, which takes about 10 minutes on two cores.
 * @throws Error that says what to install, or why the build failed
 */
export async function serverPrograms({ report, signal }: ServerBuildOptions): Promise<ServerPrograms> {
  const { title, version } = TEMPORAL_SERVER;
  const folder = join(cacheFolder(), `temporal-server-${version.slice(1)}-${process.platform}-${process.arch}`);
  const paths = PROGRAMS.map(([, , name]) => join(folder, name));
  const work = {
    folder,
    doing: `building the ${title}`,
    isDone: async () => (await Promise.all(paths.map(isExecutable))).every(Boolean),
    make: async (staging: string) => await buildInto(staging, folder, { report, signal }),
  };
  await makeOnce(work, report, signal);
  return { server: join(folder, 'temporal-server'), sqlTool: join(folder, 'temporal-sql-tool') };
}

async function buildInto(staging: string, folder: string, { report, signal }: ServerBuildOptions): Promise<void> {
  const { title, version } = TEMPORAL_SERVER;
  const startedAt = performance.now();
  const elapsed = () => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  };
  report(`building the ${title} ${version} once, about 10 minutes on two cores, into ${folder}`);
  const progress = setInterval(() => report(`… still building, ${elapsed()}`), PROGRESS_STEP_MS);
  try {
    const module = await downloadModule(staging, signal);
    const flags = ['-mod=readonly', '-buildvcs=false', '-ldflags=-s -w'];
    const packages = PROGRAMS.map(([, path]) => `./${path}`);
    await go(['build', ...flags, '-o', `${staging}/`, ...packages], module, signal);
    for (const [built, , name] of PROGRAMS) await putInPlace(join(staging, built), join(folder, name));
    report(`built the ${title} in ${elapsed()}`);
  } finally {
    clearInterval(progress);
  }
}

/** Downloads the module and answers its folder. @throws Error when its hash is not the pinned one */
async function downloadModule(folder: string, signal: AbortSignal | undefined): Promise<string> {
  const { path, version, sum } = TEMPORAL_SERVER;
  const answer = parseJson(Download, await go(['mod', 'download', '-json', `${path}@${version}`], folder, signal));
  if (answer === undefined) throw new Error('go mod download did not say where the module is');
  if (answer.Sum !== sum) throw new Error(`${path} ${version} has the hash ${answer.Sum}; ${sum} is expected`);
  return answer.Dir;
}

/** Runs Go and answers its standard output. It runs with a low priority, because it takes all cores for minutes. */
async function go(args: readonly string[], cwd: string, signal: AbortSignal | undefined): Promise<string> {
  const env = { ...childEnvironment('download'), GOWORK: 'off', GOFLAGS: '' };
  const limits = { timeout: BUILD_LIMIT_MS, maxBuffer: 1 << 24, killSignal: 'SIGINT' } as const;
  const running = run('go', args, { cwd, env, signal, ...limits });
  if (running.child.pid !== undefined) setPriority(running.child.pid, os.priority.PRIORITY_BELOW_NORMAL);
  try {
    return (await running).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(explain(error), { cause: error });
  }
}

function explain(error: unknown): string {
  const { path, version, go: needed } = TEMPORAL_SERVER;
  if (errorCode(error) === 'ENOENT')
    return `there is no \`go\` on the PATH. Install Go ${needed} or newer (https://go.dev/dl), then try again.`;
  const printed = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const lines = printed.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('go: downloading'));
  return `Go could not build ${path} ${version} (it needs Go ${needed} or newer): ${lines.slice(-5).join(' / ')}`;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
