import { VerificationClient } from '@cognito-verification/client';
import { GRPC_STATUS } from '@cognito-verification/contract';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { readQueueLimits, setQueueLimits } from '../../temporal/queue-limits.js';
import {
  HOLDS_MS,
  type Listed,
  QueueFollower,
  READ_EVERY_MS,
  READ_SOON_MS,
  type Seen,
  seenAfter,
} from '../../worker/queue-limit.js';
import { type SandboxUser, startWorker, useRig } from '../rig.js';

const rig = useRig('local');

/** What is left of an allowance of five, by what the server says. */
async function leftOf(describeTaskQueue: () => Promise<unknown>) {
  const allowance = new Allowance(5);
  const connection = {
    withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
    workflowService: { describeTaskQueue, listWorkers: () => Promise.resolve({}) },
  };
  const queue = { connection: connection as unknown as NativeConnection, namespace: 'default', taskQueue: 'q-cognito' };
  const unread = await new QueueFollower({ queue, allowance, identity: '1@a#0001' }).readFirst();
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
    [
      'itself and another one, which may not know of it',
      { pollers: [polled('1@b#0002', 0), polled('1@a#0001', 0)] },
      0,
    ],
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

describe('how many share the allowance', () => {
  /** A read of worker `a`: after so many seconds, who polls, and who of them has ended. */
  type Read = readonly [second: number, workers: string, ended?: string | undefined];
  const sharedBy = (reads: readonly Read[]) => {
    let seen: Seen | undefined;
    for (const [second, workers, ended = ''] of reads) {
      const at = { askedMs: second * 1_000, cameMs: second * 1_000 };
      seen = seenAfter(seen, { workers: workers.split(''), ended: new Set(ended), ...at }, 'a');
    }
    return seen?.sharing;
  };
  /** The same list at each second. */
  const eachSecond = (first: number, last: number, workers: string, ended?: string): Read[] =>
    Array.from({ length: last - first + 1 }, (_, index) => [first + index, workers, ended]);
  it.each<[string, Read[], number | undefined]>([
    ['nobody polls yet', [[0, '']], 1],
    [
      'it is alone',
      [
        [0, ''],
        [1, 'a'],
      ],
      1,
    ],
    [
      'it comes to another one',
      [
        [0, 'b'],
        [1, 'ab'],
      ],
      undefined,
    ],
    ['the other one has had the time to read of it', [[0, 'b'], ...eachSecond(1, 5, 'ab')], 2],
    [
      'another one comes in the same moment',
      [
        [0, ''],
        [1, 'ab'],
      ],
      undefined,
    ],
    ['another one comes later', [...eachSecond(1, 5, 'a'), [6, 'ab']], 2],
    ['another one has just ended', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 9, 'ab', 'b')], 2],
    ['another one has ended', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 10, 'ab', 'b')], 1],
    ['another one was killed', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 9, 'a')], 2],
    ['another one was killed a while ago', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 10, 'a')], 1],
    ['another one comes back', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 9, 'a'), [10, 'ab']], 2],
    [
      'all have ended before it comes',
      [
        [0, 'bc', 'bc'],
        [1, 'abc', 'bc'],
      ],
      undefined,
    ],
    ['all have ended, and it has waited', [[0, 'bc', 'bc'], ...eachSecond(1, 5, 'abc', 'bc')], 1],
    ['all are replaced', [[0, 'bc', 'bc'], ...eachSecond(1, 5, 'abcd', 'bc')], 2],
    ['the server has forgotten it', [...eachSecond(1, 5, 'ab'), [6, 'b']], undefined],
    ['the server has forgotten all', [...eachSecond(1, 5, 'ab'), [6, '']], undefined],
    ['the server has forgotten all for long', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 20, '')], undefined],
    ['the server knows it alone anew', [...eachSecond(1, 5, 'ab'), ...eachSecond(6, 20, ''), [21, 'a']], 1],
    ['the server knows it anew', [...eachSecond(1, 5, 'ab'), [6, ''], [7, 'ab']], undefined],
    ['it could not read for a while', [...eachSecond(1, 5, 'ab'), [8, 'ab']], undefined],
  ])('%s', (_what, reads, expected) => {
    expect(sharedBy(reads)).toBe(expected);
  });

  it('together they never take more than the whole in any second, whoever comes and goes', () => {
    const TENTHS = 250;
    const LONGEST_UNLISTED = 120;
    const upTo = (max: number) => fc.integer({ min: 0, max });
    const takes = fc.oneof({ weight: 9, arbitrary: upTo(2) }, { weight: 1, arbitrary: upTo(45) });
    const isTold = fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.boolean() });
    const seldom = { freq: 1 };
    const life = fc.record({
      from: fc.integer({ min: 2, max: TENTHS }),
      lasts: fc.integer({ min: 1, max: TENTHS }),
      /** It takes no more work, says so, and works on for so long. A killed one tells nobody. */
      drains: fc.option(upTo(50), seldom),
      /** How long its reads take, in turn, and whether the read says who has ended. One that takes too long fails. */
      reads: fc.array(fc.tuple(takes, isTold), { minLength: 1, maxLength: 20 }),
      /** So long after it has come does the server list it, and so long after the server has forgotten all. */
      listedAfter: upTo(8),
      relistedAfter: upTo(LONGEST_UNLISTED),
      /** The server lists it no more, though it works. */
      vanishes: fc.option(upTo(TENTHS), seldom),
    });
    // One is always there when others come, since two that find an empty list in the same moment both begin.
    const first = life.map((one) => ({ ...one, from: 0, listedAfter: 0, vanishes: null }));
    const forgets = fc.option(upTo(TENTHS), seldom);
    fc.assert(
      fc.property(fc.tuple(first, life, life, life), forgets, (lives, forgetsAt) => {
        const isForgotten = (tenth: number) =>
          forgetsAt !== null && tenth >= forgetsAt && tenth <= forgetsAt + LONGEST_UNLISTED;
        fc.pre(lives.every(({ from }) => !isForgotten(from)));
        const processes = lives.map((one, index) => {
          const until = index === 0 && forgetsAt !== null ? TENTHS : one.from + one.lasts;
          return {
            ...one,
            identity: 'abcd'[index] ?? '',
            until,
            drainsFrom: one.drains === null ? Number.POSITIVE_INFINITY : until - one.drains,
            seen: undefined as Seen | undefined,
            asks: one.from,
            answer: undefined as { comesAt: number; listed: Listed } | undefined,
            turn: 0,
            failures: 0,
            holdsUntil: 0,
            parts: Array.from({ length: TENTHS }, () => 0),
          };
        });
        type Process = (typeof processes)[number];
        const isListed = ({ from, until, listedAfter, relistedAfter, vanishes }: Process, tenth: number) => {
          if (from + listedAfter >= tenth || (vanishes !== null && tenth >= vanishes)) return false;
          return forgetsAt === null || tenth < forgetsAt || (forgetsAt + relistedAfter < tenth && until > forgetsAt);
        };
        const named = (which: Process[]) => which.map(({ identity }) => identity);
        for (let tenth = 0; tenth < TENTHS; tenth += 1) {
          for (const process of processes.filter(({ from, until }) => from <= tenth && tenth < until)) {
            if (process.asks === tenth && tenth < process.drainsFrom) {
              const [lasts, tells] = process.reads[process.turn++ % process.reads.length] ?? [0, true];
              const workers = named(processes.filter((one) => isListed(one, tenth)));
              const ended = new Set(tells ? named(processes.filter((one) => one.drainsFrom <= tenth)) : []);
              const comesAt = tenth + lasts;
              process.answer = { comesAt, listed: { workers, ended, askedMs: tenth * 100, cameMs: comesAt * 100 } };
            }
            if (process.answer?.comesAt === tenth) {
              const { listed } = process.answer;
              const askedAt = listed.askedMs / 100;
              process.failures = tenth - askedAt < 40 ? 0 : process.failures + 1;
              if (process.failures === 0) {
                process.seen = seenAfter(process.seen, listed, process.identity);
                process.holdsUntil = askedAt + HOLDS_MS / 100;
              }
              const isSoon = process.failures === 1 || (process.failures === 0 && process.seen?.sharing === undefined);
              process.asks = Math.max(tenth + 1, askedAt + Math.ceil((isSoon ? READ_SOON_MS : READ_EVERY_MS) / 100));
            }
            const { sharing: own } = process.seen ?? {};
            process.parts[tenth] = own !== undefined && tenth < process.holdsUntil ? 1 / own : 0;
          }
          // Each may have made all its calls of the last second with its largest part.
          const most = processes.map(({ parts }) => Math.max(0, ...parts.slice(Math.max(0, tenth - 9), tenth + 1)));
          expect(most.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(1.000_001);
        }
      }),
      { numRuns: 500 },
    );
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
  const watching = new QueueFollower({ queue, allowance, identity: 'test' }).whileWorking(
    () => ended,
    () => true,
  );
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

it('a worker takes the whole allowance soon after another has ended, although the server lists that one for minutes', {
  timeout: 45_000,
}, async () => {
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const allowance = new Allowance(4);
  const start = async (identity: string, options: object = {}) => {
    const connection = await NativeConnection.connect({ address: rig.env.address });
    const worker = await startWorker(rig, cognito, 'succeeded', { ...options, identity, connection });
    onTestFinished(async () => {
      await worker.stop();
      await connection.close();
    });
    return worker;
  };
  const queue = { connection: rig.env.nativeConnection, namespace: 'default', taskQueue: 'succeeded-cognito' };
  const listed = async () => (await readQueueLimits(queue))?.workers.map((worker) => worker.replace(/#.*/, ''));
  const first = await start('first');
  await expect.poll(listed, { timeout: 10_000 }).toEqual(['first']);
  await first.stop();
  await start('second', { allowance });
  await expect.poll(listed, { timeout: 10_000 }).toEqual(['first', 'second']);
  const left = () => {
    const draw = () => allowance.draw('attempt', 'eu-west-1_AbC', () => Promise.resolve());
    return Array.from({ length: 5 }, draw).filter((call) => call !== undefined).length;
  };
  expect(left()).toBe(0);
  await expect.poll(left, { interval: 1_100, timeout: 15_000 }).toBe(4);
  expect(await listed()).toEqual(['first', 'second']);
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
