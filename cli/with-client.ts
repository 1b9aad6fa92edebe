import { setTimeout as sleep } from 'node:timers/promises';
import type { FromSettingsOptions, VerificationClient } from '@cognito-verification/client';
import { watchInterruption } from './interruption.js';
import { tell } from './print.js';

/**
 * Runs one call of a command with a client by the settings. Ctrl-C ends the command at once; what the call asked for goes on.
 * @throws InterruptedError, and everything that the call or the configuration throws.
 */
export async function withClient<T>(
  call: (client: VerificationClient) => Promise<T>,
  { goesOn = 'What was asked for may go on.', workerAnswers, ...options }: WithClientOptions = {},
): Promise<T> {
  const interruption = watchInterruption(`Interrupted. ${goesOn}`);
  const answered = new AbortController();
  try {
    // Loaded only now: Temporal's client takes longer to load than the command's help or a refusal of its options takes.
    const { VerificationClient: Verifications } = await import('@cognito-verification/client');
    const client = Verifications.fromSettings({ timeout: PATIENCE, ...options });
    try {
      if (workerAnswers !== undefined) void reportSilence(client, workerAnswers, answered.signal);
      return await Promise.race([call(client), interruption.promise]);
    } finally {
      await client.close();
    }
  } finally {
    answered.abort();
    interruption.dispose();
  }
}

export interface WithClientOptions extends Pick<FromSettingsOptions, 'timeout'> {
  /** What goes on without the command, if it is interrupted. Default: that the request may. */
  goesOn?: string | undefined;
  /** For a call that only a worker can answer: what a person can do while no worker answers. Default: nothing is said. */
  workerAnswers?: string | undefined;
}

/** A person waits longer than a request of a browser: for as long as Cognito may hold four calls. */
const PATIENCE = '3 minutes';

/** For the help of a command that only a worker can answer. */
export const WAITS_AT_MOST = `It waits for the answer, ${PATIENCE} at most. What was asked for may still be done after that.`;

/** With a worker the answer takes milliseconds, or as long as Cognito takes. */
const SILENCE_MS = 5_000;

async function reportSilence(client: VerificationClient, whatNow: string, answered: AbortSignal): Promise<void> {
  const silent = await sleep(SILENCE_MS, true, { signal: answered, ref: false }).catch(() => false);
  if (silent) tell(`Still waiting: no answer yet from ${workerOf(client)}. ${whatNow}`);
}

/** The worker of this client, in the words by which a person finds it. */
export function workerOf({ taskQueue, namespace }: Pick<VerificationClient, 'taskQueue' | 'namespace'>): string {
  return `a worker on task queue ${taskQueue} in namespace ${namespace}`;
}

/** Why a call that needs Cognito has no answer yet. */
export const NONE_OR_BUSY =
  'Either none runs, or one waits for Cognito or for the access token source, and its log says why; or calls are paused or limited: cognito-verification limits.';

/** The `workerAnswers` of a call that changes something. */
export const MAY_STILL_BE_DONE = `${NONE_OR_BUSY} Ctrl-C stops waiting; what was asked for may still be done.`;
