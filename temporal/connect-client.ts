import { clientOf, type SettingsClient, unreachable } from '@cognito-verification/client/connection';
import type { ClientOptions } from '@temporalio/client';
import type { TemporalConfig } from './config.js';

/** How long a connection may take before it counts as unreachable. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects a client for the work of this project's own commands. Does not load the native worker.
 * @throws TemporalUnavailableError if there is no answer within five seconds, after up to two more in which it finds out why
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
    throw unreachable(config, await whyNot(config, cause));
  }
}

/** The error of a connection whose time has passed does not say why. That of a call which is not repeated for long does. */
async function whyNot(config: TemporalConfig, cause: unknown): Promise<unknown> {
  const { connection, settled, close } = clientOf(config);
  try {
    await settled();
    await connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () => connection.workflowService.getSystemInfo({}));
    return cause;
  } catch (error) {
    return error;
  } finally {
    await close();
  }
}
