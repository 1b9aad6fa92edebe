/** How a process connects to Temporal by its settings, for `VerificationClient` and for this project's own commands. */
import type { TemporalSettings } from '@cognito-verification/codec';
import { Client, type ClientOptions, Connection, type ConnectionOptions } from '@temporalio/client';
import { TemporalUnavailableError } from './errors.js';
import { retriesOn } from './grpc-retries.js';
import { isOfForeign } from './service-errors.js';
import { unreachable } from './unreachable.js';

export { splitUnreachable, unreachable } from './unreachable.js';

/** Long enough for the restart of a proxy, short enough for somebody who waits. */
const REPEATS_FOR_MS = 1_500;
/** A host that answers nothing at all refuses no connection either. */
const CONNECTS_WITHIN_MS = 2_000;

const CHANNEL = {
  // What a worker takes, so that nothing that a worker can read is too large for a command. grpc-js alone takes 4 MB.
  'grpc.max_receive_message_length': 128 * 1024 * 1024,
  // By default grpc-js waits up to two minutes before it tries to connect again, and half a minute before it asks DNS again.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.dns_min_time_between_resolutions_ms': 2_000,
} as const;

/** `grpc.connectivityState` of grpc-js, which is no dependency of this package. */
const READY = 2;
const TRANSIENT_FAILURE = 3;

/** A connection that tells how it is. */
class WatchedConnection extends Connection {
  isConnected(): boolean {
    const state: number = this.state();
    return state === READY;
  }

  /** Connects where it is not, and waits until that has succeeded or failed. False if neither happens in time. */
  async settles(withinMs: number): Promise<boolean> {
    const untilMs = Date.now() + withinMs;
    for (;;) {
      const state = this.state();
      if ([READY, TRANSIENT_FAILURE].includes(state)) return true;
      const changed = await new Promise<boolean>((resolve) => {
        this.client.getChannel().watchConnectivityState(state, untilMs, (error) => resolve(!error));
      });
      if (!changed) return false;
    }
  }

  private state() {
    return this.client.getChannel().getConnectivityState(true);
  }
}

/** A client by settings, and what it can say about the connection under it. */
export interface SettingsClient {
  readonly client: Client;
  readonly connection: Connection;
  /**
   * Waits until the connection is there or has failed; a call then says why.
   * @throws TemporalUnavailableError if nothing answers within two seconds, and once it is closed
   */
  readonly settled: () => Promise<void>;
  /** The error for a call that ended without a connection to Temporal; undefined if there is one. */
  readonly whyAway: (cause: unknown) => TemporalUnavailableError | undefined;
  /** The error for a call during which it was closed; undefined if it is open. */
  readonly whyClosed: (cause?: unknown) => TemporalUnavailableError | undefined;
  /** Closes the connection. The client cannot be used afterwards, and no call under way is repeated. */
  readonly close: () => Promise<void>;
}

/** Options of `clientOf`. */
interface ClientOfOptions extends Pick<ClientOptions, 'dataConverter' | 'interceptors'> {
  /** Repeats a call as long as Temporal's client does while nobody is there, for half a minute. Default: for 1.5 seconds. */
  readonly patient?: true | undefined;
  /** How long `ensureConnected` of the connection may take. Default: that of Temporal's client, 10 seconds. */
  readonly connectTimeoutMs?: number | undefined;
}

const MADE_HERE = new WeakMap<Client, SettingsClient>();

/** What is known of the connection under a client that `clientOf` has made. */
export function settingsClientOf(client: Client): SettingsClient | undefined {
  return MADE_HERE.get(client);
}

/** A client that connects when it is first used. */
export function clientOf(settings: TemporalSettings, options: ClientOfOptions = {}): SettingsClient {
  const { address, namespace, security } = settings;
  const { patient, connectTimeoutMs, ...clientOptions } = options;
  let closed = false;
  let silentSinceMs: number | undefined;
  const retries = retriesOn({
    isClosed: () => closed,
    isConnected: () => connection.isConnected(),
    repeatsForMs: patient ? undefined : REPEATS_FOR_MS,
  });
  const connectionOptions: ConnectionOptions = {
    address,
    ...security,
    channelArgs: CHANNEL,
    interceptors: [retries],
    ...(connectTimeoutMs === undefined ? {} : { connectTimeout: connectTimeoutMs }),
  };
  // The SDK makes it of the class that it is asked, and says that it is the base class.
  const connection = WatchedConnection.lazy(connectionOptions) as WatchedConnection;
  const client = new Client({ ...clientOptions, connection, namespace });
  const made: SettingsClient = {
    client,
    connection,
    settled: async () => {
      const why = made.whyClosed();
      if (why) throw why;
      const isKnown = silentSinceMs !== undefined && Date.now() - silentSinceMs < CONNECTS_WITHIN_MS;
      if (await connection.settles(isKnown ? 0 : CONNECTS_WITHIN_MS)) return;
      silentSinceMs = Date.now();
      throw unreachable(settings, new Error(`no answer within ${CONNECTS_WITHIN_MS / 1000} seconds`));
    },
    whyAway: (cause) =>
      closed || (connection.isConnected() && !isOfForeign(cause)) ? undefined : unreachable(settings, cause),
    whyClosed: (cause) =>
      closed ? new TemporalUnavailableError('This client was closed. Make another one.', { cause }) : undefined,
    close: async () => {
      closed = true;
      await connection.close();
    },
  };
  MADE_HERE.set(client, made);
  return made;
}
