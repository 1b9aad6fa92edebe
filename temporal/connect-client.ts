import { Client, type ClientOptions, Connection } from '@temporalio/client';
import type { TemporalConfig } from './config.js';
import { CONNECT_TIMEOUT_MS, TemporalConnectError } from './connect-error.js';

/** A client and the connection under it. */
export interface ClientConnection {
  client: Client;
  connection: Connection;
  /** Ends the connection; the client is of no use afterwards. */
  close: () => Promise<void>;
}

/**
 * Connects a client. Does not load the native worker, which the commands of a caller can do without.
 * @throws TemporalConnectError when there is no answer within five seconds.
 */
export async function connectClient(
  config: TemporalConfig,
  options: Pick<ClientOptions, 'dataConverter' | 'interceptors'> = {},
): Promise<ClientConnection> {
  const { address, namespace, security } = config;
  let connection: Connection;
  try {
    connection = await Connection.connect({ address, ...security, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (cause) {
    throw new TemporalConnectError(config, cause);
  }
  return { client: new Client({ ...options, connection, namespace }), connection, close: () => connection.close() };
}
