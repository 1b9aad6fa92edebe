import {
  clientDataConverter,
  keyRingFromSettings,
  readSettings,
  temporalFromSettings,
  userPoolsFromSettings,
} from '@cognito-verification/codec';
import {
  awaitDelivery,
  type CodeConfirmedInput,
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
import type { WorkflowHandle } from '@temporalio/client';
import type { Duration, UpdateDefinition } from '@temporalio/common';
import { expected, isStatus, isSubmitCodeAnswer } from './answers.js';
import type { Challenge } from './challenge.js';
import type {
  FromSettingsOptions,
  StartedVerification,
  VerificationClientOptions,
  VerificationRef,
} from './client-options.js';
import { clientOf } from './connection.js';
import { VerificationEndedError } from './errors.js';
import { errorOfInput } from './failure-errors.js';
import { checkClient, checkReference, durationMs, namedBy, parse, updateIdFor } from './input.js';
import { type ListFilter, listVerifications, type VerificationListing } from './listing.js';
import { repeatStart, repeatUpdate } from './repeated-update.js';
import type { Named } from './runs.js';
import { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';
import { startOperation } from './start-operation.js';
import { TokenCheck } from './token-check.js';
import { waitForOutcome } from './waiting.js';

/**
 * Verifies the attributes of Cognito users. Every method throws a `VerificationError`, and no other error for anything
 * that Temporal, the worker or Cognito may answer: an `UnexpectedAnswerError` for what is no answer to the call.
 *
 * Hand what `start` returns, or its `workflowId` and `run`, to the other methods. With the workflow id alone they are about the
 * newest verification of that user and attribute.
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
  /** Where verifications are started. */
  readonly namespace: string;
  /** The task queue of the workers that verifications are started for. */
  readonly taskQueue: string;
  private readonly calls: ServiceCalls;
  private readonly waitForDeliveryMs: number;
  private readonly waitForAnswerMs: number;
  private readonly tokens: TokenCheck;

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
    this.waitForDeliveryMs = durationMs('waitForDelivery', options.waitForDelivery ?? '20 seconds');
    this.waitForAnswerMs = durationMs('waitForAnswer', options.waitForAnswer ?? '3 minutes');
    this.tokens = new TokenCheck(options);
  }

  /**
   * A client by the settings that the command line and the worker read: the address of Temporal, namespace, profile, TLS, API key,
   * task queue, keys, user pools. It connects when it is first used, so a process starts also while Temporal is away. A call
   * without a connection fails after at most 2 seconds, and at once while it is known that there is none; 2 seconds after Temporal
   * has come back, calls work again.
   * @throws SettingError of `@cognito-verification/codec` with every wrong setting.
   * @example
   * ```ts
   * import { VerificationClient } from '@cognito-verification/client';
   *
   * const verifications = VerificationClient.fromSettings();
   * ```
   */
  static fromSettings(options: FromSettingsOptions = {}): VerificationClient {
    const { environment, onKeyProblem, ...others } = { ...options };
    const { temporal, keys, userPools } = readSettings({
      temporal: () => temporalFromSettings(environment),
      keys: () => keyRingFromSettings(environment, onKeyProblem),
      userPools: () => userPoolsFromSettings(environment),
    });
    const { client } = clientOf(temporal, { dataConverter: clientDataConverter(keys) });
    return new VerificationClient({ ...others, client, userPools, taskQueue: temporal.taskQueue });
  }

  /**
   * Closes the connection that `fromSettings` has made; the client cannot be used afterwards. A `Client` of your own stays open.
   * @example
   * ```ts
   * process.once('SIGTERM', () => void verifications.close());
   * ```
   */
  async close(): Promise<void> {
    await this.calls.close();
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
    const parsed = parse(() => parseRequest(request, ['requestId']));
    const updateId = updateIdFor(awaitDelivery, 'requestId', requestId);
    const { proven } = await this.tokens.check(parsed.tokenInput);
    if (!parsed.tokenInput.accessToken) this.tokens.checkUserPool(parsed.owner.userPoolId, 'userPoolId');
    const workflowId = workflowIdFor({ ...parsed.owner, attributeName: parsed.attributeName });
    const { policy, attributeName, alreadySent, clientMetadata } = parsed;
    const asks = { policy, attributeName, alreadySent, clientMetadata };
    const challengeOf = (id: string) => this.calls.challenge({ kind: 'awaitDelivery', workflowId, id, asks, proven });
    const send = async (id: string) => {
      const newest = await this.calls.runs.before(workflowId);
      const challenge = challengeOf(id);
      const { stamp } = challenge;
      const ofRequest = { kind: WORKFLOW_TYPE, id, at: stamp.at, proven } as const;
      const answer = await this.calls.client.workflow.executeUpdateWithStart(awaitDelivery, {
        startWorkflowOperation: startOperation(parsed, request.policy, this.calls.taskQueue, ofRequest, newest),
        updateId: id,
        args: [{ ...tokenFields(parsed.tokenInput), alreadySent, clientMetadata, policy: request.policy, stamp }],
      });
      return challenge.take(expected(answer, isStatus, workflowId));
    };
    const begunAtMs = this.calls.now();
    try {
      const answered = await this.calls.withinTries(this.waitForDeliveryMs, () => repeatStart(send, updateId));
      return { workflowId, ...answered };
    } catch (error) {
      if (!isDeadline(error)) throw await this.calls.explain(error, { workflowId }, challengeOf(updateId));
      return { workflowId, ...(await this.calls.statusAfterStart(workflowId, begunAtMs)) };
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
  async status(verification: VerificationRef): Promise<VerificationStatus> {
    return await this.calls.status(this.named(verification));
  }

  /**
   * Checks a code. A wrong code, an expired one and a lockout are results, not errors. A repeated call with the same
   * `attemptId` counts one attempt and gets the first call's answer. Default: a random UUID.
   * @throws IdReusedError when the id was used before for another code.
   * @throws AttemptsExhaustedError, CodeNotSentError, VerificationEndedError, CognitoUnavailableError.
   * @example
   * ```ts
   * const { result, status } = await verifications.submitCode(workflowId, { code });
   * if (result === 'mismatch') console.log(`Wrong. ${status.attemptsLeft} attempts left.`);
   * ```
   */
  async submitCode(
    verification: VerificationRef,
    input: SubmitCodeInput & { attemptId?: string | undefined },
  ): Promise<SubmitCodeAnswer> {
    const { attemptId, ...given } = { ...input };
    const updateId = updateIdFor(submitCode, 'attemptId', attemptId);
    const { code, tokenInput, ...fields } = parse(() => parseSubmitCode(given, undefined, ['attemptId']));
    const message = () => ({ ...fields, code: code.reveal(), ...tokenFields(tokenInput) });
    const asks = { code: code.reveal() };
    const { answer, challenge } = await this.update(submitCode, verification, { updateId, tokenInput, message, asks });
    const { status, ...rest } = expected(answer, isSubmitCodeAnswer, challenge.workflowId);
    return { ...rest, status: challenge.take(status).status };
  }

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
  async resendCode(
    verification: VerificationRef,
    input: ResendCodeInput & { requestId?: string | undefined } = {},
  ): Promise<VerificationStatus> {
    const { requestId, ...given } = { ...input };
    const updateId = updateIdFor(resendCode, 'requestId', requestId);
    const { tokenInput, ...asks } = parse(() => parseResendCode(given, ['requestId']));
    const message = () => ({ ...asks, ...tokenFields(tokenInput) });
    return await this.statusAfter(resendCode, verification, { updateId, tokenInput, message, asks });
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
  async confirm(verification: VerificationRef, input: CodeConfirmedInput = {}): Promise<void> {
    const { reference, ...given } = { ...input };
    const checkedReference = checkReference(reference);
    const { tokenInput, ignored } = parse(() => parseCodeConfirmed(given));
    if (ignored) throw errorOfInput(ignored);
    const named = this.named(verification, tokenInput);
    const { proven } = await this.tokens.check(tokenInput);
    await this.calls.signal({ ...named, proven }, this.waitForAnswerMs, (stamp) => ({
      reference: checkedReference,
      ...tokenFields(tokenInput),
      stamp,
    }));
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
    verification: VerificationRef,
    input: RenewAccessTokenInput & { requestId?: string | undefined },
  ): Promise<VerificationStatus> {
    const { requestId, ...given } = { ...input };
    const updateId = updateIdFor(renewAccessToken, 'requestId', requestId);
    const tokenInput = parse(() => parseRenewAccessToken(given));
    const message = () => tokenFields(tokenInput);
    return await this.statusAfter(renewAccessToken, verification, { updateId, tokenInput, message });
  }

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
  async cancel(verification: VerificationRef): Promise<void> {
    const named = this.named(verification);
    await this.calls.on(named, this.waitForAnswerMs, (handle) => handle.cancel());
    // The server accepts the request for an ended verification too, without an error.
    const outcome = await this.calls.runs.outcomeIfEnded(named);
    if (outcome && outcome.outcome !== 'cancelled') throw new VerificationEndedError(named.workflowId, outcome);
    const stall = outcome ? undefined : await this.calls.stall(named);
    if (stall) throw stall;
  }

  /**
   * Waits until the verification has ended, and returns how. No outcome is an error.
   * @throws VerificationOpenError when `timeout` (default: none) passes first.
   * @throws WorkerUnavailableError, SealingError when it does, and a worker runs that cannot go on with the verification.
   * @example
   * ```ts
   * const { outcome, failure } = await verifications.wait(workflowId, { timeout: '10 minutes' });
   * if (outcome === 'failed') console.log(failure?.message);
   * ```
   */
  async wait(verification: VerificationRef, options: { timeout?: Duration } = {}): Promise<VerificationOutcome> {
    const named = this.named(verification);
    const timeout = { ...options }.timeout ?? undefined;
    const timeoutMs = timeout === undefined ? undefined : durationMs('timeout', timeout);
    return await waitForOutcome(this.calls, named, timeoutMs);
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

  private named(verification: VerificationRef, tokenInput?: TokenInput): Named {
    const { key, ...named } = namedBy(verification, tokenInput);
    this.tokens.checkUserPool(key.userPoolId, 'workflowId');
    return named;
  }

  private async update<Answer, Message extends object>(
    definition: UpdateDefinition<Answer, [Stamped<Message>], MessageKind>,
    verification: VerificationRef,
    { updateId, tokenInput, message, asks }: Update<Message>,
  ): Promise<{ answer: Answer; challenge: Challenge }> {
    const named = this.named(verification, tokenInput);
    const { proven } = await this.tokens.check(tokenInput);
    const challenge = this.calls.challenge({ ...named, kind: definition.name, id: updateId, asks, proven });
    const send = (handle: WorkflowHandle) =>
      repeatUpdate(() => {
        const args: [Stamped<Message>] = [{ ...message(), stamp: challenge.stamp }];
        return handle.executeUpdate(definition, { args, updateId });
      });
    return { answer: await this.calls.on(named, this.waitForAnswerMs, send, challenge), challenge };
  }

  private async statusAfter<Message extends object>(
    definition: UpdateDefinition<VerificationStatus, [Stamped<Message>], MessageKind>,
    verification: VerificationRef,
    update: Update<Message>,
  ): Promise<VerificationStatus> {
    const { answer, challenge } = await this.update(definition, verification, update);
    return challenge.take(expected(answer, isStatus, challenge.workflowId)).status;
  }
}

/** What an update is made of. */
interface Update<Message> {
  readonly updateId: string;
  readonly tokenInput: TokenInput | undefined;
  /** Makes the payload anew for each try: its secrets are in plain text. */
  readonly message: () => Message;
  /** What it asks for apart from its token. Default: nothing. */
  readonly asks?: object | undefined;
}
