/** Runs the compiled command as a child process, as a person or a script would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { plantedArguments } from '../attacks/planting.js';

/** The program as it is installed. */
export const MAIN = fileURLToPath(new URL('../../dist/program/main.cjs', import.meta.url));
/** The same before it is bundled: weaknesses are planted file by file. */
const UNBUNDLED = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const running = new Set<ChildProcess>();

export interface CliOptions {
  /** Added to an environment that has only the machine's `PATH`. */
  env?: Record<string, string>;
  /** What is typed or piped in. Default: standard input is empty. */
  stdin?: string;
  /** The program. Default: that of this build. */
  program?: string;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A running command. */
export interface CliProcess {
  child: ChildProcess;
  /** The first whole line on standard output; rejects if the process ends without one. */
  firstLine: Promise<string>;
  ended: Promise<CliResult>;
}

/** Starts a command that keeps running. */
export function startCli(
  args: readonly string[],
  { env = {}, stdin = '', program = MAIN }: CliOptions = {},
): CliProcess {
  const planted = plantedArguments();
  const child = spawn(process.execPath, [...planted, planted.length > 0 ? UNBUNDLED : program, ...args], {
    // A home without a temporal.toml.
    env: { PATH: process.env['PATH'], HOME: tmpdir(), XDG_CONFIG_HOME: tmpdir(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  // A command that ends without reading closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, stdout, stderr }));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const [line, ...rest] = stdout.split('\n');
      if (rest.length > 0) resolve(line ?? '');
    });
    void ended.then(({ code }) => reject(new Error(`ended with ${code} and no line: ${stderr}`)));
  });
  // Otherwise a command that prints no line would be an unhandled rejection.
  firstLine.catch(() => undefined);
  return { child, firstLine, ended };
}

/** Runs a command to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await startCli(args, options).ended;
}

/** Runs a command with `--json` and returns its exit code and the document that it prints. */
export async function runJson(args: readonly string[], options: CliOptions = {}) {
  const { code, stdout, stderr } = await runCli([...args, '--json'], options);
  // One line, one document: anything more throws here.
  const document: unknown = JSON.parse(stdout);
  return { code, document, stderr };
}

/** For `afterAll`: ends every command that still runs. */
export async function killRunning(): Promise<void> {
  const left = [...running];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(left.map((child) => once(child, 'close')));
}

/** For `VERIFICATION_ENCRYPTION_KEYS`, without which no command talks to Temporal. */
export function someKeys(): string {
  return `test:${randomBytes(32).toString('base64')}`;
}
