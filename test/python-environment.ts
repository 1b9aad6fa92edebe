/** Python programs that the tests need, in pinned versions, installed once into the user's cache. */
import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A virtual environment. */
export interface PythonEnvironment {
  readonly python: string;
  /** The path of a command from its packages. */
  command(name: string): string;
}

/** Whether a command succeeds. */
export async function works(command: string, ...parameters: string[]): Promise<boolean> {
  return run(command, parameters).then(
    () => true,
    () => false,
  );
}

/**
 * A virtual environment with these packages. The first process that asks for it creates it.
 * @param name its folder
 * @param packages with their versions, in pip's syntax
 * @returns undefined on a machine without Python
 */
export async function pythonWith(name: string, packages: readonly string[]): Promise<PythonEnvironment | undefined> {
  if (!(await works('python3', '--version'))) return undefined;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'cognito-verification', name);
  const python = join(folder, 'bin', 'python');
  // Written last, so that an incomplete installation is repeated.
  const complete = join(folder, packages.join('+'));
  await mkdir(join(folder, '..'), { recursive: true });
  while (!(await exists(complete))) {
    const lock = `${folder}.lock`;
    if (!(await tryLock(lock))) {
      await sleep(1_000);
      continue;
    }
    try {
      await run('python3', ['-m', 'venv', '--clear', folder]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
      await writeFile(complete, '');
    } finally {
      await rm(lock, { force: true });
    }
  }
  return { python, command: (command) => join(folder, 'bin', command) };
}

/** Takes the lock, unless a live process has it. */
async function tryLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true });
  return false;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
