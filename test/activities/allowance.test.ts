import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allowance, type CallKind } from '../../activities/allowance.js';

const POOL = 'eu-west-1_AbC';
const OTHER_REGION = 'us-east-1_AbC';

function allowanceOf(perSecond: number) {
  const clock = { ms: 0 };
  const allowance = new Allowance(perSecond, { now: () => clock.ms });
  /** A call that has ended by the next line. */
  const take = (kind: CallKind, userPoolId: string) =>
    allowance.draw(kind, userPoolId, () => Promise.resolve()) !== undefined;
  return { clock, allowance, take };
}

it('never more than so many calls of a kind in any second, and twice as many sends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom<CallKind>('send', 'attempt', 'look'))),
      (perSecond, steps) => {
        const { clock, take } = allowanceOf(perSecond);
        const made: { kind: CallKind; ms: number }[] = [];
        for (const [wait, kind] of steps) {
          clock.ms += wait;
          if (take(kind, POOL)) made.push({ kind, ms: clock.ms });
        }
        for (const { kind, ms } of made) {
          const within = made.filter((one) => one.kind === kind && one.ms > ms - 1_000 && one.ms <= ms);
          expect(within.length).toBeLessThanOrEqual(kind === 'send' ? 2 * perSecond : perSecond);
        }
      },
    ),
  );
});

it('a second later there is as much again', () => {
  const { clock, take } = allowanceOf(2);
  const takeThree = () => [1, 2, 3].map(() => take('attempt', POOL));
  expect(takeThree()).toEqual([true, true, false]);
  clock.ms += 1_000;
  expect(takeThree()).toEqual([true, true, false]);
});

it('each kind and each region has its own', () => {
  const { take } = allowanceOf(1);
  expect(take('attempt', POOL)).toBe(true);
  expect(take('attempt', 'eu-west-1_Other')).toBe(false);
  expect(take('send', POOL)).toBe(true);
  expect(take('attempt', OTHER_REGION)).toBe(true);
});

it('nothing for a minute after a throttle of any kind, in this region alone', () => {
  const { clock, allowance, take } = allowanceOf(5);
  allowance.throttled(POOL);
  clock.ms += 59_999;
  expect(take('send', POOL)).toBe(false);
  expect(take('send', OTHER_REGION)).toBe(true);
  clock.ms += 1;
  expect(take('send', POOL)).toBe(true);
});

describe('the limit of the task queue of calls', () => {
  it.each([
    ['is paused: nothing', 0, [false, false, false]],
    ['is lower: no more than that', 1, [true, false, false]],
    ['is higher: as before', 50, [true, true, false]],
    ['is not set: as before', undefined, [true, true, false]],
  ])('%s', (_what, limit, expected) => {
    const { allowance, take } = allowanceOf(2);
    allowance.follow({ perSecond: limit, workers: 1 });
    expect([1, 2, 3].map(() => take('look', POOL))).toEqual(expected);
  });
});

describe('several workers', () => {
  it.each([
    ['share the allowance', 20, undefined, 3, 6],
    ['share what the queue lets through, where that is less', 20, 12, 2, 6],
    ['have whole calls only', 2, undefined, 3, 0],
  ])('%s', (_what, perSecond, limit, workers, own) => {
    const { allowance, take } = allowanceOf(perSecond);
    allowance.follow({ perSecond: limit, workers });
    expect(Array.from({ length: 20 }, () => take('attempt', POOL)).filter(Boolean)).toHaveLength(own);
  });
});

it('a part ends where it is not given anew in time', () => {
  const { clock, allowance, take } = allowanceOf(2);
  allowance.follow({ workers: 1 }, 2_500);
  clock.ms += 2_499;
  expect(take('send', POOL)).toBe(true);
  clock.ms += 1;
  expect(take('send', POOL)).toBe(false);
  allowance.follow({ workers: 1 }, 2_500);
  expect(take('send', POOL)).toBe(true);
});

it('ten attempts and looks at once, since each holds its workflow task; sends do not', async () => {
  const { allowance } = allowanceOf(1_000);
  const ends: (() => void)[] = [];
  const lasting = () => new Promise<void>((resolve) => ends.push(resolve));
  const kinds = Array.from({ length: 12 }, (_, index): CallKind => (index % 2 ? 'attempt' : 'look'));
  const calls = kinds.map((kind) => allowance.draw(kind, POOL, lasting));
  expect(calls.filter((call) => call !== undefined)).toHaveLength(10);
  expect(allowance.draw('send', POOL, lasting)).toBeDefined();
  ends[0]?.();
  await calls[0];
  expect(allowance.draw('attempt', POOL, lasting)).toBeDefined();
  expect(allowance.draw('look', POOL, lasting)).toBeUndefined();
});

describe('several pools', () => {
  it.each([
    [10, 8, 2],
    [2, 1, 1],
    [1, 1, 0],
  ])('of %d calls a flooding pool leaves a fifth to one that has called', (sendsPerSecond, flooding, quiet) => {
    const { clock, take } = allowanceOf(sendsPerSecond / 2);
    const taken = (pool: string) => Array.from({ length: 20 }, () => take('send', pool)).filter(Boolean).length;
    expect(taken('us-east-1_Quiet')).toBe(sendsPerSecond);
    expect(taken(POOL)).toBe(sendsPerSecond);
    clock.ms += 1_000;
    take('send', 'eu-west-1_Quiet');
    clock.ms += 1_000;
    expect(taken(POOL)).toBe(flooding);
    expect(taken('eu-west-1_Quiet')).toBe(quiet);
    clock.ms += 60_000;
    expect(taken(POOL)).toBe(sendsPerSecond);
  });
});
