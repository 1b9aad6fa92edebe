import { setTimeout as sleep } from 'node:timers/promises';
import type { VerificationClient, VerificationClientOptions } from '@cognito-verification/client';
import type { TemporalConfig } from '../temporal/config.js';
import { InterruptedError } from './usage-error.js';

/**
 * Runs one call of a command with a connected client. Ctrl-C leaves at once: what the call asked for goes on.
 * @throws whatever the call, the connection or the configuration throws; InterruptedError.
 */
export async function withClient<T>(
  call: (client: VerificationClient, config: TemporalConfig) => Promise<T>,
  { onInterrupt = 'Interrupted. What was asked for may go on.', workerAnswers, ...options }: WithClientOptions = {},
): Promise<T> {
  const interruption = interrupted(onInterrupt);
  const answered = new AbortController();
  try {
    // Only now: loading Temporal's client takes longer than all of a command's help or a refusal of its options.
    const { loadConfig } = await import('../temporal/config.js');
    const config = loadConfig();
    const [{ VerificationClient }, { clientDataConverter, keyRingFromSettings }, { connectClient }] = await Promise.all(
      [
        import('@cognito-verification/client'),
        import('@cognito-verification/codec'),
        import('../temporal/connect-client.js'),
      ],
    );
    const dataConverter = clientDataConverter(keyRingFromSettings());
    const { client, close } = await Promise.race([connectClient(config, { dataConverter }), interruption.promise]);
    try {
      const verifications = new VerificationClient({ client, taskQueue: config.taskQueue, ...options });
      if (workerAnswers !== undefined) void tellOfSilence(config, workerAnswers, answered.signal);
      return await Promise.race([call(verifications, config), interruption.promise]);
    } finally {
      await close();
    }
  } finally {
    answered.abort();
    interruption.dispose();
  }
}

export interface WithClientOptions extends Pick<VerificationClientOptions, 'waitForDelivery' | 'waitForAnswer'> {
  /** What the person who interrupted needs to know. */
  onInterrupt?: string;
  /** Only a worker can answer the call: what to tell whoever waits for one, after the news that none has answered. */
  workerAnswers?: string;
}

/** With a worker the answer takes milliseconds, or as long as Cognito does. */
const SILENCE_MS = 5_000;

async function tellOfSilence(config: TemporalConfig, whatNow: string, answered: AbortSignal): Promise<void> {
  const silent = await sleep(SILENCE_MS, true, { signal: answered, ref: false }).catch(() => false);
  if (silent) process.stderr.write(`Still waiting: no answer yet from ${workerOf(config)}. ${whatNow}\n`);
}

/** Which worker is meant, as a person would look for it. */
export function workerOf({ taskQueue, namespace }: Pick<TemporalConfig, 'taskQueue' | 'namespace'>): string {
  return `a worker on task queue ${taskQueue} in namespace ${namespace}`;
}

/** For `workerAnswers` of a call that changes something. */
export const MAY_STILL_BE_DONE = 'Ctrl-C stops waiting; what was asked for may still be done once one runs.';

function interrupted(message: string): { promise: Promise<never>; dispose: () => void } {
  const interruption = new AbortController();
  const onSignal = () => interruption.abort();
  process.once('SIGINT', onSignal);
  const promise = new Promise<never>((_resolve, reject) => {
    interruption.signal.addEventListener('abort', () => reject(new InterruptedError(message)));
  });
  // Rejected while nobody races it, as between two calls, it must not end the process by itself.
  promise.catch(() => undefined);
  return { promise, dispose: () => process.off('SIGINT', onSignal) };
}
