/** What each update has in common: its stamp is checked before, and its answer says which message it answers. */
import {
  InvalidInputError,
  type MessageKind,
  type Stamped,
  type SubmitCodeAnswer,
  unstamped,
  type VerificationStatus,
} from '@cognito-verification/contract';
import type { UpdateDefinition } from '@temporalio/common';
import { currentUpdateInfo, log } from '@temporalio/workflow';
import { refused, stampedFailure } from './refusals.js';
import type { Verification } from './verification.js';

/** Lets each answer of a handler, and the status in each failure, say which message it answers. */
export function answering<Input, Answer extends VerificationStatus | SubmitCodeAnswer>(
  { stamps }: Verification,
  { name: kind }: UpdateDefinition<Answer, [Stamped<Input>], MessageKind>,
  answer: (input: Stamped<Input>) => Promise<Answer>,
): (input: Stamped<Input>) => Promise<Answer> {
  return async (input) => {
    const stamp = stamps.answerTo(input, kind);
    try {
      const answered = await answer(input);
      return 'status' in answered ? { ...answered, status: { ...answered.status, stamp } } : { ...answered, stamp };
    } catch (error) {
      throw stampedFailure(error, stamp);
    }
  };
}

/** Refuses a message by its stamp and by its fields, and turns what is thrown into what may leave a validator. */
export function refusing(
  { stamps }: Verification,
  kind: MessageKind,
  check: (message: unknown, checked: boolean) => void,
): (input?: unknown) => void {
  return (input) => {
    try {
      const { proven } = stamps.check(input, kind, currentUpdateInfo()?.id);
      check(unstamped(input).message, proven === true);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw stampedFailure(error, stamps.answerTo(input, kind));
      // It leaves no trace in the history, so the log tells of the try.
      if (error.field.startsWith('stamp')) log.warn(`Refused a message: ${error.message}`);
      throw refused(error.type, error.message, { field: error.field });
    }
  };
}
