/** One process of a server, of Temporal or PostgreSQL: its start, its output and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from './child-environment.js';
import { guardChild } from './child-guard.js';

/** A server needs about a second to stop, more on a busy machine. The databases survive the kill that follows. */
const GRACE_MS = 10_000;
const TAIL_CHARACTERS = 4_000;

/** A server process, ready or not. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process ends for any reason. */
  readonly exited: Promise<void>;
  hasExited(): boolean;
  /** The end of its standard error. */
  errorTail(): string;
  /** The explanation for a server that did not get ready: how it ended, and its last lines. */
  lastWords(): string;
  /** Whether this text is in what it has printed first. The development server prints its address once it listens there. */
  announced(text?: string): boolean;
  /** Asks it to stop, and kills it when it does not stop in time. */
  stop(): Promise<void>;
}

/** Options of `spawnServer`. */
export interface ServerProcessOptions {
  /** The folder that it runs in. Default: ours. */
  folder?: string | undefined;
  /** Its standard error is appended to this file. Default: none. */
  logFile?: string | undefined;
  /** The user that it runs as; only root may choose. Default: ours. */
  user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Added to the environment of a program that talks to this machine only. Default: nothing. */
  env?: NodeJS.ProcessEnv | undefined;
  /** What asks it to stop. Default: `SIGTERM`. */
  stopSignal?: NodeJS.Signals | undefined;
}

/** Starts the server. @throws Error only when the program cannot be executed */
export async function spawnServer(
  cli: string,
  args: readonly string[],
  { folder, logFile, user, env, stopSignal = 'SIGTERM' }: ServerProcessOptions = {},
): Promise<ServerProcess> {
  // Detached, because Ctrl-C goes to the terminal's whole group and the server must outlive the worker.
  const child = spawn(cli, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    env: { ...childEnvironment(), ...env },
    cwd: folder,
    ...user,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${cli} cannot be executed: ${error.message}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${cli} has no pid`);
  const release = guardChild(pid);
  let exited = false;
  let how = 'it still runs';
  const exit = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      exited = true;
      how = `${cli} ended ${signal ? `by ${signal}` : `with exit code ${code}`}`;
      release();
      resolve();
    });
  });

  let banner = '';
  child.stdout.on('data', (chunk: Buffer) => (banner = (banner + chunk.toString()).slice(0, TAIL_CHARACTERS)));
  let tail = '';
  child.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-TAIL_CHARACTERS)));
  if (logFile !== undefined) {
    mkdirSync(dirname(logFile), { recursive: true });
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }).on('error', () => undefined));
  }

  return {
    pid,
    exited: exit,
    hasExited: () => exited,
    errorTail: () => tail.trim(),
    lastWords: () => `${how}${tail.trim() === '' ? ' and wrote nothing to standard error' : `:\n${tail.trim()}`}`,
    announced: (text = 'Temporal Server:') => banner.includes(text),
    stop: async () => {
      if (!exited) await stopWithin(child, exit, stopSignal);
    },
  };
}

async function stopWithin(child: ChildProcess, exited: Promise<void>, stopSignal: NodeJS.Signals): Promise<void> {
  child.kill(stopSignal);
  const abort = new AbortController();
  const late = sleep(GRACE_MS, 'late', { signal: abort.signal }).catch(() => 'aborted');
  if ((await Promise.race([exited, late])) === 'late') {
    child.kill('SIGKILL');
    await exited;
  }
  abort.abort();
}
