import type { VerificationOutcome } from '@cognito-verification/contract';
import { VerificationOpenError } from './errors.js';
import { END_BY_TEMPORAL } from './outcome.js';
import type { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';

/**
 * Waits until the verification has ended, for ever unless there is a time limit.
 * @throws VerificationOpenError when the time is over and the verification is not.
 */
export async function waitForOutcome(
  calls: ServiceCalls,
  workflowId: string,
  timeoutMs: number | undefined,
): Promise<VerificationOutcome> {
  try {
    const read = () => calls.outcome(workflowId);
    const outcome = await (timeoutMs === undefined ? read() : calls.within(timeoutMs, read));
    return await withLastStatus(calls, workflowId, outcome);
  } catch (error) {
    if (!isDeadline(error)) throw await calls.explain(error, workflowId);
    // A Temporal that went away while we waited looks the same; being asked, it tells itself apart by an error.
    const ended = (await calls.isOpen(workflowId)) ? undefined : await calls.outcomeIfEnded(workflowId);
    if (ended) return await withLastStatus(calls, workflowId, ended);
    const status = await calls.status(workflowId).catch(() => undefined);
    throw new VerificationOpenError(workflowId, status, { cause: error });
  }
}

/** Temporal keeps no result for a verification that was cancelled or failed, but the workflow still knows its status. */
async function withLastStatus(
  calls: ServiceCalls,
  workflowId: string,
  outcome: VerificationOutcome,
): Promise<VerificationOutcome> {
  const silent = Object.values(END_BY_TEMPORAL).some((type) => type === outcome.failure?.type);
  if (outcome.status || silent) return outcome;
  const status = await calls.status(workflowId).catch(() => undefined);
  // A status in another state is of a run that was started since.
  return status?.state === outcome.outcome ? { ...outcome, status } : outcome;
}
