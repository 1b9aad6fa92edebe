/** A real Redis between guards, as between workers: shared, dying, coming back, and slow. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Secret } from '@cognito-verification/contract';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Redis, startRedis } from '../../dev/redis.js';
import { createMessageGuard, type OperableMessageGuard } from '../../guard/create-message-guard.js';
import type { GuardEvent } from '../../guard/guard-event.js';
import type { GuardSettings } from '../../guard/guard-settings.js';
import type { Message } from '../../guard/message-guard.js';
import { HOUR_MS } from '../../guard/records.js';
import { RedisStore } from '../../guard/redis-store.js';

let redis: Redis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => await redis.stop());

const open: OperableMessageGuard[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((guard) => guard.close()));
  await commands(async (client) => await client.flushAll());
});

async function commands<T>(task: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
  const client = createClient({ url: redis.url });
  await client.connect();
  try {
    return await task(client as ReturnType<typeof createClient>);
  } finally {
    client.destroy();
  }
}

const KEY = Buffer.alloc(32, 'guard');
const LOOK_MS = 50;

/** A worker's guard. */
function guardOf(settings: GuardSettings = {}) {
  const lines: string[] = [];
  const events: GuardEvent[] = [];
  const guard = createMessageGuard(
    { smsBrake: 'on', guardStore: new Secret(redis.url), guardKey: KEY, guardStoreTimeoutMs: 5_000, ...settings },
    {
      log: { info: (line) => void lines.push(line), warn: (line) => void lines.push(line) },
      observe: (event) => void events.push(event),
      lookMs: LOOK_MS,
    },
  );
  open.push(guard);
  return { guard, lines, events };
}

const sms = (index: number): Message => ({
  userPoolId: 'us-east-1_AbC123xyz',
  attributeName: 'phone_number',
  destination: new Secret(`+99440${1_000_000 + index}`),
});

async function admitted(guard: OperableMessageGuard, indices: readonly number[]): Promise<number> {
  const all = await Promise.all(indices.map((index) => guard.admit(sms(index))));
  return all.filter(({ verdict }) => verdict === 'admitted').length;
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('workers that share a store', () => {
  it('admit no more together than one alone, all at once', async () => {
    const workers = [guardOf(), guardOf(), guardOf(), guardOf()];
    const counts = await Promise.all(workers.map(({ guard }, index) => admitted(guard, range(100 * index, 50))));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(workers.flatMap(({ lines }) => lines)).toEqual([]);
  });

  it('know what another has proven, and what it has taken back', async () => {
    const [one, other] = [guardOf().guard, guardOf().guard];
    const first = await one.admit(sms(0));
    await admitted(one, range(1, 19));
    expect(await admitted(other, [30])).toBe(0);
    await other.proven(sms(1));
    expect(await admitted(other, [30, 31])).toBe(1);
    if (first.verdict === 'admitted') await first.takeBack();
    expect(await admitted(other, [32, 33])).toBe(1);
  });

  it('see a lift at once, and its end', async () => {
    const worker = guardOf().guard;
    const operator = guardOf({ smsBrake: 'off' }).guard;
    await admitted(worker, range(0, 25));
    const [place] = await operator.places();
    expect(place).toMatchObject({ place: '+994401', limits: { hour: 20, day: 40 }, heldLastHour: 5 });
    expect(place?.brakedUntilMs).toBeGreaterThan(Date.now());
    const until = await operator.lift('+994401', HOUR_MS);
    expect(Math.abs(until - Date.now() - HOUR_MS)).toBeLessThan(5_000);
    expect(await admitted(worker, range(40, 3))).toBe(3);
    expect((await operator.places()).find(({ place: of }) => of === '+994401')?.liftedUntilMs).toBe(until);
    await operator.lift('+994401', 0);
    expect(await admitted(worker, range(40, 3))).toBe(0);
  });

  it('spend one budget, and an operator sees what is left of it', async () => {
    const workers = [guardOf({ smsPerDay: 5 }).guard, guardOf({ smsPerDay: 5 }).guard];
    const operator = guardOf({ smsPerDay: 5, emailPerHour: 3 }).guard;
    const counts = await Promise.all(workers.map((worker, index) => admitted(worker, range(50 * index, 4))));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(await operator.budgets()).toEqual([
      { medium: 'sms', spent: { hour: 5, day: 5 }, limits: { hour: undefined, day: 5 } },
      { medium: 'email', spent: { hour: 0, day: 0 }, limits: { hour: 3, day: undefined } },
    ]);
  });

  it('leave nothing that says who got a message', async () => {
    const { guard } = guardOf();
    await guard.admit(sms(7));
    await guard.admit({
      userPoolId: 'us-east-1_AbC123xyz',
      attributeName: 'email',
      destination: new Secret('zoe@example.com'),
    });
    const all = await commands(async (client) => {
      const names = await client.keys('*');
      return [...names, ...(await client.mGet(names))].join('\n');
    });
    expect(all).toContain('debt:+994401');
    expect(all).not.toMatch(/1000007|zoe|example\.com/);
    expect(
      await commands(async (client) => await Promise.all((await client.keys('*')).map((name) => client.ttl(name)))),
    ).toSatisfy((left: number[]) => left.every((seconds) => seconds > 0 && seconds <= 7 * 86_400));
  });
});

describe('a store that is away', () => {
  it('lets each go on from what it has seen, and counts for all when it is back', async () => {
    const workers = [guardOf(), guardOf()];
    const [one, other] = workers.map(({ guard }) => guard) as [OperableMessageGuard, OperableMessageGuard];
    expect(await admitted(one, range(0, 25))).toBe(20);
    expect(await admitted(other, [50])).toBe(0);
    const { port } = redis;
    await redis.stop();
    expect([await admitted(one, range(60, 50)), await admitted(other, range(120, 50))]).toEqual([0, 0]);
    redis = await startRedis({ port });
    for (const { lines, events } of workers) {
      await expect
        .poll(() => lines)
        .toEqual([
          'The store of the guard is away. This process counts messages by itself until it is back',
          'The store of the guard is back, and counts for all workers again',
        ]);
      expect(events.filter(({ type }) => type === 'store')).toEqual([
        { type: 'store', isAway: true },
        { type: 'store', isAway: false },
      ]);
    }
    // It kept nothing, so the limits begin anew: for all together.
    const counts = await Promise.all([admitted(one, range(200, 30)), admitted(other, range(300, 30))]);
    expect(counts[0] + counts[1]).toBe(20);
  });

  it('holds where it is to, and says when to ask again', async () => {
    const { guard, lines } = guardOf({ guardStoreAway: 'hold' });
    const { port } = redis;
    await redis.stop();
    const admission = await guard.admit(sms(0));
    expect(admission).toMatchObject({ verdict: 'held', reason: 'GuardUnavailable' });
    if (admission.verdict === 'held') expect(admission.retryAtMs - Date.now()).toBeLessThanOrEqual(20_000);
    redis = await startRedis({ port });
    await expect.poll(() => lines.length).toBe(2);
    expect(await admitted(guard, [0])).toBe(1);
  });

  it('makes nobody wait who comes after the first, when it hangs', async () => {
    const { guard, lines } = guardOf({ guardStoreTimeoutMs: 1_000 });
    expect(await admitted(guard, [0])).toBe(1);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      expect(await admitted(guard, range(1, 3))).toBe(3);
      const first = performance.now() - startedAt;
      expect(first).toBeGreaterThan(900);
      expect(first).toBeLessThan(3_000);
      const laterAt = performance.now();
      expect(await admitted(guard, range(10, 3))).toBe(3);
      expect(performance.now() - laterAt).toBeLessThan(900);
      expect(lines).toHaveLength(1);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await expect.poll(() => lines.length).toBe(2);
  });

  /** As a process does that gets no time of a busy machine. */
  it.each([
    ['while it connects', 0],
    ['while it decides', 1],
  ])('is not taken for away by a process that stood still itself, %s', async (_, before) => {
    const { guard, lines } = guardOf({ guardStoreTimeoutMs: 200 });
    for (const index of range(0, before)) await guard.admit(sms(index));
    for (let turns = 0; turns < 6; turns++) {
      const asked = guard.admit(sms(100 + turns));
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      const until = performance.now() + 300;
      while (performance.now() < until);
      await asked;
    }
    expect(lines).toEqual([]);
  });

  it('keeps a guard that is closed from looking for it', async () => {
    const store = new RedisStore({ url: 'redis://127.0.0.1:1', timeoutMs: 200 });
    await expect(store.list('debt:')).rejects.toThrow();
    await store.close();
    await expect(store.list('debt:')).rejects.toThrow('the store is closed');
  });
});
