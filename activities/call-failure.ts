/** The failure of a call to Cognito as its activity throws it: typed, without a secret, retryable or not. */
import { isKeyMissing } from '@cognito-verification/codec/provenance';
import {
  type AttributeName,
  attributeUnreadable,
  CALL_FAILURE_TYPES,
  defined,
  type HeldReason,
  PROOF_FAILURE_TYPES,
  type Secret,
} from '@cognito-verification/contract';
import { ApplicationFailure, activityInfo, CancelledFailure, cancellationDetails } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { redactText } from '../log/redact-text.js';
import type { AttributeSnapshot } from './attribute-snapshot.js';
import type { MaybeDated, MaybeLate, SendCodeResult } from './cognito.js';
import { CognitoRefusal } from './cognito-answer.js';
import { type AttemptFailure, failureName, type Reading, readFailure, type SendFailure } from './failures.js';

/** The first of a failure's `details`: what the failure means to the workflow. */
export interface FailureDetails<Failure> extends MaybeLate, MaybeDated {
  failure: Failure;
  /** See `Reading`. */
  dailyEmailLimit?: true | undefined;
  /** With `rateLimited`: the guard keeps the message back for this reason, and Cognito was not asked. */
  held?: HeldReason | undefined;
  /** With `held`: from when the guard may be asked again, ISO 8601. */
  retryAt?: string | undefined;
  /** For a ticket with AWS. */
  requestId?: string | undefined;
  /** The attribute before the failed send, or after a code was called expired. */
  attribute?: AttributeSnapshot | undefined;
  /** With `newValue`: what has become of the old one, where Cognito may have changed it. */
  oldValue?: SendCodeResult['oldValue'];
}

/**
 * The least of each delay, and what chance adds: at most so much to the first, and to any; see "Exponential Backoff And Jitter" in the
 * AWS Architecture Blog. Never zero: the server reads a delay of zero as none, and uses the delay of the retry policy.
 */
export const BACKOFF = { leastMs: 50, firstMs: 1_000, maxMs: 30_000 } as const;

/** What a failure says about its call. */
export interface FailedCall {
  /** The column of the table that applies. */
  call: 'send' | 'attempt';
  /** The message must not hold these. */
  secrets: Secret[];
  /** Whether the call may be repeated after an unknown outcome. Default: no. */
  repeatable?: boolean | undefined;
  /** See `FailureDetails`. */
  attribute?: AttributeSnapshot | undefined;
  /** See `FailureDetails`. */
  oldValue?: SendCodeResult['oldValue'];
  /** Whether it goes on where its activity is cancelled, so that it has an answer all the same. Default: no. */
  direct?: boolean | undefined;
  /** The same of a send, from where Cognito is asked. */
  asked?: boolean | undefined;
}

/**
 * The failure to throw from the activity. It is retryable only if the call certainly had no effect. Throttling is benign, so
 * that a busy hour does not look like an outage in logs and metrics.
 */
export function failureOf(
  error: unknown,
  { call, secrets, repeatable = false, attribute, oldValue, direct = false, asked = false }: FailedCall,
): ApplicationFailure | CancelledFailure {
  // Only these two are real cancellations. After a pause, a reset or the shutdown of a worker Temporal runs a "cancelled"
  // activity again, and the call may have had its effect.
  const cancellation = direct || asked ? undefined : cancellationDetails();
  if (cancellation?.cancelRequested || cancellation?.notFound)
    return new CancelledFailure('cancelled while Cognito was being asked');
  if (error instanceof ApplicationFailure) return error;
  const reading = readFailure(error);
  const failure = reading[call];
  const retryable = failure === 'throttled' || failure === 'unreachable' || (repeatable && failure === 'uncertain');
  const details: FailureDetails<SendFailure | AttemptFailure> = {
    failure,
    dailyEmailLimit: reading.dailyEmailLimit,
    requestId: error instanceof CognitoRefusal ? error.requestId : undefined,
    attribute,
    oldValue,
  };
  const benign = failure === 'throttled' || failure === 'mismatch';
  return ApplicationFailure.create(
    defined({
      type: failureName(error, secrets),
      message: messageOf(error, reading, secrets),
      nonRetryable: !retryable,
      nextRetryDelay: retryable ? jitteredDelayMs(activityInfo().attempt) : undefined,
      category: benign ? ApplicationFailureCategory.BENIGN : undefined,
      details: [details],
    }),
  );
}

/**
 * Returns the input of a call, unless it is the Error that takes the place of a payload that the codec cannot open.
 * @throws ApplicationFailure for such an Error: no request was sent. It is retryable if only a key is missing, which another
 *   worker may have, or this one in a moment
 */
export function readable<Input>(input: Input): Input {
  if (!(input instanceof Error)) return input;
  const details: FailureDetails<SendFailure | AttemptFailure> = { failure: 'unreachable' };
  throw ApplicationFailure.create({
    type: CALL_FAILURE_TYPES.unreadableInput,
    message: `The call was not made. ${input.message}`,
    nonRetryable: !isKeyMissing(input),
    details: [details],
  });
}

/** The failure of a send that is not made, because Cognito does not show the value of the attribute. */
export function unreadableAttribute(attributeName: AttributeName): ApplicationFailure {
  const details: FailureDetails<SendFailure> = { failure: 'failed' };
  return ApplicationFailure.create({ ...attributeUnreadable(attributeName), nonRetryable: true, details: [details] });
}

/** The failure of a change that is not made, because nobody knows that the pool keeps the old value until the new one is verified. */
export function replacesAtOnce(attributeName: AttributeName, userPoolId: string): ApplicationFailure {
  const details: FailureDetails<SendFailure> = { failure: 'failed' };
  return ApplicationFailure.create({
    type: PROOF_FAILURE_TYPES.replacesAtOnce,
    message: `The worker does not know ${userPoolId} as a user pool that keeps the old ${attributeName} until the new one is verified, so nothing was changed. If it does (AttributesRequireVerificationBeforeUpdate), name it in VERIFICATION_KEEPING_USER_POOLS of the workers; otherwise start with replaceAtOnce.`,
    nonRetryable: true,
    details: [details],
  });
}

/** The failure of a change that Cognito has taken without naming a message: an earlier one may be the one that counts. */
export function noMessageNamed(
  attributeName: AttributeName,
  { attribute, oldValue }: Pick<FailedCall, 'attribute' | 'oldValue'>,
): ApplicationFailure {
  const details: FailureDetails<SendFailure> = { failure: 'uncertain', attribute, oldValue };
  return ApplicationFailure.create({
    type: CALL_FAILURE_TYPES.noMessageNamed,
    message: `Cognito took the new ${attributeName}, and names no message that it has sent. Where the same one was waiting already, the code of the earlier message counts.`,
    nonRetryable: true,
    details: [details],
  });
}

/** The failure of a change that is not made yet, because the attribute could not be read. */
export function unreadBefore(error: unknown, attributeName: AttributeName): ApplicationFailure {
  const details: FailureDetails<SendFailure> = { failure: 'unreachable' };
  return ApplicationFailure.create({
    type: failureName(error),
    message: `The ${attributeName} could not be read before the change. Nothing was changed.`,
    nextRetryDelay: jitteredDelayMs(activityInfo().attempt),
    details: [details],
  });
}

/** People get no more of Cognito's text than this many characters. */
const MAX_TEXT = 500;

/**
 * Cognito's text and the remedy. The text may come from a trigger, or quote the input, so it is redacted and shortened, and has
 * no character that would steer a terminal or turn the direction of reading.
 */
function messageOf(error: unknown, { remedy }: Reading, secrets: readonly Secret[]): string {
  let text = error instanceof Error ? error.message : String(error);
  // First, because a secret with such a character in it would not be found.
  text = text.replaceAll(/[\p{Cf}\p{Cs}]/gu, '').replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  for (const secret of secrets) text = text.replaceAll(secret.reveal(), '[redacted]');
  text = redactText(text)
    .trim()
    .slice(0, MAX_TEXT)
    .replace(/[\uD800-\uDBFF]$/, '');
  return [/[.!?]$/.test(text) ? text : `${text}.`, remedy].filter(Boolean).join(' ');
}

function jitteredDelayMs(attempt: number): number {
  const maxMs = Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** (attempt - 1));
  return BACKOFF.leastMs + Math.round(Math.random() * maxMs);
}
