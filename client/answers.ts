/** What a verification answers, as far as a caller relies on it. */
import {
  type AnswerStamp,
  ATTRIBUTE_NAMES,
  FINAL_STATES,
  isRecord,
  MESSAGE_KINDS,
  SUBMIT_CODE_RESULTS,
  type SubmitCodeAnswer,
  VERIFICATION_STATES,
  type VerificationOutcome,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { FORMS } from '@cognito-verification/contract/fields';
import { UnexpectedAnswerError } from './errors.js';

type Is<Answer> = (value: unknown) => value is Answer;

/**
 * Whether a value has the form of a status. Another kind of answer comes back where two messages share an update id, or where
 * something other than our worker runs on the task queue.
 */
export function isStatus(value: unknown): value is VerificationStatus {
  return (
    isRecord(value) &&
    oneOf(VERIFICATION_STATES, value['state']) &&
    oneOf(ATTRIBUTE_NAMES, value['attributeName']) &&
    isTime(value['expiresAt']) &&
    Array.isArray(value['sends']) &&
    Array.isArray(value['attempts']) &&
    Number.isInteger(value['sendsLeft']) &&
    Number.isInteger(value['attemptsLeft'])
  );
}

/** Whether a value has the form of the stamp in a status. */
export function isAnswerStamp(value: unknown): value is AnswerStamp {
  if (!isRecord(value) || !oneOf(MESSAGE_KINDS, value['kind'])) return false;
  const { runId, asked } = value;
  if (typeof runId !== 'string' || !FORMS.uuid.test(runId)) return false;
  return (
    isAbsent(asked) || (isRecord(asked) && typeof asked['key'] === 'string' && typeof asked['digest'] === 'string')
  );
}

/** Whether a value has the form of an answer to a code. */
export function isSubmitCodeAnswer(value: unknown): value is SubmitCodeAnswer {
  return isRecord(value) && oneOf(SUBMIT_CODE_RESULTS, value['result']) && isStatus(value['status']);
}

/** Whether a value has the form of an outcome. */
export function isOutcome(value: unknown): value is VerificationOutcome {
  if (!isRecord(value) || !oneOf(FINAL_STATES, value['outcome'])) return false;
  return isAbsent(value['status']) || isStatus(value['status']);
}

/**
 * The answer, if it has the form of its kind.
 * @throws UnexpectedAnswerError
 */
export function expected<Answer>(value: unknown, is: Is<Answer>, workflowId: string): Answer {
  if (is(value)) return value;
  throw new UnexpectedAnswerError(workflowId, 'does not have the form of an answer to this call');
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function oneOf(words: readonly string[], value: unknown): boolean {
  return words.some((word) => word === value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && FORMS.time.test(value);
}
