import type { VerificationOutcome } from '@cognito-verification/contract';
import { VerificationOpenError } from './errors.js';
import { END_BY_TEMPORAL } from './outcome.js';
import type { Named } from './runs.js';
import type { ServiceCalls } from './service-calls.js';
import { isDeadline } from './service-errors.js';

/**
 * Waits until the verification has ended.
 * @param timeoutMs undefined to wait for ever
 * @throws VerificationOpenError when the time is over and the verification is still open.
 * @throws WorkerUnavailableError, SealingError when the time is over and a worker runs that cannot go on with it.
 */
export async function waitForOutcome(
  calls: ServiceCalls,
  named: Named,
  timeoutMs: number | undefined,
): Promise<VerificationOutcome> {
  try {
    const read = () => calls.runs.outcome(named);
    const outcome = await calls.within(read, timeoutMs);
    return await withLastStatus(calls, named, outcome);
  } catch (error) {
    calls.spendReserve();
    if (!isDeadline(error) || calls.wasAborted()) throw await calls.explain(error, named);
    // A Temporal Service that became unavailable looks the same. Then this question throws.
    const ended = (await calls.runOf(named)).open ? undefined : await calls.runs.outcomeIfEnded(named);
    if (ended) return await withLastStatus(calls, named, ended);
    const status = await calls.status(named, calls.halfMs()).catch(() => undefined);
    const stall = status ? undefined : await calls.stall(named);
    if (stall) throw stall;
    throw new VerificationOpenError(named.workflowId, status, { cause: error });
  }
}

/** Adds the status: Temporal keeps no result of a cancelled or failed verification, but its workflow still answers. */
async function withLastStatus(
  calls: ServiceCalls,
  named: Named,
  outcome: VerificationOutcome,
): Promise<VerificationOutcome> {
  const endedByTemporal = Object.values(END_BY_TEMPORAL).some((type) => type === outcome.failure?.type);
  if (outcome.status || endedByTemporal) return outcome;
  const status = await calls.status(named).catch(() => undefined);
  // A status in another state is of a run that was started later.
  return status?.state === outcome.outcome ? { ...outcome, status } : outcome;
}
