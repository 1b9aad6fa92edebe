import { clientOf, type SettingsClient, unreachable } from '@cognito-verification/client/connection';
import type { ClientOptions } from '@temporalio/client';
import type { TemporalConfig } from './config.js';

/** How long a connection may take before it counts as unreachable. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects a client for the work of this project's own commands. Does not load the native worker.
 * @throws TemporalUnavailableError if there is no answer within five seconds
 */
export async function connectClient(
  config: TemporalConfig,
  options: Pick<ClientOptions, 'dataConverter' | 'interceptors'> = {},
): Promise<SettingsClient> {
  const connected = clientOf(config, { ...options, patient: true, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    await connected.connection.ensureConnected();
    return connected;
  } catch (cause) {
    await connected.close();
    throw unreachable(config, cause);
  }
}
