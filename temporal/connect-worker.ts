import { NativeConnection } from '@temporalio/worker';
import type { TemporalConfig } from './config.js';
import { connectClient } from './connect-client.js';
import { TemporalConnectError } from './connect-error.js';

/**
 * Connects a worker.
 * @throws TemporalConnectError if there is no answer within five seconds
 */
export async function connectWorker(config: TemporalConfig): Promise<NativeConnection> {
  // The native connection has no option for a time limit, so a client's connection tries first.
  const probe = await connectClient(config);
  await probe.close();
  try {
    return await NativeConnection.connect({ address: config.address, ...config.security });
  } catch (cause) {
    throw new TemporalConnectError(config, cause);
  }
}
