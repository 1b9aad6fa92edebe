/** Starts the processes of a contestant and speaks with them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { SandboxUser } from '../sandbox/index.js';

/** What a worker or a caller is started with. */
export interface ProcessOptions {
  /** Ours or another revision's product, the barest workflow, or the calls to Cognito without Temporal. */
  readonly kind: 'product' | 'barest' | 'direct';
  readonly address: string;
  readonly taskQueue: string;
  readonly cognitoUrl: string;
  readonly userPoolId: string;
  /** The code that the sandbox sends to everybody. */
  readonly code: string;
  /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. Default: payloads stay in plain text. */
  readonly keys?: string | undefined;
  /** Of the barest workflow; see `bundleBare`. */
  readonly bareBundlePath?: string | undefined;
  /** Where the product sends its traces. Default: it traces nothing. */
  readonly tracesUrl?: string | undefined;
  /** Where the guard of the product keeps its counts: in the store at this address, or else in its memory. Default: no guard. */
  readonly guard?: { readonly store?: string | undefined } | undefined;
  /** The setting of the product's worker, in MB. Default: the product's. */
  readonly workerMemoryMb?: number | undefined;
  /** Default: the product's. */
  readonly maxCachedWorkflows?: number | undefined;
  /** Where the worker serves metrics. Default: it has none. */
  readonly metricsAddress?: string | undefined;
}

/** What a caller is asked for; a worker only tells its usage. */
export interface Task {
  /** A verification for each: start, wait for the delivery, submit the right code. Default: none. */
  readonly users?: readonly SandboxUser[];
  /** Verifications at the same time. Default: 1. */
  readonly inFlight?: number;
  /** The time between two starts. Default: 0, the next starts when one in flight ends. */
  readonly everyMs?: number;
  /** The time between delivery and submit. Default: 0. */
  readonly restMs?: number;
  /** Does not submit yet. */
  readonly leaveOpen?: boolean;
  /** Submits the codes of so many that were left open, the oldest first. Default: 0. */
  readonly submitOpen?: number;
}

/** The times of a task, and the usage of the process until its end. */
export interface Answer {
  /** User and system time of all threads, since the start of the process. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Verifications in the cache of a worker. */
  readonly cached: number;
  /** From each start until the delivery is known. */
  readonly beginMs: readonly number[];
  /** From each submit to its verdict. */
  readonly submitMs: readonly number[];
  readonly wallMs: number;
  readonly workflowIds: readonly string[];
  /** Why verifications did not end as verified. */
  readonly failures: readonly string[];
}

/** A process of a contestant. One task at a time. */
export interface BenchProcess {
  /** @throws Error when the process ends, or more than one in twenty verifications fail: the others' times would mislead */
  ask(task?: Task): Promise<Answer>;
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 10_000;

/** Starts a program and waits until it is ready. It ends with this process, however that ends. */
export async function startProcess(program: string, options: ProcessOptions): Promise<BenchProcess> {
  const child = fork(program, [JSON.stringify(options)]);
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => Promise.reject(new Error(`${program} ended by itself (${code})`)));
  died.catch(() => undefined);
  const answer = async (): Promise<Answer> => {
    const [message] = await Promise.race([once(child, 'message'), died]);
    if (message.error !== undefined) throw new Error(message.error);
    return message;
  };
  await answer();
  return {
    ask: async (task = {}) => {
      const answered = answer();
      child.send(task);
      const got = await answered;
      if (got.failures.length * 20 > (task.users?.length ?? 0)) throw new Error(got.failures[0]);
      return got;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}
