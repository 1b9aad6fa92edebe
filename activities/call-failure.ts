/** The failure with which a call to Cognito leaves its activity: typed, without a secret, and retryable or not. */
import { isKeyMissing } from '@cognito-verification/codec/provenance';
import { CALL_FAILURE_TYPES, type Secret } from '@cognito-verification/contract';
import { ApplicationFailure, activityInfo, CancelledFailure, cancellationDetails } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { AttributeSnapshot } from './attribute-snapshot.js';
import { type AttemptFailure, failureName, type Reading, readFailure, type SendFailure } from './failures.js';

/** The first of the `details` of a failure of these activities: what it means to the workflow. */
export interface FailureDetails<Failure> {
  failure: Failure;
  /** See `Reading`. */
  dailyEmailLimit?: true;
  /** For a ticket with AWS. */
  requestId?: string;
  /** As it was before a send that failed. */
  attribute?: AttributeSnapshot;
}

/** Full jitter between nothing and this, doubling from the first to the last (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
const BACKOFF = { firstMs: 1_000, mostMs: 30_000 };

/** The call that failed. */
interface FailedCall {
  /** Which column of the table applies. */
  call: 'send' | 'attempt';
  /** What the message must not hold. */
  secrets: readonly Secret[];
  /** Whether an unknown outcome may be asked for again. */
  repeatable?: boolean;
  /** For a send: the attribute as it was before. */
  attribute?: AttributeSnapshot;
}

/**
 * The failure that leaves the activity. Only what is certain to have had no effect is retryable; throttling is benign,
 * so that a busy hour does not read as an outage in logs and metrics.
 */
export function failureOf(
  error: unknown,
  { call, secrets, repeatable = false, attribute }: FailedCall,
): ApplicationFailure | CancelledFailure {
  // Only a cancellation, or the end of the workflow, is one. After a pause, a reset or the end of a worker Temporal runs a
  // "cancelled" activity again, and this one may have had its effect.
  const cancellation = cancellationDetails();
  if (cancellation?.cancelRequested || cancellation?.notFound)
    return new CancelledFailure('cancelled while Cognito was being asked');
  const reading = readFailure(error);
  const failure = reading[call];
  const retryable = failure === 'throttled' || failure === 'unreachable' || (repeatable && failure === 'uncertain');
  const requestId = (error as { $metadata?: { requestId?: string } }).$metadata?.requestId;
  const details: FailureDetails<SendFailure | AttemptFailure> = {
    failure,
    ...(reading.dailyEmailLimit ? { dailyEmailLimit: true } : {}),
    ...(requestId ? { requestId } : {}),
    ...(attribute ? { attribute } : {}),
  };
  return ApplicationFailure.create({
    type: failureName(error),
    message: messageOf(error, reading, secrets),
    nonRetryable: !retryable,
    ...(retryable ? { nextRetryDelay: jitteredDelayMs(activityInfo().attempt) } : {}),
    ...(failure === 'throttled' || failure === 'mismatch' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    details: [details],
  });
}

/**
 * Hands on the input of a call, unless it is what a worker's codec puts in place of a payload that it cannot open. Nothing
 * has left the house then. Where a key is missing another worker may have it, or this one in a moment; else trying again
 * would not help.
 * @throws ApplicationFailure
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

/** Cognito's text and the remedy. A validation text can quote the input, also in part, hence the redaction. */
function messageOf(error: unknown, { remedy }: Reading, secrets: readonly Secret[]): string {
  let text = error instanceof Error ? error.message : String(error);
  for (const secret of secrets) text = text.replaceAll(secret.reveal(), '[redacted]');
  text = text.replaceAll(/eyJ[\w-]{5,}(\.[\w-]*){0,2}/g, '[redacted]');
  const sentence = /[.!?]$/.test(text.trim()) ? text : `${text}.`;
  return [sentence.slice(0, 500), remedy].filter(Boolean).join(' ');
}

function jitteredDelayMs(attempt: number): number {
  const most = Math.min(BACKOFF.mostMs, BACKOFF.firstMs * 2 ** (attempt - 1));
  // Never quite zero: the server reads a delay of nothing as "use the retry policy's own".
  return 50 + Math.round(Math.random() * most);
}
