import { GRPC_STATUS } from '@cognito-verification/contract';
import type { NativeConnection } from '@temporalio/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { setQueueLimits } from '../../temporal/queue-limits.js';
import { readLimit, whileWatching } from '../../worker/queue-limit.js';
import { useRig } from '../rig.js';

const rig = useRig('local');

/** What is left of an allowance of five, by what the server says. */
async function leftOf(describeTaskQueue: () => Promise<unknown>) {
  const allowance = new Allowance(5);
  const connection = {
    withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
    workflowService: { describeTaskQueue },
  };
  const queue = { connection: connection as unknown as NativeConnection, namespace: 'default', taskQueue: 'q-cognito' };
  const unread = await readLimit(queue, allowance);
  const calls = Array.from({ length: 6 }, () => allowance.draw('send', 'eu-west-1_AbC', () => Promise.resolve()));
  return { unread, left: calls.filter((call) => call !== undefined).length };
}

describe('the first read, before a worker takes work', () => {
  const rate = (requestsPerSecond: number) => ({ rateLimit: { requestsPerSecond } });
  it.each([
    ['no limit', { config: {} }, 5],
    ['no configuration of task queues', {}, 5],
    ['a pause', { config: { queueRateLimit: rate(0) } }, 0],
    [
      'a lower limit for each fairness key',
      { config: { queueRateLimit: rate(4), fairnessKeysRateLimitDefault: rate(2) } },
      2,
    ],
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
  const watching = whileWatching(queue, allowance, () => ended);
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
