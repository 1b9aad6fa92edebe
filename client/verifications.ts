import type {
  CodeConfirmedInput,
  RenewAccessTokenInput,
  ResendCodeInput,
  SubmitCodeAnswer,
  SubmitCodeInput,
  VerificationOutcome,
  VerificationRequest,
  VerificationStatus,
} from '@cognito-verification/contract';
import type { CallOptions, StartedVerification, VerificationRef } from './client-options.js';
import type { ListFilter, VerificationListing } from './listing.js';

/** An input with the id by which a repeated call is known. */
export type WithRequestId<Input> = Input & { requestId?: string | undefined };
/** What `start` takes. */
export type StartInput = WithRequestId<VerificationRequest> & {
  /**
   * Where the open verification is on another task queue: asks for its end, and starts one here. If it is still open after ten
   * seconds, Temporal ends it, but only where no worker was seen there. Its sends and attempts count in the new one. Default:
   * such a start is refused with `OtherTaskQueueError`.
   */
  takeOver?: boolean | undefined;
};
/** The same of a call with a code. */
export type WithAttemptId<Input> = Input & { attemptId?: string | undefined };

/** What a `VerificationClient` does with verifications of any user, each by its workflow id. */
export interface AnyVerifications {
  /**
   * Starts a verification, or joins the open one of the same user and attribute, and returns where Cognito sent the code.
   * If the first send takes longer than the call may, the status says `sending`, and the send goes on.
   *
   * The access token says which user it is. With an `accessTokenReference` in its place no token enters Temporal: the
   * worker's access token source finds it when a call needs it, and `userPoolId` and `sub` say which user it is.
   *
   * Where the attribute is verified already, nothing is sent: the status says `alreadyVerified`, unless the request says
   * `reverify` or `alreadySent`.
   *
   * A start that joins adds its token, or reference, its `reverify` and its `alreadySent`. Policy and `clientMetadata` stay those of the first
   * start whose token counts, and the policy of a later one may only tighten: the status says that it joined (`joined`), and
   * which policy is in force (`policy`). Where no attempts are left in the open verification, a start whose token counts ends
   * it and opens the next.
   *
   * Limits belong to the user: sends and attempts of the last hour, in earlier verifications of the same user and attribute,
   * count (NIST SP 800-63B-4, 3.1.3.2: a new code does not reset the count). If they leave no send yet, the status says
   * `rateLimited` and `retryAt`, and the verification sends by itself then.
   *
   * A repeated call with the same `requestId` neither starts nor sends again: it gets the first call's answer, even
   * after that verification has ended. Use one id for each request, never a constant. Default: a random UUID.
   * @throws IdReusedError when the id was used before for a request that asks for something else.
   * @throws InvalidRequestError, AccessTokenRefusedError, KeysUnavailableError before anything is started.
   * @throws VerificationFailedError when Cognito refused the first send for good.
   * @throws OtherTaskQueueError when the open verification is on another task queue. Nothing was started or sent.
   * @throws WorkerUnavailableError when no worker answered. The verification is started, and goes on once a worker runs.
   * @example
   * ```ts
   * const { workflowId, status } = await verifications.start({ accessToken, attributeName: 'email' });
   * console.log(workflowId, status.delivery?.destination); // 'z***@e***'
   * ```
   */
  start(input: StartInput, options?: CallOptions): Promise<StartedVerification>;

  /**
   * Where a verification stands. An ended one answers as long as Temporal keeps its history.
   * @throws VerificationNotFoundError, WorkerUnavailableError.
   * @example
   * ```ts
   * const { state, attemptsLeft } = await verifications.status(workflowId);
   * if (state === 'awaitingCode') console.log(`${attemptsLeft} attempts left`);
   * ```
   */
  status(verification: VerificationRef, options?: CallOptions): Promise<VerificationStatus>;

  /**
   * Checks a code, as the user typed or pasted it: with spaces and hyphens, with the digits of any keyboard. A wrong code, an expired one and a lockout are results, not errors. A repeated call with the same
   * `attemptId` counts one attempt and gets the first call's answer. Default: a random UUID. So give one, and repeat the call with
   * it where its time was too short: if Cognito's answer is lost, the worker reads the attribute before it answers.
   * @throws IdReusedError when the id was used before for another code.
   * @throws AttemptsExhaustedError, CodeNotSentError, VerificationEndedError, CognitoUnavailableError.
   * @example
   * ```ts
   * const { result, status } = await verifications.submitCode(workflowId, { code });
   * if (result === 'mismatch') console.log(`Wrong. ${status.attemptsLeft} attempts left.`);
   * ```
   */
  submitCode(
    verification: VerificationRef,
    input: WithAttemptId<SubmitCodeInput>,
    options?: CallOptions,
  ): Promise<SubmitCodeAnswer>;

  /**
   * Sends another code. A repeated call with the same `requestId` sends one. Default: a random UUID.
   * @throws IdReusedError when the id was used before with other `clientMetadata`.
   * @throws ResendNotAllowedError in the cool-down and past the limit.
   * @throws ResendFailedError when Cognito refused it for good. The code that Cognito sent before still works.
   * @example
   * ```ts
   * const status = await verifications.resendCode(workflowId);
   * console.log(`Another one is allowed from ${status.resendAllowedAt}.`);
   * ```
   */
  resendCode(
    verification: VerificationRef,
    input?: WithRequestId<ResendCodeInput>,
    options?: CallOptions,
  ): Promise<VerificationStatus>;

  /**
   * Tells the verification that Cognito has accepted the code in a call that the caller made itself. Returns as soon as
   * Temporal has the message. `wait` returns the result. An access token or a reference in it lets the worker read the attribute
   * where it has no other token that still works.
   * @throws VerificationEndedError, VerificationNotFoundError.
   * @throws AccessTokenRefusedError when the token is of another user or pool.
   * @example
   * ```ts
   * await verifications.confirm(workflowId, { reference: 'signup-4711' });
   * ```
   */
  confirm(verification: VerificationRef, input?: CodeConfirmedInput, options?: CallOptions): Promise<void>;

  /**
   * Brings a fresh access token of the same user, or a reference to one. A send that waited for one goes on. The same
   * reference again says that the worker's access token source now has a fresh token for it.
   * @throws AccessTokenRefusedError when it is of another user or pool.
   * @example
   * ```ts
   * const { state } = await verifications.status(workflowId);
   * if (state === 'awaitingToken') await verifications.renewAccessToken(workflowId, { accessToken });
   * ```
   */
  renewAccessToken(
    verification: VerificationRef,
    input: WithRequestId<RenewAccessTokenInput>,
    options?: CallOptions,
  ): Promise<VerificationStatus>;

  /**
   * Asks for the end of the verification. `wait` returns once it has ended. To cancel a cancelled one is not an error.
   * @throws VerificationEndedError when it has ended otherwise.
   * @throws WorkerUnavailableError, SealingError when a worker runs that cannot go on with it. Temporal has the request, which
   *   takes effect only once the worker can.
   * @example
   * ```ts
   * await verifications.cancel(workflowId);
   * ```
   */
  cancel(verification: VerificationRef, options?: CallOptions): Promise<void>;

  /**
   * Waits until the verification has ended, and returns how. No outcome is an error.
   * @throws VerificationOpenError when `timeout` (default: none, also where the client has one) passes first; four seconds
   *   later at the latest.
   * @throws WorkerUnavailableError, SealingError when it does, and a worker runs that cannot go on with the verification.
   * @example
   * ```ts
   * const { outcome, failure } = await verifications.wait(workflowId, { timeout: '10 minutes' });
   * if (outcome === 'failed') console.log(failure?.message);
   * ```
   */
  wait(verification: VerificationRef, options?: CallOptions): Promise<VerificationOutcome>;

  /**
   * Each change of the status, the one of now first, until the verification has ended; the value that the iteration returns is the
   * outcome. It waits on the history, which costs no action, and asks for the status only when an event has come. All watchers of
   * one verification in a process share that, and none holds an update, so they are in nobody's way.
   * @throws CallAbortedError when its signal says so.
   * @throws VerificationNotFoundError, WorkerUnavailableError, TemporalUnavailableError. Watch again then.
   * @example
   * ```ts
   * for await (const { state, attemptsLeft } of verifications.watch(workflowId)) console.log(state, attemptsLeft);
   * ```
   */
  watch(
    verification: VerificationRef,
    options?: Pick<CallOptions, 'signal'>,
  ): AsyncGenerator<VerificationStatus, VerificationOutcome, undefined>;

  /**
   * The verifications in Temporal's visibility store, open ones first, as long as the namespace keeps them. The store
   * follows a moment later.
   * @throws NotSetUpError when the namespace lacks the search attributes.
   * @example
   * ```ts
   * for await (const row of verifications.list({ state: 'awaitingToken', open: true })) console.log(row.workflowId);
   * ```
   */
  list(filter?: ListFilter, options?: CallOptions): AsyncGenerator<VerificationListing, void, undefined>;

  /**
   * Ends each `wait` and `watch` with a `CallAbortedError`, and closes the connection that `fromSettings` has made; the client cannot
   * be used afterwards. A `Client` of your own stays open.
   * @example
   * ```ts
   * process.once('SIGTERM', () => void verifications.close());
   * ```
   */
  close(): Promise<void>;
}
