import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { OtherTaskQueueError } from './errors.js';
import { type Run, type Runs, SERVER_TIMEOUT_MS } from './runs.js';

/** What it takes to find out where a verification is, and to end it. */
interface Calls {
  readonly client: Client;
  readonly taskQueue: string;
  readonly runs: Runs;
  within<T>(call: () => Promise<T>, mostMs: number): Promise<T>;
}

/** How long a worker of the other task queue has to end a verification that is taken over. */
const TIME_TO_END_MS = 10_000;
const LOOK_AGAIN_MS = 200;

/** The error for an open run that is on another task queue than this client's; undefined for any other run. */
export async function whyElsewhere(
  calls: Calls,
  workflowId: string,
  run: Run,
): Promise<OtherTaskQueueError | undefined> {
  if (!run.open || run.taskQueue === calls.taskQueue) return undefined;
  return new OtherTaskQueueError(workflowId, calls.taskQueue, run.taskQueue, await hasPollers(calls, run.taskQueue));
}

/**
 * Ends a verification on another task queue, so that the next start opens one on this client's: its worker is asked to, and
 * where none does within ten seconds and none was seen, Temporal ends it. The next one counts its sends and attempts.
 * @throws OtherTaskQueueError if a worker was seen, and has not ended it
 */
export async function endElsewhere(calls: Calls, workflowId: string): Promise<void> {
  const run = await calls.within(() => calls.runs.describe(workflowId), SERVER_TIMEOUT_MS);
  if (!run.open || run.taskQueue === calls.taskQueue) return;
  const handle = calls.client.workflow.getHandle(workflowId, run.runId);
  await onOpen(() => calls.within(() => handle.cancel(), SERVER_TIMEOUT_MS));
  const untilMs = Date.now() + TIME_TO_END_MS;
  while (await isOpen(calls, workflowId, run.runId)) {
    if (Date.now() < untilMs) {
      await sleep(LOOK_AGAIN_MS);
      continue;
    }
    const elsewhere = await whyElsewhere(calls, workflowId, run);
    if (elsewhere?.hasPollers !== false) throw elsewhere;
    const reason = `taken over by a start on task queue ${calls.taskQueue}; no worker was seen on ${run.taskQueue}`;
    await onOpen(() => calls.within(() => handle.terminate(reason), SERVER_TIMEOUT_MS));
    return;
  }
}

async function isOpen(calls: Calls, workflowId: string, runId: string): Promise<boolean> {
  return (await calls.within(() => calls.runs.describe(workflowId, runId), SERVER_TIMEOUT_MS)).open;
}

/** That it has ended meanwhile is what was wanted. */
async function onOpen(end: () => Promise<unknown>): Promise<void> {
  try {
    await end();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Whether a worker has asked for work within the last five minutes, as the server remembers it. Undefined if it does not say. */
async function hasPollers(calls: Calls, name: string): Promise<boolean | undefined> {
  const { client } = calls;
  const { namespace } = client.options;
  try {
    // Without a type the server takes that of the tasks of workflows.
    const request = { namespace, taskQueue: { name } };
    const { pollers } = await calls.within(() => client.workflowService.describeTaskQueue(request), SERVER_TIMEOUT_MS);
    return (pollers ?? []).length > 0;
  } catch {
    return undefined;
  }
}
