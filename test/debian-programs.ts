/** Programs that tests need: installed ones, or Debian's. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../dev/child-environment.js';

const run = promisify(execFile);

/** Some 100 MB over a slow line, or a download that hangs. */
const APT_LIMIT_MS = 240_000;

/**
 * The program that the variable names, or the first of these names on the PATH; undefined if there is none.
 * @throws Error if the variable names no program
 */
export async function installedProgram(variable: string, names: readonly string[]): Promise<string | undefined> {
  const named = process.env[variable];
  if (named) {
    if (await isProgram(named)) return named;
    throw new Error(`${variable} is ${named}, which is no program that can be executed`);
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    for (const name of names) if (await isProgram(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Runs `apt-get`, and once more after an update of its lists if it fails: a machine that is new has none.
 * @param cwd where it puts what it downloads
 */
export async function aptGet(args: readonly string[], cwd?: string): Promise<void> {
  const env = { ...childEnvironment('download'), DEBIAN_FRONTEND: 'noninteractive' };
  const apt = async (task: readonly string[]) => await run('apt-get', task, { timeout: APT_LIMIT_MS, env, cwd });
  try {
    await apt(args);
  } catch {
    await apt(['update']);
    await apt(args);
  }
}
