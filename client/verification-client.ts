import {
  clientDataConverter,
  keyRingFromSettings,
  readSettings,
  temporalFromSettings,
  userPoolsFromSettings,
} from '@cognito-verification/codec';
import {
  type CodeConfirmedInput,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  TASK_QUEUE,
  type VerificationOutcome,
  type VerificationStatus,
} from '@cognito-verification/contract';
import type {
  CallOptions,
  FromSettingsOptions,
  StartedVerification,
  VerificationClientOptions,
  VerificationRef,
} from './client-options.js';
import { clientOf } from './connection.js';
import { TemporalUnavailableError } from './errors.js';
import { checkClient, durationMs, limitsOf } from './input.js';
import { type ListFilter, listVerifications, type VerificationListing } from './listing.js';
import { ServiceCalls } from './service-calls.js';
import { TokenCheck } from './token-check.js';
import { tracingInterceptor } from './tracing.js';
import {
  type SignedInUser,
  type UserVerifications,
  type Verifications,
  VerificationsOfUser,
} from './user-verifications.js';
import { VerificationCalls } from './verification-calls.js';
import type { StartInput, WithAttemptId, WithRequestId } from './verifications.js';
import { waitForOutcome } from './waiting.js';
import { Watches } from './watching.js';

/**
 * Verifies the attributes of Cognito users. Every method throws a `VerificationError`, and no other error for anything
 * that Temporal, the worker or Cognito may answer: an `UnexpectedAnswerError` for what is no answer to the call.
 *
 * Hand what `start` returns, or its `workflowId` and `run`, to the other methods. With the workflow id alone they are about the
 * newest verification of that user and attribute.
 * @example
 * ```ts
 * import { VerificationClient } from '@cognito-verification/client';
 * import { clientDataConverter, keyRingFromSettings, userPoolsFromSettings } from '@cognito-verification/client/codec';
 * import { Client, Connection } from '@temporalio/client';
 *
 * const connection = await Connection.connect({ address: 'localhost:7233' });
 * const client = new Client({ connection, dataConverter: clientDataConverter(keyRingFromSettings()) });
 * const verifications = new VerificationClient({ client, userPools: userPoolsFromSettings() });
 * ```
 */
export class VerificationClient implements Verifications {
  /** Where verifications are started. */
  readonly namespace: string;
  /** The task queue of the workers that verifications are started for. */
  readonly taskQueue: string;
  private readonly calls: ServiceCalls;
  private readonly verifications: VerificationCalls;
  private readonly tokens: TokenCheck;
  private readonly watches: Watches;
  private readonly timeoutMs: number;
  private readonly closing = new AbortController();

  /**
   * With a `Client` of your own. `fromSettings` makes one.
   * @throws InvalidRequestError for an invalid duration, without user pools, for a client that would send tokens in plain text,
   *   and for a client of another copy of `@temporalio/client`.
   */
  constructor(options: VerificationClientOptions) {
    checkClient(options);
    this.taskQueue = options.taskQueue ?? TASK_QUEUE;
    this.namespace = options.client.options.namespace;
    this.calls = new ServiceCalls(options.client, this.taskQueue, options.now ?? Date.now);
    this.tokens = new TokenCheck(options);
    this.verifications = new VerificationCalls(this.calls, this.tokens);
    this.watches = new Watches(this.calls);
    this.timeoutMs = durationMs('timeout', options.timeout ?? '25 seconds');
  }

  /**
   * A client by the settings that the command line and the worker read: the address of Temporal, namespace, profile, TLS, API key,
   * task queue, keys, user pools. It connects when it is first used, so a process starts also while Temporal is away. A call
   * without a connection fails after at most 2 seconds, and at once while it is known that there is none; 2 seconds after Temporal
   * has come back, calls work again.
   * @throws SettingError of `@cognito-verification/client/codec` with every wrong setting.
   * @example
   * ```ts
   * import { VerificationClient } from '@cognito-verification/client';
   *
   * const verifications = VerificationClient.fromSettings();
   * ```
   */
  static fromSettings(options: FromSettingsOptions = {}): VerificationClient {
    const { environment, onKeyProblem, openTelemetry, ...others } = { ...options };
    const { temporal, keys, userPools } = readSettings({
      temporal: () => temporalFromSettings(environment),
      keys: () => keyRingFromSettings(environment, onKeyProblem),
      userPools: () => userPoolsFromSettings(environment),
    });
    const interceptors = openTelemetry && { workflow: [tracingInterceptor(openTelemetry)] };
    const { client } = clientOf(temporal, {
      dataConverter: clientDataConverter(keys),
      ...(interceptors && { interceptors }),
    });
    return new VerificationClient({ ...others, client, userPools, taskQueue: temporal.taskQueue });
  }

  async close(): Promise<void> {
    this.closing.abort(new TemporalUnavailableError('This client was closed.'));
    await this.calls.close();
  }

  /**
   * The verifications of one user, by attribute: an object that can reach no other user's, so that ownership needs no thought and
   * nobody handles workflow ids. For a request of a signed-in user. An access token is checked before each call.
   * @param user the `Authorization` header, an access token, or a reference with `userPoolId` and `sub` of your own session
   * @throws InvalidRequestError, AccessTokenRefusedError
   * @example
   * ```ts
   * const { result } = await verifications.forUser({ accessToken }).submitCode('email', code);
   * ```
   */
  forUser(user: SignedInUser): UserVerifications {
    return new VerificationsOfUser({ client: this, check: (token) => this.tokens.check(token), user });
  }

  async start(input: StartInput, options?: CallOptions): Promise<StartedVerification> {
    return await this.within(options, () => this.verifications.start(input));
  }

  async status(verification: VerificationRef, options?: CallOptions): Promise<VerificationStatus> {
    return await this.within(options, () => this.verifications.status(verification));
  }

  async submitCode(
    verification: VerificationRef,
    input: WithAttemptId<SubmitCodeInput>,
    options?: CallOptions,
  ): Promise<SubmitCodeAnswer> {
    return await this.within(options, () => this.verifications.submitCode(verification, input));
  }

  async resendCode(
    verification: VerificationRef,
    input: WithRequestId<ResendCodeInput> = {},
    options?: CallOptions,
  ): Promise<VerificationStatus> {
    return await this.within(options, () => this.verifications.resendCode(verification, input));
  }

  async confirm(verification: VerificationRef, input: CodeConfirmedInput = {}, options?: CallOptions): Promise<void> {
    await this.within(options, () => this.verifications.confirm(verification, input));
  }

  async renewAccessToken(
    verification: VerificationRef,
    input: WithRequestId<RenewAccessTokenInput>,
    options?: CallOptions,
  ): Promise<VerificationStatus> {
    return await this.within(options, () => this.verifications.renewAccessToken(verification, input));
  }

  async cancel(verification: VerificationRef, options?: CallOptions): Promise<void> {
    await this.within(options, () => this.verifications.cancel(verification));
  }

  async wait(verification: VerificationRef, options?: CallOptions): Promise<VerificationOutcome> {
    const { timeoutMs, signal } = limitsOf(options, undefined);
    const inAllMs = timeoutMs === undefined ? undefined : timeoutMs + AFTER_WAIT_MS;
    const limits = { timeoutMs: inAllMs, signal: this.untilClosed(signal) };
    const named = this.verifications.named(verification);
    return await this.calls.limited(limits, () => waitForOutcome(this.calls, named, timeoutMs));
  }

  async *watch(
    verification: VerificationRef,
    options?: Pick<CallOptions, 'signal'>,
  ): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined> {
    const { signal } = limitsOf(options, undefined);
    return yield* this.watches.watch(this.verifications.named(verification), this.untilClosed(signal));
  }

  list(filter: ListFilter = {}, options?: CallOptions): AsyncGenerator<VerificationListing, void, undefined> {
    return listVerifications(this.calls, filter, limitsOf(options, this.timeoutMs));
  }

  /** For what may last for hours, and would hold the process. */
  private untilClosed(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([this.closing.signal, ...(signal ? [signal] : [])]);
  }

  private async within<T>(options: CallOptions | undefined, call: () => Promise<T>): Promise<T> {
    return await this.calls.limited(limitsOf(options, this.timeoutMs), call);
  }
}

/** After the time of a wait: for the question where the verification stands. */
const AFTER_WAIT_MS = 4_000;
