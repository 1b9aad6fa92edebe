/** A local stack as a child process: started as a user starts it, and never left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { isSameProcessAlive, type ProcessIdentity } from '../../dev/process-identity.js';
import type { StackInfo } from '../../dev/stack-folder.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/program/main.cjs');
const FREE_PORTS = ['--port', '0', '--ui-port', '0', '--sandbox-port', '0', '--codec-port', '0'];
/** For a busy machine with two cores; an idle one takes three seconds. */
const READY_LIMIT_MS = 60_000;
const END_LIMIT_MS = 45_000;

/** A child process that runs `up`. */
export interface StackProcess {
  readonly child: ChildProcess;
  /** What it has written to standard error so far. */
  stderr(): string;
  /** The document that it prints once it is up. */
  ready(): Promise<StackInfo & { alreadyRunning?: boolean }>;
  /** Resolves once standard error contains the text. */
  said(text: string): Promise<void>;
  /** Its exit code, once it has ended. */
  ended(): Promise<number | null>;
}

const started = new Set<ChildProcess>();

/** Starts `up --json` with the given settings only, and none from this shell. */
export function startUp(
  stateDir: string,
  args: readonly string[] = FREE_PORTS,
  env: NodeJS.ProcessEnv = {},
): StackProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TEMPORAL_(?!CLI_PATH)|AWS_|VERIFICATION_|COGNITO_)/.test(name),
  );
  const child = spawn(process.execPath, [PROGRAM, 'up', '--json', '--state-dir', stateDir, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  let code: number | null | undefined;
  child.once('close', (exitCode) => (code = exitCode));

  const until = async <T>(what: string, limitMs: number, look: () => T | undefined): Promise<T> => {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline || (code !== undefined && what !== 'end'))
        throw new Error(`no ${what}; exit code ${code}\n${stdout}\n${stderr}`);
      await sleep(25);
    }
  };
  return {
    child,
    stderr: () => stderr,
    ready: async () =>
      JSON.parse(await until('document', READY_LIMIT_MS, () => (stdout.includes('\n') ? stdout : undefined))),
    said: async (text) => {
      await until(`"${text}"`, READY_LIMIT_MS, () => (stderr.includes(text) ? true : undefined));
    },
    ended: async () => (await until('end', END_LIMIT_MS, () => (code === undefined ? undefined : { code }))).code,
  };
}

/** The Temporal server that a stack in this folder started most recently. */
export async function serverOf(stateDir: string): Promise<ProcessIdentity> {
  return JSON.parse(await readFile(join(stateDir, 'temporal-server'), 'utf8'));
}

/** Resolves once exactly that process is gone. */
export async function untilGone(identity: ProcessIdentity, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (await isSameProcessAlive(identity)) {
    if (Date.now() > deadline) throw new Error(`process ${identity.pid} is still there after ${limitMs} ms`);
    await sleep(50);
  }
}

/** An empty state folder for one test. After it the folder goes, and with it what a failed test would leave behind. */
export async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'local-stack-'));
  onTestFinished(async () => {
    // The guard of the server stops the server.
    for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    started.clear();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return folder;
}
