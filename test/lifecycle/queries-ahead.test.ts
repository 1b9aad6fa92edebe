/**
 * A query that waited for a worker sees events that no workflow task has handled yet. Its answer, and the worker's memory
 * afterwards, must match the history. The tests use the real server, which dispatches queries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import {
  codeConfirmed,
  getStatus,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { QueryNotRegisteredError } from '@temporalio/client';
import { expect, it, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { replayErrors } from '../replay-all.js';
import { startWorker, startWorkerProcess, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** The worker takes the query or the workflow task first, by chance: enough verifications for both cases. */
const VERIFICATIONS = 10;
/** How long a workflow task may take. */
const TASK_TIMEOUT_MS = 10_000;
/** Of verifications whose workflow task is lost. */
const LOST = 6;
/** The polls for workflow tasks that a worker has open. */
const POLLERS = 2;
/** How long a query waits for the worker that had the verification in memory. */
const STICKY_TIMEOUT = '4 seconds';

const rig = useRig('local');

const handleOf = (workflowId: string) => rig.env.client.workflow.getHandle(workflowId);
const historyOf = async (workflowId: string) => (await handleOf(workflowId).fetchHistory()).events ?? [];

/** Undefined if it was refused. */
async function ask(workflowId: string): Promise<VerificationStatus | undefined> {
  try {
    return await rig.env.client.connection.withDeadline(Date.now() + 90_000, () =>
      handleOf(workflowId).query(getStatus.name, {}),
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

/** Undefined if no worker answered. */
async function askOnce(workflowId: string): Promise<VerificationStatus | 'refused' | undefined> {
  const query = () => handleOf(workflowId).query<VerificationStatus, [object]>(getStatus.name, {});
  return await rig.env.client.connection.withDeadline(Date.now() + 25_000, query).catch((error: unknown) => {
    return error instanceof QueryNotRegisteredError ? 'refused' : undefined;
  });
}

/** A worker that takes workflow tasks, and dies. */
async function loseTasks(taskQueue: string, tasks: number): Promise<void> {
  const { connection } = rig.env;
  const poll = { namespace: 'default', taskQueue: { name: taskQueue }, identity: 'a worker that dies' };
  for (let lost = 0; lost < tasks; lost++)
    await connection.withDeadline(Date.now() + TASK_TIMEOUT_MS, () =>
      connection.workflowService.pollWorkflowTaskQueue(poll),
    );
}

it.each([
  { where: 'another worker has', waitMs: 0, stalls: false },
  { where: 'another worker has lost', waitMs: TASK_TIMEOUT_MS + 1_000, stalls: false },
  { where: 'another worker has, of a verification in memory', waitMs: 0, stalls: true },
])(
  'no query shows the workflow task that $where, and none stays in memory',
  async ({ waitMs, stalls }) => {
    const taskQueue = `${rig.taskQueue}-lost-${waitMs}-${stalls}`;
    const { env, userPools } = rig;
    const client = new VerificationClient({ client: env.client, userPools, taskQueue, timeout: '40 seconds' });
    const first = await startWorkerProcess(rig, taskQueue, {
      VERIFICATION_STICKY_TIMEOUT: STICKY_TIMEOUT,
      VERIFICATION_WORKFLOW_TASK_POLLERS: String(POLLERS),
    });
    const workflowIds = await Promise.all(
      Array.from({ length: LOST }, async () => {
        const { accessToken } = await rig.user();
        return (await client.start({ accessToken, attributeName: 'email' })).workflowId;
      }),
    );
    if (stalls) process.kill(first.pid, 'SIGSTOP');
    else await first.end('SIGKILL');
    // The queries wait for this worker, and the tasks for any.
    const asked = workflowIds.map(askOnce);
    await sleep(500);
    for (const workflowId of workflowIds)
      await env.connection.workflowService.resetStickyTaskQueue({ namespace: 'default', execution: { workflowId } });
    const confirmAll = () => Promise.all(workflowIds.map((id) => handleOf(id).signal(codeConfirmed.name, {})));
    await confirmAll();
    // The server has polls of a worker that stalls.
    await loseTasks(taskQueue, stalls ? LOST - POLLERS : LOST);
    if (waitMs > 0) {
      await sleep(waitMs);
      await confirmAll();
    }
    const submitted = workflowIds.map((workflowId) => client.submitCode(workflowId, { code: '000000' }));

    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    onTestFinished(() => cognito.destroy());
    const run = () => startWorker(rig, cognito, taskQueue, { maxCachedWorkflows: 2 * LOST });
    if (stalls) process.kill(first.pid, 'SIGCONT');
    const second = stalls ? { stop: () => first.end('SIGTERM') } : await run();
    const answers = await Promise.allSettled(submitted);
    const told = await Promise.all(asked);
    const statuses = () => Promise.all(workflowIds.map((workflowId) => client.status(workflowId)));
    const live = await statuses();
    await second.stop();
    const third = await run();
    // Nobody else has them in memory: it replays them for these queries.
    const replayed = await statuses();
    await third.stop();
    const histories = await Promise.all(
      workflowIds.map(async (workflowId) => ({ workflowId, history: await handleOf(workflowId).fetchHistory() })),
    );
    expect([...(await replayErrors(histories, rig.keyRing)).keys()]).toEqual([]);
    expect(answers.map((answer) => answer.status === 'fulfilled' && answer.value.result)).toEqual(
      workflowIds.map(() => 'mismatch'),
    );
    const linesOf = ({ sends, attempts }: VerificationStatus) => [sends, attempts];
    expect(live.map(linesOf)).toEqual(replayed.map(linesOf));
    // The worker took a query while the task was not its own.
    expect(told).toContain('refused');
  },
  90_000,
);
