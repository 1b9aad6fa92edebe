/**
 * Modules from the Go module proxy. The hash of a module is pinned. Go checks everything that it needs against the module's own go.sum,
 * which that hash covers.
 */
import { execFile } from 'node:child_process';
import { constants as os, setPriority } from 'node:os';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { errorCode } from '../log/error-code.js';
import type { GoModulePin } from './binary-pins.js';
import { childEnvironment } from './child-environment.js';
import { parseJson } from './files.js';

const run = promisify(execFile);

/** A download of 0.5 GB and 10 minutes of two cores, on a slow machine and a slow line. */
const LIMIT_MS = 60 * 60_000;

const Download = v.object({ Dir: v.string(), Sum: v.string() });

/**
 * Downloads the module, and nothing that it needs, into Go's own cache. Answers its folder.
 * @param folder where Go runs: any that is in no module
 * @throws Error that says what to install, or when the module's hash is not the pinned one
 */
export async function downloadGoModule(pin: GoModulePin, folder: string, signal?: AbortSignal): Promise<string> {
  const { path, version, sum } = pin;
  const answer = parseJson(Download, await go(pin, ['mod', 'download', '-json', `${path}@${version}`], folder, signal));
  if (answer === undefined) throw new Error('go mod download did not say where the module is');
  if (answer.Sum !== sum) throw new Error(`${path} ${version} has the hash ${answer.Sum}; ${sum} is expected`);
  return answer.Dir;
}

/**
 * Runs Go for the module and answers its standard output. It runs with a low priority, because it may take all cores for minutes.
 * @throws Error that says what to install, or what Go says; the reason of the signal
 */
export async function go(
  pin: GoModulePin,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const env = { ...childEnvironment('download'), GOWORK: 'off', GOFLAGS: '' };
  const limits = { timeout: LIMIT_MS, maxBuffer: 1 << 24, killSignal: 'SIGINT' } as const;
  const running = run('go', args, { cwd, env, signal, ...limits });
  if (running.child.pid !== undefined) setPriority(running.child.pid, os.priority.PRIORITY_BELOW_NORMAL);
  try {
    return (await running).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(explain(pin, error), { cause: error });
  }
}

function explain({ path, version, go: needed }: GoModulePin, error: unknown): string {
  if (errorCode(error) === 'ENOENT')
    return `there is no \`go\` on the PATH. Install Go ${needed} or newer (https://go.dev/dl), then try again.`;
  const printed = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const lines = printed.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('go: downloading'));
  return `Go could not get or build ${path} ${version} (it needs Go ${needed} or newer): ${lines.slice(-5).join(' / ')}`;
}
