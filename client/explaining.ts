import { type Client, QueryNotRegisteredError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Challenge } from './challenge.js';
import {
  TemporalUnavailableError,
  VerificationEndedError,
  VerificationError,
  VerificationFailedError,
  VerificationNotFoundError,
  WorkerUnavailableError,
} from './errors.js';
import { whyElsewhere } from './other-task-queue.js';
import { endedMeanwhile } from './repeated-update.js';
import { type Named, type Run, type Runs, SERVER_TIMEOUT_MS } from './runs.js';
import { type CallTarget, errorOfService, isDeadline, isUnavailable, workerUnavailable } from './service-errors.js';
import { whyStalled, whyUnopened } from './stalled.js';

/** What it takes to find out more about an error. */
interface Calls {
  readonly client: Client;
  readonly taskQueue: string;
  readonly runs: Runs;
  within<T>(call: () => Promise<T>, mostMs: number): Promise<T>;
  whyAway(error: unknown): TemporalUnavailableError | undefined;
}

/** The typed error for an error of Temporal's. Asks Temporal where the error alone does not say enough. */
export async function explain(
  calls: Calls,
  error: unknown,
  named: Named,
  challenge?: Challenge,
): Promise<VerificationError> {
  const { workflowId } = named;
  if (error instanceof VerificationError) return error;
  if (error instanceof WorkflowNotFoundError) return await whyNotFound(calls, named, error);
  if (endedMeanwhile(error)) {
    const outcome = await calls.runs.outcomeIfEnded(named);
    if (outcome?.failure) return new VerificationFailedError(workflowId, outcome.failure, { cause: error });
    return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause: error });
  }
  if (isDeadline(error)) return await whyNoAnswer(calls, named, error);
  const away = isUnavailable(error) ? calls.whyAway(error) : undefined;
  if (away) return away;
  const explained = errorOfService(error, targetOf(calls, workflowId), challenge);
  // While the workflow ends it refuses messages, and has no result yet.
  if (explained instanceof VerificationEndedError && !explained.outcome) {
    const outcome = await calls.runs.outcomeIfEnded(named);
    return new VerificationEndedError(workflowId, outcome, outcome?.status ?? explained.status, { cause: error });
  }
  if (!(explained instanceof WorkerUnavailableError)) return explained;
  const stall = await whyStuck(calls, named);
  if (stall || !(error instanceof QueryNotRegisteredError)) return stall ?? explained;
  return (await onRun(calls, named, whyUnopened)) ?? explained;
}

/**
 * Why no worker goes on with the verification: one has tried and cannot, or it is on another task queue. Undefined where that is not
 * so, or could not be found out.
 */
export async function whyStuck(calls: Calls, named: Named): Promise<VerificationError | undefined> {
  return await onRun(
    calls,
    named,
    async (client, target, run) =>
      (await whyStalled(client, target)) ?? (await whyElsewhere(calls, named.workflowId, run)),
  );
}

/** If one is open, the run that was asked has ended, and somebody has started a new one since. */
async function whyNotFound({ runs }: Calls, named: Named, cause: unknown): Promise<VerificationError> {
  const { workflowId, run } = named;
  const found = await runs.find(named);
  if (found === 'absent') {
    const missing = run !== undefined && (await runs.find({ workflowId })) !== 'absent' ? run : undefined;
    return new VerificationNotFoundError(workflowId, { cause }, missing);
  }
  const outcome = found === 'open' ? undefined : found;
  return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause });
}

/** A worker that runs may wait itself: nothing tells it that the server hands out no calls. */
const TOO_LONG =
  'it took longer than this client waits; or its calls wait in a task queue that is paused or limited: cognito-verification limits';

/** Finds out whether Temporal or the worker is unavailable: both show as a passed deadline. */
async function whyNoAnswer(calls: Calls, named: Named, cause: unknown): Promise<VerificationError> {
  try {
    await calls.within(() => calls.client.workflowService.getSystemInfo({}), SERVER_TIMEOUT_MS);
  } catch {
    return new TemporalUnavailableError('The Temporal Service gave no answer in time.', { cause });
  }
  const stuck = await whyStuck(calls, named);
  return stuck ?? workerUnavailable(targetOf(calls, named.workflowId), TOO_LONG, cause);
}

/** What `find` finds about the run, if it is open. Undefined where that fails: it only says more about another error. */
async function onRun<T>(
  calls: Calls,
  named: Named,
  find: (client: Client, target: CallTarget & { runId: string }, run: Run) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await calls.within(async () => {
      const run = await calls.runs.newest(named);
      const target = { ...targetOf(calls, named.workflowId), runId: run.runId };
      return run.open ? await find(calls.client, target, run) : undefined;
    }, SERVER_TIMEOUT_MS);
  } catch {
    return undefined;
  }
}

function targetOf({ client, taskQueue }: Calls, workflowId: string): CallTarget {
  return { workflowId, namespace: client.options.namespace, taskQueue };
}
