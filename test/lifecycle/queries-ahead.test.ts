/**
 * A query that waits for a worker is shown what has happened meanwhile, also what no workflow task has handled yet. What it
 * says of it, and what the worker keeps in memory afterwards, must be what the history says: on the real server, which
 * hands queries over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getStatus, type VerificationStatus, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { QueryNotRegisteredError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { startWorkerProcess, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** The worker takes the query first or the workflow task, as it happens: enough of them for both. */
const VERIFICATIONS = 10;

const rig = useRig('local');

const handleOf = (workflowId: string) => rig.env.client.workflow.getHandle(workflowId);
const historyOf = async (workflowId: string) => (await handleOf(workflowId).fetchHistory()).events ?? [];

/** Undefined where it was refused. */
async function ask(workflowId: string): Promise<VerificationStatus | undefined> {
  try {
    return await rig.env.client.connection.withDeadline(Date.now() + 90_000, () =>
      handleOf(workflowId).query(getStatus),
    );
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return undefined;
    throw error;
  }
}

/** When the workflow task began that was told of the time-out; undefined until it is through. */
async function toldAt(workflowId: string): Promise<string | undefined> {
  const events = await historyOf(workflowId);
  const timedOut = events.findIndex((event) => event.activityTaskTimedOutEventAttributes);
  if (timedOut < 0) return undefined;
  const completed = events.slice(timedOut).find((event) => event.workflowTaskCompletedEventAttributes);
  const startedId = String(completed?.workflowTaskCompletedEventAttributes?.startedEventId);
  const { seconds, nanos } = events.find(({ eventId }) => String(eventId) === startedId)?.eventTime ?? {};
  return completed && new Date(Number(seconds) * 1_000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}

it('a query that comes before the workflow task tells no other time than the task, and none stays in memory', async () => {
  const taskQueue = `${rig.taskQueue}-ahead`;
  const first = await startWorkerProcess(rig, taskQueue);
  const workflowIds = await Promise.all(
    Array.from({ length: VERIFICATIONS }, async () => {
      const user = await rig.user();
      rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: 45_000, afterEffect: true });
      const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
      await rig.env.client.workflow.start(WORKFLOW_TYPE, {
        taskQueue,
        workflowId,
        args: [{ accessToken: user.accessToken, attributeName: 'email' }],
      });
      await expect.poll(() => rig.sandbox.inbox(user).length).toBe(1);
      return workflowId;
    }),
  );
  await first.end('SIGKILL');
  // The killed worker's own queue is tried first. Nobody is there, and so each waits for whichever worker comes.
  await sleep(8_000);
  const asked = workflowIds.map(ask);
  for (const workflowId of workflowIds) {
    await expect
      .poll(async () => (await historyOf(workflowId)).some((event) => event.activityTaskTimedOutEventAttributes))
      .toBe(true);
  }
  const second = await startWorkerProcess(rig, taskQueue);
  try {
    const answers = await Promise.all(asked);
    const told = await Promise.all(
      workflowIds.map(async (workflowId) => {
        await expect.poll(() => toldAt(workflowId)).toBeDefined();
        return await toldAt(workflowId);
      }),
    );
    const times = (status: VerificationStatus | undefined) => status?.sends.map(({ at }) => at);
    expect(answers.map(times)).toEqual(told.map((at, index) => answers[index] && [at]));
    const kept = await Promise.all(workflowIds.map(ask));
    expect(kept.map(times)).toEqual(told.map((at) => [at]));
  } finally {
    await second.end('SIGTERM');
  }
}, 150_000);
