/** The end of a call to Cognito, as those are told who count calls. */
import { type AttributeName, isRecord } from '@cognito-verification/contract';
import { ApplicationFailure, type CancelledFailure } from '@temporalio/activity';
import type { CallKind } from './allowance.js';
import type { CognitoCall } from './cognito.js';
import { failureName, readFailure } from './failures.js';

/** A call that has ended. It holds no secret, and nothing personal. */
export interface EndedCall {
  readonly call: CallKind;
  readonly userPoolId: string;
  readonly attributeName: AttributeName;
  /**
   * `sent`, `alreadyVerified`, `accepted`, `read`, `cancelled`, `held` (the guard keeps the message back), or a `SendFailure` or
   * `AttemptFailure`.
   */
  readonly outcome: string;
  /** Cognito's name for the failure, the network's code, or one of our own types. Absent where the call succeeded. */
  readonly reason?: string | undefined;
}

type End = Pick<EndedCall, 'outcome' | 'reason'>;

/** How a call ended that was answered. */
export function endOfAnswer(answer: object): End {
  if ('delivery' in answer) return { outcome: 'sent' };
  if ('alreadyVerified' in answer) return { outcome: 'alreadyVerified' };
  return { outcome: 'accepted' in answer ? 'accepted' : 'read' };
}

/** How a call ended that failed. */
export function endOfFailure(failure: ApplicationFailure | CancelledFailure): End {
  if (!(failure instanceof ApplicationFailure)) return { outcome: 'cancelled' };
  const details: unknown = failure.details?.[0];
  const reason = failure.type ?? undefined;
  if (!isRecord(details)) return { outcome: 'failed', reason };
  // To the workflow a message that the guard holds is a limit like any other; Cognito was not asked.
  return { outcome: details['held'] ? 'held' : String(details['failure']), reason };
}

/** A look that was a part of another call, and failed. */
export function failedLook({ userPoolId, attributeName }: CognitoCall, error: unknown): EndedCall {
  return { call: 'look', userPoolId, attributeName, outcome: readFailure(error).attempt, reason: failureName(error) };
}
