import { NativeConnection } from '@temporalio/worker';
import type { TemporalConfig } from './config.js';
import { connectClient } from './connect-client.js';
import { TemporalConnectError } from './connect-error.js';

/**
 * Connects a worker.
 * @throws TemporalConnectError when there is no answer within seconds.
 */
export async function connectWorker(config: TemporalConfig): Promise<NativeConnection> {
  // The native connection has no time limit of its own to set, so a plain one finds out first.
  const probe = await connectClient(config);
  await probe.close();
  try {
    return await NativeConnection.connect({ address: config.address, ...config.security });
  } catch (cause) {
    throw new TemporalConnectError(config, cause);
  }
}
