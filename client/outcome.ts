import { boundedFailure, type VerificationOutcome } from '@cognito-verification/contract';
import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import type { Challenge } from './challenge.js';
import { describeFailure, statusOfFailure } from './failure-errors.js';

/** The failure types of an end that the workflow did not decide. */
export const END_BY_TEMPORAL = {
  /** An operator terminated it. */
  terminated: 'Terminated',
  /** Temporal's own timeout for the whole workflow has passed. */
  timedOut: 'TimedOut',
} as const;

/**
 * The outcome of a verification that ended without completing. Temporal's Canceled is the outcome `cancelled`. An end by an
 * operator or by Temporal's own timeout is `failed`, because a person must look.
 * @param challenge the run that was asked: a status of another one is left out
 */
export function outcomeOfFailure(error: WorkflowFailedError, challenge: Challenge): VerificationOutcome {
  const { cause } = error;
  if (cause instanceof CancelledFailure) return { outcome: 'cancelled' };
  if (cause instanceof TerminatedFailure) {
    return { outcome: 'failed', failure: boundedFailure(END_BY_TEMPORAL.terminated, cause.message) };
  }
  if (cause instanceof TimeoutFailure) {
    return { outcome: 'failed', failure: boundedFailure(END_BY_TEMPORAL.timedOut, cause.message) };
  }
  return { outcome: 'failed', failure: describeFailure(cause), status: statusOfFailure(cause, challenge) };
}
