/**
 * A query that waited for a worker sees events that no workflow task has handled yet. Its answer, and the worker's memory
 * afterwards, must match the history. The tests use the real server, which dispatches queries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getStatus, type VerificationStatus, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { QueryNotRegisteredError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { startWorkerProcess, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** The worker takes the query or the workflow task first, by chance: enough verifications for both cases. */
const VERIFICATIONS = 10;

const rig = useRig('local');

const handleOf = (workflowId: string) => rig.env.client.workflow.getHandle(workflowId);
const historyOf = async (workflowId: string) => (await handleOf(workflowId).fetchHistory()).events ?? [];

/** Undefined if it was refused. */
async function ask(workflowId: string): Promise<VerificationStatus | undefined> {
  try {
    return await rig.env.client.connection.withDeadline(Date.now() + 90_000, () =>
      handleOf(workflowId).query(getStatus.name),
    );
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return undefined;
    throw error;
  }
}

/** When the workflow task with the time-out began; undefined until it is done. */
async function toldAt(workflowId: string): Promise<string | undefined> {
  const events = await historyOf(workflowId);
  const timedOut = events.findIndex((event) => event.activityTaskTimedOutEventAttributes);
  if (timedOut < 0) return undefined;
  const completed = events.slice(timedOut).find((event) => event.workflowTaskCompletedEventAttributes);
  const startedId = String(completed?.workflowTaskCompletedEventAttributes?.startedEventId);
  const { seconds, nanos } = events.find(({ eventId }) => String(eventId) === startedId)?.eventTime ?? {};
  return completed && new Date(Number(seconds) * 1_000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}

it('a query before the workflow task shows no other time than the task, and none stays in memory', async () => {
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
  // The server tries the killed worker's own queue first. After that, each query waits for any worker.
  await sleep(8_000);
  const queries = workflowIds.map(ask);
  for (const workflowId of workflowIds) {
    await expect
      .poll(async () => (await historyOf(workflowId)).some((event) => event.activityTaskTimedOutEventAttributes))
      .toBe(true);
  }
  const second = await startWorkerProcess(rig, taskQueue);
  try {
    const answers = await Promise.all(queries);
    const taskTimes = await Promise.all(
      workflowIds.map(async (workflowId) => {
        await expect.poll(() => toldAt(workflowId)).toBeDefined();
        return await toldAt(workflowId);
      }),
    );
    const times = (status: VerificationStatus | undefined) => status?.sends.map(({ at }) => at);
    expect(answers.map(times)).toEqual(taskTimes.map((at, index) => answers[index] && [at]));
    const statuses = await Promise.all(workflowIds.map(ask));
    expect(statuses.map(times)).toEqual(taskTimes.map((at) => [at]));
  } finally {
    await second.end('SIGTERM');
  }
}, 150_000);
