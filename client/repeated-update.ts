import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURE_TYPES } from '@cognito-verification/contract';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { isFailedPrecondition } from './service-errors.js';

/** One workflow task takes milliseconds, and a few can fail in a row where messages come in a burst: 3 s in all. */
const TRIES = 6;
const FIRST_DELAY_MS = 100;

/**
 * Sends an update, and sends it again while the server refuses it for a reason that passes. Its id makes the
 * repetition the same update: it is taken once.
 */
export async function repeatUpdate<T>(
  send: () => Promise<T>,
  passes: (error: unknown) => boolean = workflowTaskFailed,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      if (tries === TRIES || !passes(error)) throw error;
      await sleep(FIRST_DELAY_MS * 2 ** (tries - 1));
    }
  }
}

/**
 * "Unexpected workflow task failure": a signal or a cancel request came while the workflow was about to end, so the
 * server has the task done again and drops the updates that were in it. A worker that is broken looks the same.
 */
export function workflowTaskFailed(error: unknown): boolean {
  return isFailedPrecondition(error);
}

/** Whether a start met a run that was just closing, so that the next try starts a new one. */
export function metClosingRun(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || updateFailureType(error) === FAILURE_TYPES.verificationEnded;
}

/** The server's own word for an update that was accepted and got no answer before the workflow closed. */
export function endedMeanwhile(error: unknown): boolean {
  return updateFailureType(error) === 'AcceptedUpdateCompletedWorkflow';
}

function updateFailureType(error: unknown): string | null | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}
