/** What the end of a call to a worker means: the answer of this run, or a failure as a verdict. */
import {
  boundedFailure,
  CALL_FAILURE_TYPES,
  cognitoTaskQueue,
  type HeldReason,
  isRecord,
  type VerificationFailure,
} from '@cognito-verification/contract';
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { FailureDetails } from '../activities/call-failure.js';
import type { Answer } from '../activities/cognito.js';
import type { AttemptFailure, SendFailure } from '../activities/failures.js';
import { awaitKey } from './missing-key.js';

// A distributive type: one object type for each verdict, so that TypeScript narrows by it.
/** A call that failed. */
export type FailedCall<Failure> = Failure extends unknown
  ? {
      verdict: Failure;
      failure: VerificationFailure;
      /** The rate limit is that of the account's e-mails of the day. */
      dailyEmailLimit?: true | undefined;
      /** The guard of the worker keeps the message back: Cognito was not asked. */
      held?: HeldReason | undefined;
      /** From when the guard may be asked again, ISO 8601. */
      retryAt?: string | undefined;
      /** As it was before a send, or after a code was called expired. */
      attribute?: AttributeSnapshot | undefined;
      /** See `MaybeDated`. */
      at?: string | undefined;
    }
  : never;

/** The call was made, and what came back cannot be its answer. */
class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
}

/**
 * Whether an error tells that a call has ended. A cancellation does not, and neither does the lack of a key: it fails the
 * workflow task, until the key is back.
 */
export function endsCall(error: unknown): error is AnswerLost | TemporalFailure {
  return error instanceof AnswerLost || (error instanceof TemporalFailure && !isCancellation(error));
}

/**
 * The answer to a call. Anyone with write access to the namespace can complete an activity, but only a worker can give an
 * answer of this run.
 * @throws an error for which `endsCall` holds, or the lack of a key
 */
export function answerTo<Result extends Answer>({ runId }: Answer, answer: Result): Result {
  awaitKey(answer);
  if (answer instanceof Error) throw new AnswerLost(answer.message);
  if (typeof answer !== 'object' || answer === null) throw new AnswerLost('none');
  if (answer.runId !== runId) throw new AnswerLost('that of an earlier verification');
  return answer;
}

/**
 * The verdict of a call that failed.
 * @throws the error where it does not tell that the call has ended
 */
export function verdictOnFailure<Failure extends SendFailure | AttemptFailure>(error: unknown): FailedCall<Failure> {
  // Type and message are text from outside, which every status repeats.
  const failedCall = (
    verdict: Failure | 'uncertain' | 'unreachable',
    type: string | null | undefined,
    message: string,
  ) => ({ verdict, failure: boundedFailure(type, message) }) as FailedCall<Failure>;
  if (!endsCall(error)) throw error;
  if (error instanceof AnswerLost) {
    const message = `What came back from the call is ${error.message}.`;
    return failedCall('uncertain', CALL_FAILURE_TYPES.answerLost, message);
  }
  // The failure of an activity has a frame, and that of a local activity has none.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const details: unknown = awaitKey(cause.details?.[0]);
    if (isRecord(details) && 'failure' in details) {
      const { failure, ...facts } = details as unknown as FailureDetails<Failure>;
      const { dailyEmailLimit, held, retryAt, attribute, oldValue, at } = facts;
      const told = { dailyEmailLimit, held, retryAt, attribute, oldValue, at };
      return { ...failedCall(failure, cause.type, cause.message), ...told };
    }
  }
  if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
    const queue = cognitoTaskQueue(workflowInfo().taskQueue);
    return failedCall(
      'unreachable',
      CALL_FAILURE_TYPES.noWorker,
      `No worker took the call from the task queue ${queue} in time: none runs, or the queue is paused or limited (cognito-verification limits).`,
    );
  }
  // A time-out while a worker had it, a dead worker, or an error of ours in the activity: it may have had its effect.
  return failedCall('uncertain', cause?.name, cause?.message ?? error.message);
}
