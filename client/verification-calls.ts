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
  type TokenInput,
  tokenFields,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import type { WorkflowHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { expected, isStatus, isSubmitCodeAnswer } from './answers.js';
import type { Challenge } from './challenge.js';
import type { StartedVerification, VerificationRef } from './client-options.js';
import { OtherTaskQueueError, VerificationEndedError } from './errors.js';
import { errorOfInput } from './failure-errors.js';
import { checkReference, namedBy, parse, updateIdFor } from './input.js';
import { endElsewhere, whyElsewhere } from './other-task-queue.js';
import { repeatStart, repeatUpdate } from './repeated-update.js';
import type { Named } from './runs.js';
import type { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';
import { startOperation } from './start-operation.js';
import type { TokenCheck } from './token-check.js';
import { codeAsSent } from './typed-code.js';
import type { StartInput, WithAttemptId, WithRequestId } from './verifications.js';

/** What `VerificationClient` asks of verifications, each within the time limit under which it is called. */
export class VerificationCalls {
  constructor(
    private readonly calls: ServiceCalls,
    private readonly tokens: TokenCheck,
  ) {}

  async start(input: StartInput): Promise<StartedVerification> {
    // A caller without TypeScript may pass anything. What cannot be spread is refused as an empty request.
    const { requestId, takeOver, ...request } = { ...input };
    const parsed = parse(() => parseRequest(request, ['requestId']));
    const updateId = updateIdFor(awaitDelivery, 'requestId', requestId);
    const { proven } = await this.tokens.check(parsed.tokenInput);
    if (!parsed.tokenInput.accessToken) this.tokens.checkUserPool(parsed.owner.userPoolId, 'userPoolId');
    const workflowId = workflowIdFor({ ...parsed.owner, attributeName: parsed.attributeName });
    const { policy, attributeName, alreadySent, reverify, replaceAtOnce, clientMetadata } = parsed;
    const change = () => ({ newValue: parsed.newValue?.reveal(), replaceAtOnce });
    const asks = { policy, attributeName, alreadySent, reverify, ...change(), clientMetadata };
    const challengeOf = (id: string) => this.calls.challenge({ kind: 'awaitDelivery', workflowId, id, asks, proven });
    const send = async (id: string) => {
      const newest = await this.calls.runs.before(workflowId);
      const elsewhere = newest && (await whyElsewhere(this.calls, workflowId, newest));
      if (elsewhere) throw elsewhere;
      const challenge = challengeOf(id);
      const { stamp } = challenge;
      const ofRequest = { kind: WORKFLOW_TYPE, id, at: stamp.at, proven } as const;
      const answer = await this.calls.client.workflow.executeUpdateWithStart(awaitDelivery, {
        startWorkflowOperation: startOperation(parsed, request.policy, this.calls.taskQueue, ofRequest, newest),
        updateId: id,
        args: [
          {
            ...tokenFields(parsed.tokenInput),
            alreadySent,
            reverify,
            ...change(),
            clientMetadata,
            policy: request.policy,
            stamp,
          },
        ],
      });
      return challenge.take(expected(answer, isStatus, workflowId));
    };
    let begunAtMs = this.calls.now();
    try {
      const start = async () => await this.calls.inTries({ workflowId }, () => repeatStart(send, updateId));
      const answered = await start().catch(async (error: unknown) => {
        if (takeOver !== true || !(error instanceof OtherTaskQueueError)) throw error;
        await endElsewhere(this.calls, workflowId).catch((why: unknown) => {
          // The time is over before the other one has ended: nothing was started.
          throw isDeadline(why) ? error : why;
        });
        begunAtMs = this.calls.now();
        return await start();
      });
      return { workflowId, ...answered };
    } catch (error) {
      if (!isDeadline(error)) throw await this.calls.explain(error, { workflowId }, challengeOf(updateId));
      return { workflowId, ...(await this.calls.statusAfterStart(workflowId, begunAtMs)) };
    }
  }

  async status(verification: VerificationRef): Promise<VerificationStatus> {
    return await this.calls.status(this.named(verification));
  }

  async submitCode(verification: VerificationRef, input: WithAttemptId<SubmitCodeInput>): Promise<SubmitCodeAnswer> {
    const { attemptId, ...given } = { ...input };
    const updateId = updateIdFor(submitCode, 'attemptId', attemptId);
    const asSent = typeof given.code === 'string' ? { ...given, code: codeAsSent(given.code) } : given;
    const { code, tokenInput, ...fields } = parse(() => parseSubmitCode(asSent, undefined, ['attemptId']));
    const message = () => ({ ...fields, code: code.reveal(), ...tokenFields(tokenInput) });
    const asks = { code: code.reveal() };
    const { answer, challenge } = await this.update(submitCode, verification, { updateId, tokenInput, message, asks });
    const { status, ...rest } = expected(answer, isSubmitCodeAnswer, challenge.workflowId);
    return { ...rest, status: challenge.take(status).status };
  }

  async resendCode(verification: VerificationRef, input: WithRequestId<ResendCodeInput>): Promise<VerificationStatus> {
    const { requestId, ...given } = { ...input };
    const updateId = updateIdFor(resendCode, 'requestId', requestId);
    const { tokenInput, ...asks } = parse(() => parseResendCode(given, ['requestId']));
    const message = () => ({ ...asks, ...tokenFields(tokenInput) });
    return await this.statusAfter(resendCode, verification, { updateId, tokenInput, message, asks });
  }

  async confirm(verification: VerificationRef, input: CodeConfirmedInput): Promise<void> {
    const { reference, ...given } = { ...input };
    const checkedReference = checkReference(reference);
    const { tokenInput, ignored } = parse(() => parseCodeConfirmed(given));
    if (ignored) throw errorOfInput(ignored);
    const named = this.named(verification, tokenInput);
    const { proven } = await this.tokens.check(tokenInput);
    await this.calls.signal({ ...named, proven }, (stamp) => ({
      reference: checkedReference,
      ...tokenFields(tokenInput),
      stamp,
    }));
  }

  async renewAccessToken(
    verification: VerificationRef,
    input: WithRequestId<RenewAccessTokenInput>,
  ): Promise<VerificationStatus> {
    const { requestId, ...given } = { ...input };
    const updateId = updateIdFor(renewAccessToken, 'requestId', requestId);
    const tokenInput = parse(() => parseRenewAccessToken(given));
    const message = () => tokenFields(tokenInput);
    return await this.statusAfter(renewAccessToken, verification, { updateId, tokenInput, message });
  }

  async cancel(verification: VerificationRef): Promise<void> {
    const named = this.named(verification);
    await this.calls.on(named, (handle) => handle.cancel());
    // The server accepts the request for an ended verification too, without an error.
    const outcome = await this.calls.runs.outcomeIfEnded(named);
    if (outcome && outcome.outcome !== 'cancelled') throw new VerificationEndedError(named.workflowId, outcome);
    const stall = outcome ? undefined : await this.calls.stall(named);
    // Whoever works there goes on with it, and ends it.
    if (stall && !(stall instanceof OtherTaskQueueError && stall.hasPollers)) throw stall;
  }

  /** @throws InvalidRequestError unless it names a verification of a user pool that is served. */
  named(verification: VerificationRef, tokenInput?: TokenInput): Named {
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
    return { answer: await this.calls.on(named, send, challenge), challenge };
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
