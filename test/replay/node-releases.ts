/** Other Node.js versions than the one that runs the tests: the npm registry has them as packages for each platform. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** At the time of writing, the newest of each line that the worker supports. */
export const NODE_RELEASES = ['20.20.2', '22.23.3', '24.21.0'] as const;

/** For 60 MB over a slow line. */
const DOWNLOAD_LIMIT_MS = 5 * 60_000;

/**
 * The path of a Node.js of this version: the running one, one from the user's cache, or one that it downloads into the cache. It
 * avoids the package `node`, which chooses the platform in an install script; those are off on many machines.
 * @throws with npm's message if the version is not available
 */
export async function nodeOf(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const parent = join(cache, 'cognito-verification');
  const folder = join(parent, `${name}-${version}`);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (await isThere(binary)) return binary;
  await mkdir(parent, { recursive: true });
  const staging = await mkdtemp(join(parent, 'fetching-node-'));
  try {
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'];
    const npm = ['install', '--prefix', staging, ...quiet, `${name}@${version}`];
    await run('npm', npm, { timeout: DOWNLOAD_LIMIT_MS, cwd: staging });
    // Atomic, because another process may have been quicker.
    await rename(staging, folder).catch(async (error: unknown) => {
      if (!(await isThere(binary))) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return binary;
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Whether npm reaches its registry: without one, a missing version is not an error. */
export async function registryAnswers(): Promise<boolean> {
  return await run('npm', ['ping', '--fetch-retries=0'], { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}
