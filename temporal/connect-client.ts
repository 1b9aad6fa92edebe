import { Client, type ClientOptions, Connection } from '@temporalio/client';
import type { TemporalConfig } from './config.js';
import { CONNECT_TIMEOUT_MS, TemporalConnectError } from './connect-error.js';
import { retriesUntil } from './grpc-retries.js';

/** What a worker takes, so that nothing that a worker can read is too large for a command. grpc-js alone takes 4 MB. */
const MOST_RECEIVED = { 'grpc.max_receive_message_length': 128 * 1024 * 1024 };

/** A client and the connection under it. */
export interface ClientConnection {
  client: Client;
  connection: Connection;
  /** Closes the connection. The client cannot be used afterwards, and no call under way is repeated. */
  close: () => Promise<void>;
}

/**
 * Connects a client. Does not load the native worker, which a caller's commands do not need.
 * @throws TemporalConnectError if there is no answer within five seconds
 */
export async function connectClient(
  config: TemporalConfig,
  options: Pick<ClientOptions, 'dataConverter' | 'interceptors'> = {},
): Promise<ClientConnection> {
  const { address, namespace, security } = config;
  let closed = false;
  let connection: Connection;
  try {
    connection = await Connection.connect({
      address,
      ...security,
      connectTimeout: CONNECT_TIMEOUT_MS,
      channelArgs: MOST_RECEIVED,
      interceptors: [retriesUntil(() => closed)],
    });
  } catch (cause) {
    throw new TemporalConnectError(config, cause);
  }
  const close = async () => {
    closed = true;
    await connection.close();
  };
  return { client: new Client({ ...options, connection, namespace }), connection, close };
}
