import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURE_TYPES, idOfNextStart } from '@cognito-verification/contract';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { isFailedPrecondition } from './service-errors.js';

/** One workflow task takes milliseconds. A few can fail in a row when many messages arrive at once. The tries take 3 s in all. */
const TRIES = 6;
const FIRST_DELAY_MS = 100;

/**
 * Sends an update, and sends it again while the server refuses it for a temporary reason. Its id makes the repetition the
 * same update, so the workflow takes it once.
 */
export async function repeatUpdate<T>(
  send: () => Promise<T>,
  isTemporary: (error: unknown) => boolean = workflowTaskFailed,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await send();
    } catch (error) {
      if (tries === TRIES || !isTemporary(error)) throw error;
      await sleep(FIRST_DELAY_MS * 2 ** (tries - 1));
    }
  }
}

/**
 * "Unexpected workflow task failure": a signal or a cancel request arrived while the workflow was about to end, so the
 * server repeats the task and drops the updates in it. A broken worker looks the same. `UnprocessedUpdate`: a crowd of messages
 * made the server begin another task before the worker had ended the first, and drop what that one had brought.
 */
function workflowTaskFailed(error: unknown): boolean {
  return isFailedPrecondition(error) || updateFailureType(error) === 'UnprocessedUpdate';
}

/**
 * Starts or joins. Where it joined a verification without attempts left, that one has ended by it, and keeps the answer under
 * the update's id. So the next verification is opened under another id, and joined under the first one, by which a later
 * repetition of the call finds its answer.
 * @param send starts or joins with the update id that it is given
 */
export async function repeatStart<T>(send: (updateId: string) => Promise<T>, updateId: string): Promise<T> {
  const start = (id: string) =>
    repeatUpdate(
      () => send(id),
      (error) => metClosingRun(error) || workflowTaskFailed(error),
    );
  try {
    return await start(updateId);
  } catch (error) {
    if (updateFailureType(error) !== FAILURE_TYPES.verificationEnded) throw error;
    await start(idOfNextStart(updateId));
    return await start(updateId);
  }
}

/** Whether a start met a run that was just closing. The next try starts a new run. */
function metClosingRun(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError;
}

/** Whether the workflow accepted the update and closed before it answered. The failure type is the server's. */
export function endedMeanwhile(error: unknown): boolean {
  return updateFailureType(error) === 'AcceptedUpdateCompletedWorkflow';
}

function updateFailureType(error: unknown): string | null | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}
