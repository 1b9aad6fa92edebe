/** Builds the Temporal server and its schema tool from the Go module proxy, once, into the user's cache folder. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, makeOnce, putInPlace } from './binary-cache.js';
import { TEMPORAL_SERVER } from './binary-pins.js';
import { downloadGoModule, go } from './go-module.js';

/** The server and its database schema. */
export interface ServerPrograms {
  readonly server: string;
  /** Makes the databases and their tables. */
  readonly sqlTool: string;
}

const PROGRESS_STEP_MS = 20_000;

/** The folders in the module, and what we call their programs. Go calls them by the folder. */
const PROGRAMS = [
  ['server', 'cmd/server', 'temporal-server'],
  ['sql', 'cmd/tools/sql', 'temporal-sql-tool'],
] as const;

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
    const module = await downloadGoModule(TEMPORAL_SERVER, staging, signal);
    const flags = ['-mod=readonly', '-buildvcs=false', '-ldflags=-s -w'];
    const packages = PROGRAMS.map(([, path]) => `./${path}`);
    await go(TEMPORAL_SERVER, ['build', ...flags, '-o', `${staging}/`, ...packages], module, signal);
    for (const [built, , name] of PROGRAMS) await putInPlace(join(staging, built), join(folder, name));
    report(`built the ${title} in ${elapsed()}`);
  } finally {
    clearInterval(progress);
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
