import { randomUUID } from 'node:crypto';
import {
  awaitDelivery,
  type CodeConfirmedInput,
  codeConfirmed,
  parseRenewAccessToken,
  parseRequest,
  parseResendCode,
  parseSubmitCode,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  renewAccessToken,
  resendCode,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  submitCode,
  TASK_QUEUE,
  type TokenInput,
  tokenFields,
  type VerificationOutcome,
  type VerificationRequest,
  type VerificationStatus,
  workflowIdFor,
} from '@cognito-verification/contract';
import type { Duration, UpdateDefinition } from '@temporalio/common';
import type { StartedVerification, VerificationClientOptions } from './client-options.js';
import {
  InvalidRequestError,
  TemporalUnavailableError,
  VerificationEndedError,
  VerificationNotFoundError,
} from './errors.js';
import { checkDuration, checked, checkId, checkSealing, checkWorkflowId } from './input.js';
import { type ListFilter, listVerifications, type VerificationListing } from './listing.js';
import { metClosingRun, repeatUpdate, workflowTaskFailed } from './repeated-update.js';
import { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';
import { startOperation } from './start-operation.js';
import { verifyTokenInput } from './verify-token-input.js';
import { waitForOutcome } from './waiting.js';

/** The caller has waited once already; a worker that is there has the verification in memory. */
const STATUS_AFTER_START_MS = 3_000;

/**
 * Verifies the attributes of Cognito users. Every method throws a `VerificationError`, and no other error for anything
 * that Temporal, the worker or Cognito may answer.
 */
export class VerificationClient {
  private readonly calls: ServiceCalls;
  private readonly waitForDeliveryMs: number;
  private readonly waitForAnswerMs: number;
  private readonly verifyToken: VerificationClientOptions['verifyToken'];

  /** @throws InvalidRequestError when a duration is none, or when the client would send tokens in plain text. */
  constructor(options: VerificationClientOptions) {
    checkSealing(options);
    this.calls = new ServiceCalls(options.client, options.taskQueue ?? TASK_QUEUE);
    this.waitForDeliveryMs = checkDuration('waitForDelivery', options.waitForDelivery ?? '20 seconds');
    this.waitForAnswerMs = checkDuration('waitForAnswer', options.waitForAnswer ?? '3 minutes');
    this.verifyToken = options.verifyToken;
  }

  /**
   * Starts a verification, or joins the open one of the same user and attribute, and tells where the code was sent. A
   * first send that takes longer than `waitForDelivery` leaves the status at `sending`; it goes on.
   *
   * The user is who the access token says. With an `accessTokenReference` instead of it no token enters Temporal: the
   * worker's access token source finds it when it is needed, and `userPoolId` and `sub` say who the user is.
   *
   * A start that joins brings its token, or reference, and its `alreadySent` along; policy and `clientMetadata` stay those of the first.
   *
   * A repeated call with the same `requestId` neither starts nor sends again: it gets the first call's answer, even
   * after that verification has ended. So it is one id for each request, never a constant. Default: a random UUID.
   * @throws InvalidRequestError, AccessTokenRefusedError before anything is started.
   * @throws VerificationFailedError when Cognito refused the first send for good.
   * @throws WorkerUnavailableError when no worker took it up; it is started, and goes on once one runs.
   */
  async start(input: VerificationRequest & { requestId?: string }): Promise<StartedVerification> {
    // Callers without TypeScript bring anything; what cannot be spread is refused as empty.
    const { requestId, ...request } = { ...input };
    const parsed = checked(() => parseRequest(request));
    const updateId = checkId('requestId', requestId ?? randomUUID());
    await verifyTokenInput(parsed.tokenInput, this.verifyToken);
    const workflowId = workflowIdFor({ ...parsed.owner, attributeName: parsed.attributeName });
    const send = () =>
      this.calls.client.workflow.executeUpdateWithStart(awaitDelivery, {
        startWorkflowOperation: startOperation(parsed, request.policy, this.calls.taskQueue),
        updateId,
        args: [
          { ...tokenFields(parsed.tokenInput), ...(parsed.alreadySent ? { alreadySent: parsed.alreadySent } : {}) },
        ],
      });
    try {
      const status = await this.calls.within(this.waitForDeliveryMs, () =>
        repeatUpdate(send, (error) => metClosingRun(error) || workflowTaskFailed(error)),
      );
      return { workflowId, status };
    } catch (error) {
      if (!isDeadline(error)) throw await this.calls.explain(error, workflowId);
      return { workflowId, status: await this.statusAfterStart(workflowId) };
    }
  }

  /** Where a verification stands. An ended one answers as long as Temporal remembers it. */
  async status(workflowId: string): Promise<VerificationStatus> {
    checkWorkflowId(workflowId);
    return await this.calls.status(workflowId);
  }

  /**
   * Checks a code. A wrong one, an expired one and a lockout are results, not errors. A call repeated with the same
   * `attemptId` (default: a random UUID) counts one attempt and gets the first call's answer.
   * @throws AttemptsExhaustedError, CodeNotSentError, VerificationEndedError, CognitoUnavailableError.
   */
  async submitCode(workflowId: string, input: SubmitCodeInput & { attemptId?: string }): Promise<SubmitCodeAnswer> {
    const { attemptId, ...message } = { ...input };
    const updateId = checkId('attemptId', attemptId ?? randomUUID());
    const { code, tokenInput } = checked(() => parseSubmitCode(message));
    return await this.update(submitCode, workflowId, updateId, tokenInput, () => ({
      code: code.reveal(),
      ...(tokenInput && tokenFields(tokenInput)),
    }));
  }

  /**
   * Sends another code. A call repeated with the same `requestId` sends one.
   * @throws ResendNotAllowedError in the cool-down and past the limit.
   * @throws ResendFailedError when Cognito refused it for good; the code that was sent before still works.
   */
  async resendCode(
    workflowId: string,
    input: ResendCodeInput & { requestId?: string } = {},
  ): Promise<VerificationStatus> {
    const { requestId, ...message } = { ...input };
    const updateId = checkId('requestId', requestId ?? randomUUID());
    const { clientMetadata, tokenInput } = checked(() => parseResendCode(message));
    return await this.update(resendCode, workflowId, updateId, tokenInput, () => ({
      ...(clientMetadata ? { clientMetadata } : {}),
      ...(tokenInput && tokenFields(tokenInput)),
    }));
  }

  /**
   * Tells the verification that Cognito has accepted the code in a call that the caller made itself. Answered as soon
   * as Temporal has it; `wait` tells what came of it.
   */
  async confirm(workflowId: string, input: CodeConfirmedInput = {}): Promise<void> {
    checkWorkflowId(workflowId);
    const { reference } = { ...input };
    if (reference !== undefined && (typeof reference !== 'string' || reference.length > 200)) {
      throw new InvalidRequestError('reference', 'reference must be a text of at most 200 characters.');
    }
    const message = reference === undefined ? {} : { reference };
    await this.calls.on(workflowId, this.waitForAnswerMs, (handle) => handle.signal(codeConfirmed, message));
  }

  /**
   * Brings a fresh access token of the same user, or a reference to one; a send that waited for one goes on. The same
   * reference again says that the worker's access token source has a token under it by now.
   * @throws AccessTokenRefusedError when it is of another user or pool.
   */
  async renewAccessToken(
    workflowId: string,
    input: RenewAccessTokenInput & { requestId?: string },
  ): Promise<VerificationStatus> {
    const { requestId, ...message } = { ...input };
    const updateId = checkId('requestId', requestId ?? randomUUID());
    const tokenInput = checked(() => parseRenewAccessToken(message));
    return await this.update(renewAccessToken, workflowId, updateId, tokenInput, () => tokenFields(tokenInput));
  }

  /**
   * Asks for the end of the verification; `wait` tells when it is there. Cancelling a cancelled one is no error.
   * @throws VerificationEndedError when it has ended otherwise.
   */
  async cancel(workflowId: string): Promise<void> {
    checkWorkflowId(workflowId);
    await this.calls.on(workflowId, this.waitForAnswerMs, (handle) => handle.cancel());
    // The server takes the request for an ended one too, and says nothing.
    const outcome = await this.calls.outcomeIfEnded(workflowId);
    if (outcome && outcome.outcome !== 'cancelled') throw new VerificationEndedError(workflowId, outcome);
  }

  /**
   * Waits until the verification has ended. How it ended is the answer, never an error.
   * @throws VerificationOpenError when `timeout` (default: none) passes first.
   */
  async wait(workflowId: string, { timeout }: { timeout?: Duration } = {}): Promise<VerificationOutcome> {
    checkWorkflowId(workflowId);
    const timeoutMs = timeout === undefined ? undefined : checkDuration('timeout', timeout);
    return await waitForOutcome(this.calls, workflowId, timeoutMs);
  }

  /**
   * The verifications in Temporal's visibility store, open ones first, as long as the namespace keeps them. The store
   * follows a moment behind.
   * @throws NotSetUpError when the namespace lacks the search attributes.
   */
  list(filter: ListFilter = {}): AsyncGenerator<VerificationListing, void, undefined> {
    return listVerifications(this.calls, filter, this.waitForAnswerMs);
  }

  /** The start may not have reached Temporal at all: then there is no verification, and that is Temporal's doing. */
  private async statusAfterStart(workflowId: string): Promise<VerificationStatus> {
    try {
      return await this.calls.status(workflowId, STATUS_AFTER_START_MS);
    } catch (error) {
      if (!(error instanceof VerificationNotFoundError)) throw error;
      throw new TemporalUnavailableError('The Temporal Service did not take the start in time. Nothing was started.', {
        cause: error,
      });
    }
  }

  /** @param message as it crosses the border, made for each try: its secrets are in plain */
  private async update<Answer, Message>(
    definition: UpdateDefinition<Answer, [Message]>,
    workflowId: string,
    updateId: string,
    tokenInput: TokenInput | undefined,
    message: () => Message,
  ): Promise<Answer> {
    checkWorkflowId(workflowId, tokenInput);
    await verifyTokenInput(tokenInput, this.verifyToken);
    return await this.calls.on(workflowId, this.waitForAnswerMs, (handle) =>
      repeatUpdate(() => handle.executeUpdate(definition, { args: [message()], updateId })),
    );
  }
}
