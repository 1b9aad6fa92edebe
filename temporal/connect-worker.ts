import { setTimeout as sleep } from 'node:timers/promises';
import { TemporalUnavailableError } from '@cognito-verification/client';
import { unreachable } from '@cognito-verification/client/connection';
import { NativeConnection } from '@temporalio/worker';
import type { TemporalConfig } from './config.js';
import { connectClient } from './connect-client.js';

/** Enough for most services that are there. A slower one is asked by the client too, which costs some time and nothing else. */
const SOON_MS = 500;

/**
 * Connects a worker.
 * @throws TemporalUnavailableError if there is no answer within some seven seconds
 */
export async function connectWorker(config: TemporalConfig): Promise<NativeConnection> {
  const native = NativeConnection.connect({ address: config.address, ...config.security });
  const soon = await Promise.race([native, sleep(SOON_MS, undefined, { ref: false })]).catch(() => undefined);
  if (soon) return soon;
  try {
    // The native connection has no option for a time limit, and its errors say less: a client's connection finds out why.
    const client = await connectClient(config);
    await client.close();
    return await native;
  } catch (cause) {
    // It may still come up.
    native.then(async (late) => await late.close()).catch(() => undefined);
    throw cause instanceof TemporalUnavailableError ? cause : unreachable(config, cause);
  }
}
