/** The message of a send before the guard: counted before Cognito is asked for it, and taken back where it certainly did not leave. */
import { type HeldReason, type RefusedReason, type Secret, WHY_HELD } from '@cognito-verification/contract';
import { ApplicationFailure, log } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { MessageGuard } from '../guard/message-guard.js';
import type { FailedCall, FailureDetails } from './call-failure.js';
import type { CognitoCall } from './cognito.js';
import { failureName, readFailure, type SendFailure } from './failures.js';

/** A message before its send, or after its code was right. One for each call. Without a guard every message is admitted. */
export class GuardedMessage {
  private takeBack: (() => Promise<void>) | undefined;
  private value: Secret | undefined;

  constructor(
    private readonly guard: MessageGuard | undefined,
    private readonly call: Pick<CognitoCall, 'userPoolId' | 'attributeName'>,
    private readonly failed: FailedCall,
  ) {}

  get isGuarded(): boolean {
    return this.guard !== undefined;
  }

  /** The attribute has this value. */
  noteValue(value: Secret): void {
    this.value = value;
  }

  /**
   * To be called just before Cognito is asked, once for each message.
   * @param destination where the message will go. Default: the noted value
   * @throws ApplicationFailure where the message must wait, or never leaves
   */
  async ask(destination: Secret | undefined = this.value): Promise<void> {
    if (!this.guard) return;
    const { userPoolId, attributeName } = this.call;
    const admission = await this.guard.admit({ userPoolId, attributeName, destination });
    switch (admission.verdict) {
      case 'admitted':
        this.takeBack = admission.takeBack;
        return;
      case 'held':
        throw held(admission.reason, admission.retryAtMs, this.failed);
      case 'refused':
        throw refused(admission.reason);
      default:
        admission satisfies never;
    }
  }

  /** A code that went to the noted value was right. The answer does not wait until the guard has learnt it. */
  noteProven(): void {
    const { value: destination } = this;
    const { userPoolId, attributeName } = this.call;
    if (!destination) return;
    this.guard?.proven({ userPoolId, attributeName, destination }).catch((error: unknown) => {
      log.warn('The guard could not be told of a right code', { reason: failureName(error) });
    });
  }

  /**
   * The send has failed. A try that Temporal repeats had no effect, so that the repeat counts the message anew and not a second
   * time.
   */
  async giveUp(error: unknown): Promise<void> {
    const mayHaveLeft = this.failed.asked === true && readFailure(error).send === 'uncertain';
    if (mayHaveLeft) return;
    try {
      await this.takeBack?.();
    } catch {
      // A guard of somebody's own may fail, and Cognito's answer is what counts.
    }
  }
}

/**
 * A workflow of an older release takes it for a rate limit of Cognito, and sends again after a wait of its own. The token is proven
 * only where the attribute was read with it.
 */
function held(reason: HeldReason, retryAtMs: number, { attribute }: FailedCall): ApplicationFailure {
  const retryAt = new Date(retryAtMs).toISOString();
  const details: FailureDetails<SendFailure> = { failure: 'rateLimited', held: reason, retryAt, attribute };
  return ApplicationFailure.create({
    type: reason,
    message: `${WHY_HELD[reason] ?? reason}. Cognito was not asked. It is to be asked for again from ${retryAt}.`,
    nonRetryable: true,
    category: ApplicationFailureCategory.BENIGN,
    details: [details],
  });
}

const REMEDIES: Record<RefusedReason, string> = {
  CountryNotAllowed:
    'No code is sent to numbers of this country. The user needs another number, or the operator of the workers must name the country in VERIFICATION_SMS_COUNTRIES.',
  NumberKindNotAllowed:
    'No code is sent to numbers of this kind, such as premium-rate ones. The user needs another number.',
};

function refused(reason: RefusedReason): ApplicationFailure {
  const details: FailureDetails<SendFailure> = { failure: 'failed' };
  return ApplicationFailure.create({
    type: reason,
    message: `${REMEDIES[reason]} Cognito was not asked.`,
    nonRetryable: true,
    details: [details],
  });
}
