import type { Duration, ServedUserPool, VerificationStatus } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import type { OpenTelemetryApi } from './tracing.js';

/** What a `VerificationClient` needs; only `client` and `userPools` are required. */
export interface VerificationClientOptions {
  /**
   * A connected client of `@temporalio/client`. Its data converter must seal payloads, because they carry tokens and codes:
   * `clientDataConverter` of `@cognito-verification/client/codec`, or a codec that reads and writes the same envelope.
   */
  client: Client;
  /**
   * The user pools to serve: `userPoolsFromSettings()` of `@cognito-verification/client/codec`, or a list. Every call for another
   * pool is refused. An access token must be of one of them, of a named app client where the pool names some, signed by the
   * pool, and not expired. Read anew for each call, so a list or set may change while the client runs.
   */
  userPools: Iterable<ServedUserPool>;
  /** Something else, such as a proxy, seals the payloads before they reach Temporal, so `client` needs no codec. Default: not set. */
  sealedElsewhere?: true | undefined;
  /** The task queue of the workers. Default `attribute-verification`. */
  taskQueue?: string | undefined;
  /**
   * How long a call may take in all, `wait` excepted. Default 25 seconds, which is less than the 29 that API Gateway waits. Where
   * Cognito's answer to a code is lost a worker needs longer, up to four calls of 20 seconds each: repeat the call.
   */
  timeout?: Duration | undefined;
  /**
   * Checks no signatures: an access token only has to be of a pool and an app client that are served. Cognito's own check
   * still decides, but anybody can then open and join verifications with tokens of their own making. It is for tests of what
   * forged and expired tokens can do, and for emulators of Cognito that publish no keys. Default: not set.
   */
  uncheckedTokens?: true | undefined;
  /**
   * The time in milliseconds since the epoch, for the stamp of each message. It is for tests with a Temporal server whose time
   * is another one. Default: the clock of the process.
   */
  now?: (() => number) | undefined;
}

/** The last argument of every method. */
export interface CallOptions {
  /** How long this call may take in all; of `list`, each page of it. Default: the `timeout` of the client. */
  timeout?: Duration | undefined;
  /** Ends the call with a `CallAbortedError`. What it asked for may be done all the same. */
  signal?: AbortSignal | undefined;
}

/** What `VerificationClient.fromSettings` takes; all of it is optional. */
export interface FromSettingsOptions extends Pick<VerificationClientOptions, 'timeout' | 'uncheckedTokens'> {
  /** The settings. Default: the environment of the process. */
  environment?: NodeJS.ProcessEnv | undefined;
  /**
   * Receives a sentence when keys cannot be renewed and the previous ones stay in use, for your log. Default: nothing is said.
   */
  onKeyProblem?: ((problem: string) => void) | undefined;
  /**
   * The module `@opentelemetry/api` of your process: each call is a span under your active one, and the worker goes on with your
   * trace where it traces. See `tracingInterceptor`. Default: no spans, and nothing is handed on.
   */
  openTelemetry?: OpenTelemetryApi | undefined;
}

/**
 * A verification: its workflow id and the run that `start` returned, or what `start` returned as a whole. With the workflow id
 * alone a call is about the newest verification of that user and attribute.
 */
export type VerificationRef = string | { readonly workflowId: string; readonly run?: string | undefined };

/** What `start` returns. */
export interface StartedVerification {
  /** For the other methods. Made of the user pool, the user and the attribute. */
  workflowId: string;
  /**
   * This verification, apart from earlier and later ones with the same workflow id. Opaque. Keep it, and hand it to the other
   * methods beside the workflow id: they then say nothing of another one.
   */
  run: string;
  /** As of the first send, or `sending` where that takes longer than the call may. */
  status: VerificationStatus;
}
