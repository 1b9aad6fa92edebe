/** Builds another revision of this project aside, in the user's cache, once. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../dev/binary-cache.js';

const run = promisify(execFile);

/** These run in both builds. */
const PROGRAMS = ['worker-process.js', 'caller-process.js'];

/**
 * Builds a revision, unless it was built before, and puts this benchmark's programs into it.
 * @returns the folder of the build, and the revision's short name
 * @throws Error if git does not know the revision, or it cannot be built
 */
export async function buildRevision(
  revision: string,
  { root, report, signal }: { root: string; report: (line: string) => void; signal: AbortSignal },
): Promise<{ name: string; root: string }> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: root, signal })).stdout.trim();
  const commit = await git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).catch(() => {
    throw new Error(`--against: ${revision} is neither a file nor a revision of this repository`);
  });
  const name = await git('rev-parse', '--short', commit);
  const folder = join(cacheFolder(), 'builds', commit);
  if (!existsSync(folder)) {
    const staging = `${folder}.${process.pid}`;
    try {
      report(`building ${name} aside, which takes a minute ...`);
      await mkdir(staging, { recursive: true });
      const archive = `${staging}/archive.tar`;
      await git('archive', '--output', archive, commit);
      await run('tar', ['-xf', archive], { cwd: staging, signal });
      await run('npm', ['ci', '--ignore-scripts'], { cwd: staging, signal });
      await run('npm', ['run', 'build'], { cwd: staging, signal });
      await run('npm', ['run', '--if-present', 'package'], { cwd: staging, signal });
      await rename(staging, folder);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  for (const program of PROGRAMS) {
    await copyFile(new URL(program, import.meta.url), join(folder, 'dist/bench', program));
  }
  return { name, root: folder };
}
