import {
  awaitDelivery,
  type CodeConfirmedInput,
  codeConfirmed,
  type MessageKind,
  parseCodeConfirmed,
  parseRenewAccessToken,
  parseRequest,
  parseResendCode,
  parseSubmitCode,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  renewAccessToken,
  resendCode,
  type Stamped,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  submitCode,
  TASK_QUEUE,
  type TokenInput,
  tokenFields,
  type VerificationOutcome,
  type VerificationRequest,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import type { Duration, UpdateDefinition } from '@temporalio/common';
import { expected, isStatus, isSubmitCodeAnswer } from './answers.js';
import type { StartedVerification, VerificationClientOptions } from './client-options.js';
import { VerificationEndedError } from './errors.js';
import { errorOfInput } from './failure-errors.js';
import { checkReference, checkSealing, checkWorkflowId, durationMs, parse, updateIdFor } from './input.js';
import { type ListFilter, listVerifications, type VerificationListing } from './listing.js';
import { metClosingRun, repeatUpdate, workflowTaskFailed } from './repeated-update.js';
import { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';
import { Stamps } from './stamps.js';
import { startOperation } from './start-operation.js';
import { TokenCheck } from './token-check.js';
import { waitForOutcome } from './waiting.js';

/**
 * Verifies the attributes of Cognito users. Every method throws a `VerificationError`, and no other error for anything
 * that Temporal, the worker or Cognito may answer.
 * @example
 * ```ts
 * import { VerificationClient } from '@cognito-verification/client';
 * import { clientDataConverter, keyRingFromSettings, userPoolsFromSettings } from '@cognito-verification/codec';
 * import { Client, Connection } from '@temporalio/client';
 *
 * const connection = await Connection.connect({ address: 'localhost:7233' });
 * const client = new Client({ connection, dataConverter: clientDataConverter(keyRingFromSettings()) });
 * const verifications = new VerificationClient({ client, userPools: userPoolsFromSettings() });
 * ```
 */
export class VerificationClient {
  private readonly stamps: Stamps;
  private readonly calls: ServiceCalls;
  private readonly waitForDeliveryMs: number;
  private readonly waitForAnswerMs: number;
  private readonly tokens: TokenCheck;

  /**
   * @throws InvalidRequestError for an invalid duration, without user pools, and for a client that would send tokens in plain
   *   text.
   */
  constructor(options: VerificationClientOptions) {
    checkSealing(options);
    this.stamps = new Stamps(options.now ?? Date.now);
    this.calls = new ServiceCalls(options.client, options.taskQueue ?? TASK_QUEUE, this.stamps);
    this.waitForDeliveryMs = durationMs('waitForDelivery', options.waitForDelivery ?? '20 seconds');
    this.waitForAnswerMs = durationMs('waitForAnswer', options.waitForAnswer ?? '3 minutes');
    this.tokens = new TokenCheck(options);
  }

  /**
   * Starts a verification, or joins the open one of the same user and attribute, and returns where Cognito sent the code.
   * If the first send takes longer than `waitForDelivery`, the status says `sending`, and the send goes on.
   *
   * The access token says which user it is. With an `accessTokenReference` in its place no token enters Temporal: the
   * worker's access token source finds it when a call needs it, and `userPoolId` and `sub` say which user it is.
   *
   * A start that joins adds its token, or reference, and its `alreadySent`. Policy and `clientMetadata` stay those of the first
   * start whose token counts, and the policy of a later one may only tighten: the status says that it joined (`joined`), and
   * which policy is in force (`policy`).
   *
   * A repeated call with the same `requestId` neither starts nor sends again: it gets the first call's answer, even
   * after that verification has ended. Use one id for each request, never a constant. Default: a random UUID.
   * @throws InvalidRequestError, AccessTokenRefusedError, KeysUnavailableError before anything is started.
   * @throws VerificationFailedError when Cognito refused the first send for good.
   * @throws WorkerUnavailableError when no worker answered. The verification is started, and goes on once a worker runs.
   * @example
   * ```ts
   * const { workflowId, status } = await verifications.start({ accessToken, attributeName: 'email' });
   * console.log(workflowId, status.delivery?.destination); // 'z***@e***'
   * ```
   */
  async start(input: VerificationRequest & { requestId?: string | undefined }): Promise<StartedVerification> {
    // A caller without TypeScript may pass anything. What cannot be spread is refused as an empty request.
    const { requestId, ...request } = { ...input };
    const parsed = parse(() => parseRequest(request));
    const updateId = updateIdFor(awaitDelivery, 'requestId', requestId);
    const { proven } = await this.tokens.check(parsed.tokenInput);
    if (!parsed.tokenInput.accessToken) this.tokens.checkUserPool(parsed.owner.userPoolId, 'userPoolId');
    const workflowId = workflowIdFor({ ...parsed.owner, attributeName: parsed.attributeName });
    const send = () =>
      this.calls.client.workflow.executeUpdateWithStart(awaitDelivery, {
        startWorkflowOperation: startOperation(
          parsed,
          request.policy,
          this.calls.taskQueue,
          this.stamps.stamp(WORKFLOW_TYPE, { id: updateId, proven }),
        ),
        updateId,
        args: [
          {
            ...tokenFields(parsed.tokenInput),
            alreadySent: parsed.alreadySent,
            clientMetadata: parsed.clientMetadata,
            policy: request.policy,
            stamp: this.stamps.stamp('awaitDelivery', { id: updateId, proven }),
          },
        ],
      });
    try {
      const status = await this.calls.within(this.waitForDeliveryMs, () =>
        repeatUpdate(send, (error) => metClosingRun(error) || workflowTaskFailed(error)),
      );
      return { workflowId, status: expected(status, isStatus, workflowId) };
    } catch (error) {
      if (!isDeadline(error)) throw await this.calls.explain(error, workflowId);
      return { workflowId, status: await this.calls.statusAfterStart(workflowId) };
    }
  }

  /**
   * Where a verification stands. An ended one answers as long as Temporal keeps its history.
   * @throws VerificationNotFoundError, WorkerUnavailableError.
   * @example
   * ```ts
   * const { state, attemptsLeft } = await verifications.status(workflowId);
   * if (state === 'awaitingCode') console.log(`${attemptsLeft} attempts left`);
   * ```
   */
  async status(workflowId: string): Promise<VerificationStatus> {
    this.checkWorkflowId(workflowId);
    return await this.calls.status(workflowId);
  }

  /**
   * Checks a code. A wrong code, an expired one and a lockout are results, not errors. A repeated call with the same
   * `attemptId` counts one attempt and gets the first call's answer. Default: a random UUID.
   * @throws AttemptsExhaustedError, CodeNotSentError, VerificationEndedError, CognitoUnavailableError.
   * @example
   * ```ts
   * const { result, status } = await verifications.submitCode(workflowId, { code });
   * if (result === 'mismatch') console.log(`Wrong. ${status.attemptsLeft} attempts left.`);
   * ```
   */
  async submitCode(
    workflowId: string,
    input: SubmitCodeInput & { attemptId?: string | undefined },
  ): Promise<SubmitCodeAnswer> {
    const { attemptId, ...message } = { ...input };
    const updateId = updateIdFor(submitCode, 'attemptId', attemptId);
    const { code, tokenInput, ...fields } = parse(() => parseSubmitCode(message));
    const answer = await this.update(submitCode, workflowId, updateId, tokenInput, () => ({
      ...fields,
      code: code.reveal(),
      ...tokenFields(tokenInput),
    }));
    return expected(answer, isSubmitCodeAnswer, workflowId);
  }

  /**
   * Sends another code. A repeated call with the same `requestId` sends one. Default: a random UUID.
   * @throws ResendNotAllowedError in the cool-down and past the limit.
   * @throws ResendFailedError when Cognito refused it for good. The code that Cognito sent before still works.
   * @example
   * ```ts
   * const status = await verifications.resendCode(workflowId);
   * console.log(`Another one is allowed from ${status.resendAllowedAt}.`);
   * ```
   */
  async resendCode(
    workflowId: string,
    input: ResendCodeInput & { requestId?: string | undefined } = {},
  ): Promise<VerificationStatus> {
    const { requestId, ...message } = { ...input };
    const updateId = updateIdFor(resendCode, 'requestId', requestId);
    const { tokenInput, ...fields } = parse(() => parseResendCode(message));
    const status = await this.update(resendCode, workflowId, updateId, tokenInput, () => ({
      ...fields,
      ...tokenFields(tokenInput),
    }));
    return expected(status, isStatus, workflowId);
  }

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
  async confirm(workflowId: string, input: CodeConfirmedInput = {}): Promise<void> {
    const { reference, ...message } = { ...input };
    const checkedReference = checkReference(reference);
    const { tokenInput, ignored } = parse(() => parseCodeConfirmed(message));
    if (ignored) throw errorOfInput(ignored);
    this.checkWorkflowId(workflowId, tokenInput);
    const { proven } = await this.tokens.check(tokenInput);
    await this.calls.on(workflowId, this.waitForAnswerMs, (handle) =>
      handle.signal(codeConfirmed, {
        reference: checkedReference,
        ...tokenFields(tokenInput),
        stamp: this.stamps.stamp('codeConfirmed', { proven }),
      }),
    );
  }

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
  async renewAccessToken(
    workflowId: string,
    input: RenewAccessTokenInput & { requestId?: string | undefined },
  ): Promise<VerificationStatus> {
    const { requestId, ...message } = { ...input };
    const updateId = updateIdFor(renewAccessToken, 'requestId', requestId);
    const tokenInput = parse(() => parseRenewAccessToken(message));
    const status = await this.update(renewAccessToken, workflowId, updateId, tokenInput, () => tokenFields(tokenInput));
    return expected(status, isStatus, workflowId);
  }

  /**
   * Asks for the end of the verification. `wait` returns once it has ended. To cancel a cancelled one is not an error.
   * @throws VerificationEndedError when it has ended otherwise.
   * @example
   * ```ts
   * await verifications.cancel(workflowId);
   * ```
   */
  async cancel(workflowId: string): Promise<void> {
    this.checkWorkflowId(workflowId);
    await this.calls.on(workflowId, this.waitForAnswerMs, (handle) => handle.cancel());
    // The server accepts the request for an ended verification too, without an error.
    const outcome = await this.calls.outcomeIfEnded(workflowId);
    if (outcome && outcome.outcome !== 'cancelled') throw new VerificationEndedError(workflowId, outcome);
  }

  /**
   * Waits until the verification has ended, and returns how. No outcome is an error.
   * @throws VerificationOpenError when `timeout` (default: none) passes first.
   * @example
   * ```ts
   * const { outcome, failure } = await verifications.wait(workflowId, { timeout: '10 minutes' });
   * if (outcome === 'failed') console.log(failure?.message);
   * ```
   */
  async wait(workflowId: string, options: { timeout?: Duration } = {}): Promise<VerificationOutcome> {
    this.checkWorkflowId(workflowId);
    const timeout = { ...options }.timeout ?? undefined;
    const timeoutMs = timeout === undefined ? undefined : durationMs('timeout', timeout);
    return await waitForOutcome(this.calls, workflowId, timeoutMs);
  }

  /**
   * The verifications in Temporal's visibility store, open ones first, as long as the namespace keeps them. The store
   * follows a moment later.
   * @throws NotSetUpError when the namespace lacks the search attributes.
   * @example
   * ```ts
   * for await (const row of verifications.list({ state: 'awaitingToken', open: true })) console.log(row.workflowId);
   * ```
   */
  list(filter: ListFilter = {}): AsyncGenerator<VerificationListing, void, undefined> {
    return listVerifications(this.calls, filter, this.waitForAnswerMs);
  }

  private checkWorkflowId(workflowId: string, tokenInput?: TokenInput): void {
    this.tokens.checkUserPool(checkWorkflowId(workflowId, tokenInput).userPoolId, 'workflowId');
  }

  /** @param message makes the payload anew for each try: its secrets are in plain text */
  private async update<Answer, Message>(
    definition: UpdateDefinition<Answer, [Stamped<Message>], MessageKind>,
    workflowId: string,
    updateId: string,
    tokenInput: TokenInput | undefined,
    message: () => Message,
  ): Promise<Answer> {
    this.checkWorkflowId(workflowId, tokenInput);
    const { proven } = await this.tokens.check(tokenInput);
    return await this.calls.on(workflowId, this.waitForAnswerMs, (handle) =>
      repeatUpdate(() => {
        const stamp = this.stamps.stamp(definition.name, { id: updateId, proven });
        return handle.executeUpdate(definition, { args: [{ ...message(), stamp }], updateId });
      }),
    );
  }
}
