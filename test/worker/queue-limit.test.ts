import { VerificationClient } from '@cognito-verification/client';
import { GRPC_STATUS } from '@cognito-verification/contract';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { readQueueLimits, setQueueLimits } from '../../temporal/queue-limits.js';
import { readLimit, whileWatching } from '../../worker/queue-limit.js';
import { type SandboxUser, startWorker, useRig } from '../rig.js';

const rig = useRig('local');

/** What is left of an allowance of five, by what the server says. */
async function leftOf(describeTaskQueue: () => Promise<unknown>) {
  const allowance = new Allowance(5);
  const connection = {
    withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
    workflowService: { describeTaskQueue },
  };
  const queue = { connection: connection as unknown as NativeConnection, namespace: 'default', taskQueue: 'q-cognito' };
  const unread = await readLimit({ queue, allowance, identity: '1@a#0001' });
  const calls = Array.from({ length: 6 }, () => allowance.draw('attempt', 'eu-west-1_AbC', () => Promise.resolve()));
  return { unread, left: calls.filter((call) => call !== undefined).length };
}

describe('the first read, before a worker takes work', () => {
  const rate = (requestsPerSecond: number) => ({ rateLimit: { requestsPerSecond } });
  const polled = (identity: string, secondsAgo: number) => ({
    identity,
    lastAccessTime: { seconds: 1_700_000_000 - secondsAgo, nanos: 0 },
  });
  it.each([
    ['no limit', { config: {} }, 5],
    ['no configuration of task queues', {}, 5],
    ['a pause', { config: { queueRateLimit: rate(0) } }, 0],
    [
      'a lower limit for each fairness key',
      { config: { queueRateLimit: rate(4), fairnessKeysRateLimitDefault: rate(2) } },
      2,
    ],
    ['another worker alone, as before its own first poll', { pollers: [polled('1@b#0002', 0)] }, 0],
    ['itself and another one', { pollers: [polled('1@b#0002', 0), polled('1@a#0001', 0)] }, 2],
    ['itself', { pollers: [polled('1@a#0001', 0)] }, 5],
    ['one that polled last a while ago', { pollers: [polled('1@b#0002', 100), polled('1@a#0001', 0)] }, 5],
  ])('%s', async (_what, answer, left) => {
    expect(await leftOf(() => Promise.resolve(answer))).toEqual({ unread: undefined, left });
  });

  it.each([
    ['a server that knows no limits', GRPC_STATUS.UNIMPLEMENTED, 5],
    ['a server that is away', GRPC_STATUS.UNAVAILABLE, 0],
    ['a worker that may not read it', GRPC_STATUS.PERMISSION_DENIED, 0],
  ])('%s', async (_what, code, left) => {
    const error = Object.assign(new Error('refused'), { code });
    const known = code === GRPC_STATUS.UNIMPLEMENTED;
    expect(await leftOf(() => Promise.reject(error))).toEqual({ unread: known ? undefined : error, left });
  });
});

it('a limit that somebody sets on the task queue of calls takes hold of direct calls', {
  timeout: 30_000,
}, async () => {
  const queue = { connection: rig.env.nativeConnection, namespace: 'default', taskQueue: 'limited-cognito' };
  const limit = async (queueRate: number | null) => await setQueueLimits(queue, { queueRate, identity: 'test' });
  const allowance = new Allowance(1_000);
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const watching = whileWatching({ queue, allowance, identity: 'test' }, () => ended);
  onTestFinished(async () => {
    end();
    await watching;
  });
  const isLeft = () => allowance.draw('send', 'eu-west-1_AbC', () => Promise.resolve()) !== undefined;
  await limit(0);
  await expect.poll(isLeft, { interval: 500, timeout: 5_000 }).toBe(false);
  await limit(null);
  await expect.poll(isLeft, { interval: 500, timeout: 5_000 }).toBe(true);
});

it('the server lists each worker once, also where all have one name', { timeout: 30_000 }, async () => {
  const taskQueue = 'counted';
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const listed = async () =>
    (
      await readQueueLimits({
        connection: rig.env.nativeConnection,
        namespace: 'default',
        taskQueue: 'counted-cognito',
      })
    )?.workers;
  const name = expect.stringMatching(/^one-name#[0-9a-f]{8}$/);
  for (const expected of [[name], [name, name]]) {
    // The SDK allows one worker of a task queue for each connection.
    const connection = await NativeConnection.connect({ address: rig.env.address });
    const worker = await startWorker(rig, cognito, taskQueue, { identity: 'one-name', connection });
    onTestFinished(async () => {
      await worker.stop();
      await connection.close();
    });
    await expect.poll(listed, { timeout: 10_000 }).toEqual(expected);
  }
});

it('weights of a pool count for its sends and its attempts, and are read as one', async () => {
  const { nativeConnection: connection } = rig.env;
  const queue = { connection, namespace: 'default', taskQueue: 'weighed-cognito' };
  const weigh = async (weight: number | null) =>
    await setQueueLimits(queue, { poolWeights: { 'eu-west-1_AbC': weight }, identity: 'test' });
  const overrides = async () => {
    const { config } = await connection.workflowService.describeTaskQueue({
      namespace: queue.namespace,
      taskQueue: { name: queue.taskQueue },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      reportConfig: true,
    });
    return config?.fairnessWeightOverrides ?? {};
  };
  expect((await weigh(3)).poolWeights).toEqual({ 'eu-west-1_AbC': 3 });
  expect(await overrides()).toEqual({ 'eu-west-1_AbC': 3, 'eu-west-1_AbC/attempts': 3 });
  expect((await weigh(null)).poolWeights).toEqual({});
  expect(await overrides()).toEqual({});
});

const FLOOD = 20;

it('a flood of wrong codes in one pool does not hold up the first send of another', { timeout: 60_000 }, async () => {
  const taskQueue = 'flooded';
  const queue = { connection: rig.env.nativeConnection, namespace: 'default', taskQueue: 'flooded-cognito' };
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const worker = await startWorker(rig, cognito, taskQueue, { allowance: new Allowance(0) });
  onTestFinished(async () => {
    await worker.stop();
    cognito.destroy();
  });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const start = async (user: SandboxUser) =>
    await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  const flood = await Promise.all(
    Array.from({ length: FLOOD }, async () => {
      const user = await rig.user();
      return { user, started: await start(user) };
    }),
  );
  await setQueueLimits(queue, { queueRate: 0, identity: 'test' });
  const submitted = flood.map(async ({ user, started }) => {
    const wrong = rig.sandbox.codeFor(user, 'email') === '000000' ? '000001' : '000000';
    return (await client.submitCode(started, { code: wrong })).result;
  });
  const waiting = async () => (await readQueueLimits(queue))?.backlog;
  await expect.poll(waiting, { timeout: 15_000 }).toBe(FLOOD);
  const { userPoolId } = await rig.sandbox.createUserPool();
  const quiet = await rig.sandbox.createUser({ poolId: userPoolId, attributes: { email: 'quiet@example.com' } });
  const sent = start(quiet);
  await expect.poll(waiting, { timeout: 15_000 }).toBe(FLOOD + 1);
  await setQueueLimits(queue, { queueRate: 2, identity: 'test' });
  await sent;
  const attempts = flood.flatMap(({ user: { username } }) =>
    rig.sandbox.calls({ operation: 'VerifyUserAttribute', username }),
  );
  expect(attempts.length).toBeLessThan(FLOOD * 0.6);
  await setQueueLimits(queue, { queueRate: null, identity: 'test' });
  expect(new Set(await Promise.all(submitted))).toEqual(new Set(['mismatch']));
});
