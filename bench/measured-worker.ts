/** Starts worker-process.ts and asks it for its CPU time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isRecord } from '@cognito-verification/contract';
import type { WorkerProcessOptions } from './worker-process.js';

/** A worker in another process. */
export interface MeasuredWorker {
  /** The user and system time of all threads so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 15_000;

/** Starts a worker process and waits until the worker runs. */
export async function startMeasuredWorker(options: WorkerProcessOptions): Promise<MeasuredWorker> {
  const child = fork(fileURLToPath(new URL('./worker-process.js', import.meta.url)), [JSON.stringify(options)], {
    // Otherwise the AWS SDK prints a warning about versions of Node in the middle of the tables.
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  });
  const exited = once(child, 'exit');
  const answer = async (): Promise<unknown> => {
    const died = exited.then(([code]) => Promise.reject(new Error(`a worker process ended by itself (${code})`)));
    const [message] = await Promise.race([once(child, 'message'), died]);
    return message;
  };
  await answer();
  return {
    cpuMs: async () => {
      const answered = answer();
      child.send('cpu');
      const { user, system } = cpuUsageOf(await answered);
      return (user + system) / 1_000;
    },
    stop: async () => {
      child.disconnect();
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

function cpuUsageOf(message: unknown): NodeJS.CpuUsage {
  if (isRecord(message) && 'user' in message && 'system' in message) {
    return { user: Number(message['user']), system: Number(message['system']) };
  }
  throw new Error('a worker process did not answer with its CPU time');
}
