import type { VerificationClient, VerificationClientOptions } from '@cognito-verification/client';
import { InterruptedError } from './usage-error.js';

/**
 * Runs one call of a command with a connected client. Ctrl-C leaves at once: what the call asked for goes on.
 * @throws whatever the call, the connection or the configuration throws; InterruptedError.
 */
export async function withClient<T>(
  call: (client: VerificationClient) => Promise<T>,
  { onInterrupt = 'Interrupted. What was asked for may go on.', ...options }: WithClientOptions = {},
): Promise<T> {
  const interruption = interrupted(onInterrupt);
  try {
    // Only now: loading Temporal's client takes longer than all of a command's help or a refusal of its options.
    const { loadConfig } = await import('../temporal/config.js');
    const config = loadConfig();
    const [{ VerificationClient }, { connectClient }] = await Promise.all([
      import('@cognito-verification/client'),
      import('../temporal/connect-client.js'),
    ]);
    const { client, close } = await Promise.race([connectClient(config), interruption.promise]);
    try {
      const verifications = new VerificationClient({ client, taskQueue: config.taskQueue, ...options });
      return await Promise.race([call(verifications), interruption.promise]);
    } finally {
      await close();
    }
  } finally {
    interruption.dispose();
  }
}

export interface WithClientOptions extends Pick<VerificationClientOptions, 'waitForDelivery' | 'waitForAnswer'> {
  /** What the person who interrupted needs to know. */
  onInterrupt?: string;
}

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
