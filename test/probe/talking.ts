/** The command probe as a process of its own, and a tester who answers its questions from the sandbox's inbox. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Sandbox } from '../../sandbox/index.js';
import { type CliResult, MAIN } from '../cli/run-cli.js';
import { ADDRESSES } from './rig.js';

const running = new Set<ChildProcess>();

/** For `afterAll`. */
export async function endTalks(): Promise<void> {
  const left = [...running];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(left.map((child) => once(child, 'close')));
}

export interface Talk {
  /** Its environment is this and the machine's `PATH`. */
  readonly env: Readonly<Record<string, string>>;
  /** Sends the signal in place of the answer to the question with this number, from 1. */
  readonly stopAt?: { readonly question: number; readonly signal: NodeJS.Signals };
  /** Hears each code that is typed. */
  readonly onCode?: (code: string) => void;
}

/** Runs the command, and types what it asks for. */
export async function talk(
  sandbox: Sandbox,
  args: readonly string[],
  { env, stopAt, onCode }: Talk,
): Promise<CliResult> {
  const child = spawn(process.execPath, [MAIN, 'probe', ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  child.stdin.on('error', () => undefined);
  let [stdout, stderr, questions] = ['', '', 0];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  createInterface({ input: child.stderr }).on('line', (line) => {
    stderr += `${line}\n`;
    const answer = answerTo(sandbox, line);
    if (answer === undefined) return;
    questions += 1;
    if (questions === stopAt?.question) return void child.kill(stopAt.signal);
    if (line.startsWith('Code in')) onCode?.(answer);
    child.stdin.write(`${answer}\n`);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

function answerTo(sandbox: Sandbox, line: string): string | undefined {
  if (/\[y\/N\]/.test(line)) return 'y';
  if (line.startsWith('Press Enter')) return '';
  const [userPoolId] = sandbox.userPoolIds().slice(-1);
  const mails = sandbox.inbox().filter((message) => message.userPoolId === userPoolId && message.medium === 'EMAIL');
  if (line.startsWith('Which address')) return mails.at(-1)?.destination === ADDRESSES.email ? '1' : '2';
  const [, which, option] =
    /^Code in the (newest e-mail|e-mail before the newest) to --([a-z-]+), sent /.exec(line) ?? [];
  if (which === undefined) return undefined;
  const address = option === 'email' ? ADDRESSES.email : ADDRESSES.otherEmail;
  const message = mails.filter(({ destination }) => destination === address).at(which.startsWith('newest') ? -1 : -2);
  if (message === undefined) throw new Error(`There is no message for: ${line}`);
  return message.code;
}
