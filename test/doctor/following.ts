/** What the reader of a finding does: types its line, starts what it says, or sets what it names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { asCalled } from '../../cli/print.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import type { Finding } from '../../doctor/finding.js';
import type { Question } from '../../doctor/surroundings.js';
import { MAIN } from '../cli/run-cli.js';

/** What differs from where all is well. */
interface Change {
  /** Settings. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Options of the command. */
  readonly question?: Partial<Question> | undefined;
}

/** Does what a finding says, and no more. Answers what its reader has set. */
export type Follow = (finding: Finding, env: NodeJS.ProcessEnv) => Promise<Change> | Change;

/** One thing that is wrong, the finding that says so, and its end. */
export interface BrokenSurroundings {
  readonly what: string;
  readonly make: () => Promise<Change> | Change;
  /** `verdict check` of the one finding. */
  readonly finding: string;
  readonly says: RegExp;
  readonly follow: Follow;
}

/** The line of a finding’s remedy, as its reader sees it. */
export function lineOf({ remedy }: Finding): string {
  return asCalled(remedy?.command ?? '', { argv: ['', MAIN], env: {} });
}

async function inShell(
  line: string,
  env: NodeJS.ProcessEnv,
  stdio: 'ignore' | 'pipe' = 'ignore',
): Promise<ChildProcess> {
  const path = [dirname(await temporalCli()), dirname(process.execPath), process.env['PATH']].join(delimiter);
  return spawn('bash', ['-c', line], {
    // A home without settings of its own, as in `run-cli`.
    env: { HOME: tmpdir(), XDG_CONFIG_HOME: tmpdir(), ...env, PATH: path },
    stdio: [stdio, 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that a line that goes on ends with what it has started.
    detached: true,
  });
}

/**
 * Types a line to its end.
 * @param typed what the line asks for
 * @returns what it printed, and the environment that it leaves behind
 * @throws Error if it fails
 */
export async function typeLine(
  line: string,
  env: NodeJS.ProcessEnv,
  typed?: string,
): Promise<{ stdout: string; env: NodeJS.ProcessEnv }> {
  const child = await inShell(`set -e\n${line}\nenv -0 >&3`, env, 'pipe');
  // A line that asks for nothing may end before it could read.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(typed ?? '');
  const texts = ['', '', ''];
  [child.stdout, child.stderr, child.stdio[3]].forEach((stream, at) => {
    stream?.on('data', (chunk: Buffer) => (texts[at] += chunk.toString()));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const [stdout = '', stderr = '', left = ''] = texts;
  if (code !== 0) throw new Error(`${line} ended with ${code}: ${stdout}${stderr}`);
  return { stdout, env: Object.fromEntries(left.split('\0').map((pair) => pair.split(/=(.*)/s, 2))) };
}

/** Types the line of a remedy. What it exports holds from then on. */
export const typesIt: Follow = async (finding, env) => {
  const { env: after } = await typeLine(lineOf(finding), env);
  const changed = Object.entries(after).filter(
    ([name, value]) => /^(?:VERIFICATION|TEMPORAL)_/.test(name) && env[name] !== value,
  );
  return { env: Object.fromEntries(changed) };
};

/** Starts what goes on until it is stopped or the test ends, and waits until it says that it is there. */
export async function startLine(line: string, env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const child = await inShell(line, env);
  const ended = once(child, 'close');
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  onTestFinished(stop);
  const failed = ended.then(() => Promise.reject(new Error(`${line} has ended: ${said}`)));
  failed.catch(() => undefined);
  if (child.stdout) await Promise.race([once(child.stdout, 'data'), failed]);
  return stop;
}

/** Starts what the line of a remedy starts. */
export const startsIt: Follow = async (finding, env) => {
  await startLine(lineOf(finding), env);
  return {};
};

/** Sets the settings that the words of a remedy name with a value, such as `TEMPORAL_TLS=false`. */
export const setsIt: Follow = ({ remedy }) => {
  const named = [...(remedy?.text ?? '').matchAll(/\b([A-Z_]{5,})=([\w-]+)/g)].map(
    ([, name = '', value]) => [name, value] as const,
  );
  expect(named).toHaveLength(1);
  return { env: Object.fromEntries(named) };
};

/** Corrects settings that the finding names. @param rights their values */
export const corrects =
  (rights: () => Promise<Record<string, string>> | Record<string, string>): Follow =>
  async ({ found, remedy }) => {
    const env = await rights();
    for (const name of Object.keys(env)) expect(`${found} ${remedy?.text}`).toContain(name);
    return { env };
  };
