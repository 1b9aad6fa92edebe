import { setTimeout as sleep } from 'node:timers/promises';
import type { VerificationClient, VerificationClientOptions } from '@cognito-verification/client';
import type { TemporalConfig } from '../temporal/config.js';
import { watchInterruption } from './interruption.js';
import { asCalled, tell } from './print.js';

/**
 * Runs one call of a command with a connected client. Ctrl-C ends the command at once; what the call asked for goes on.
 * @throws InterruptedError, and everything that the call, the connection or the configuration throws.
 */
export async function withClient<T>(
  call: (client: VerificationClient, config: TemporalConfig) => Promise<T>,
  { goesOn = 'What was asked for may go on.', workerAnswers, ...options }: WithClientOptions = {},
): Promise<T> {
  const interruption = watchInterruption(`Interrupted. ${goesOn}`);
  const answered = new AbortController();
  try {
    // Loaded only now: Temporal's client takes longer to load than the command's help or a refusal of its options takes.
    const [{ VerificationClient }, codec, { loadConfig }, { connectClient }] = await Promise.all([
      import('@cognito-verification/client'),
      import('@cognito-verification/codec'),
      import('../temporal/config.js'),
      import('../temporal/connect-client.js'),
    ]);
    const { config, keys, userPools } = codec.readSettings({
      config: () => loadConfig(),
      keys: () => codec.keyRingFromSettings(),
      userPools: () => codec.userPoolsFromSettings(),
    });
    const dataConverter = codec.clientDataConverter(keys);
    const onAway = once(() => {
      // Nothing is known of the worker then.
      answered.abort();
      tell(asCalled(`Still trying: the Temporal Service at ${config.address} does not answer any more. ${goesOn}`));
    });
    const { client, close } = await Promise.race([
      connectClient(config, { dataConverter, onAway }),
      interruption.promise,
    ]);
    try {
      const verifications = new VerificationClient({ client, userPools, taskQueue: config.taskQueue, ...options });
      if (workerAnswers !== undefined) void reportSilence(config, workerAnswers, answered.signal);
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
  /** What goes on without the command, if it is interrupted or the Temporal Service goes away. Default: that the request may. */
  goesOn?: string | undefined;
  /** For a call that only a worker can answer: what a person can do while no worker answers. Default: nothing is said. */
  workerAnswers?: string | undefined;
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** With a worker the answer takes milliseconds, or as long as Cognito takes. */
const SILENCE_MS = 5_000;

async function reportSilence(config: TemporalConfig, whatNow: string, answered: AbortSignal): Promise<void> {
  const silent = await sleep(SILENCE_MS, true, { signal: answered, ref: false }).catch(() => false);
  if (silent) tell(`Still waiting: no answer yet from ${workerOf(config)}. ${whatNow}`);
}

/** The worker of these settings, in the words by which a person finds it. */
export function workerOf({ taskQueue, namespace }: Pick<TemporalConfig, 'taskQueue' | 'namespace'>): string {
  return `a worker on task queue ${taskQueue} in namespace ${namespace}`;
}

/** The `workerAnswers` of a call that changes something. */
export const MAY_STILL_BE_DONE = 'Ctrl-C stops waiting; what was asked for may still be done once one runs.';
