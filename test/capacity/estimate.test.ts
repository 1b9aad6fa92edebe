/** What must hold for every input of the model, whatever its numbers are. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../capacity/day.js';
import { accountOf, estimate } from '../../capacity/estimate.js';
import { type CapacityInput, resolveInput } from '../../capacity/input.js';
import { passDays, simulate } from '../../capacity/simulation.js';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const perSecond = fc.double({ min: 0.2, max: 10, noNaN: true });

/** Three slots of 20 s, in place of a day. */
const SLOT_SECONDS = 20;

const inputs: fc.Arbitrary<CapacityInput> = fc
  .record({
    starts: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 3, maxLength: 3 }),
    resendShare: share,
    wrongCodeShare: share,
    abandonedShare: share,
    codeMedianSeconds: fc.integer({ min: 1, max: 30 }),
    tail: fc.double({ min: 1, max: 6, noNaN: true }),
    deadlineSeconds: fc.integer({ min: 60, max: 200 }),
    attemptsPerSecond: perSecond,
    sendsPerSecond: perSecond,
    queueCallsPerSecond: fc.option(perSecond),
    directCallsPerSecond: fc.integer({ min: 0, max: 20 }),
    emailsPerDay: fc.option(fc.integer({ min: 0, max: 200 })),
    serverCores: fc.option(fc.double({ min: 0.1, max: 4, noNaN: true })),
    workers: fc.option(fc.integer({ min: 1, max: 4 })),
  })
  .map(({ starts, tail, ...given }) => ({
    ...resolveInput({ perDay: 1, ...given, codeP95Seconds: given.codeMedianSeconds * tail }),
    startsByHour: starts,
  }));

/** A smaller counterexample is not worth what shrinking takes here. */
const SOME = { numRuns: 8, endOnFailure: true };

/** Where a limit binds, more verifications can mean fewer messages: a throttle stops the direct calls for a minute. */
const NO_LIMITS = {
  attemptsPerSecond: 1_000,
  sendsPerSecond: 1_000,
  looksPerSecond: 1_000,
  queueCallsPerSecond: null,
  emailsPerDay: null,
  serverCores: null,
} as const;

describe('the capacity model', () => {
  it('lets every verification end once', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { verifiedShare, expiredShare, failedShare } = estimate(input, SLOT_SECONDS);
        for (const one of [verifiedShare, expiredShare, failedShare]) {
          expect(one).toBeGreaterThanOrEqual(0);
          expect(one).toBeLessThanOrEqual(1 + 1e-4);
        }
        expect(verifiedShare + expiredShare + failedShare).toBeCloseTo(1, 3);
      }),
      SOME,
    );
  });

  // Half as many again, at least: where codes come at the very deadline, the last bit of a number decides whether they count.
  it('never needs fewer workers, actions, bytes or messages for more verifications, if no limit binds', () => {
    fc.assert(
      fc.property(inputs, fc.double({ min: 1.5, max: 5, noNaN: true }), (given, times) => {
        const input = { ...given, ...NO_LIMITS, workers: null };
        const more = { ...input, startsByHour: input.startsByHour.map((count) => count * times) };
        const [few, many] = [estimate(input, SLOT_SECONDS), estimate(more, SLOT_SECONDS)];
        expect(many.workersNeeded).toBeGreaterThanOrEqual(few.workersNeeded);
        expect(many.actionsPerDay).toBeGreaterThanOrEqual(few.actionsPerDay * 0.999);
        expect(many.historyBytesPerDay).toBeGreaterThanOrEqual(few.historyBytesPerDay * 0.999);
        expect(many.messagesPerDay).toBeGreaterThanOrEqual(few.messagesPerDay * 0.999);
      }),
      SOME,
    );
  });

  it('says the same of many accounts as of one with its part', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 2, max: 9 }), (input, accounts) => {
        const one = { ...input, workers: 2 };
        const all = {
          ...input,
          accounts,
          workers: 2 * accounts,
          startsByHour: input.startsByHour.map((count) => count * accounts),
        };
        const [part, whole] = [estimate(one, SLOT_SECONDS), estimate(all, SLOT_SECONDS)];
        expect(whole.actionsPerDay / accounts).toBeCloseTo(part.actionsPerDay, 3);
        expect(whole.expiredShare).toBeCloseTo(part.expiredShare, 6);
        expect(whole.binding).toBe(part.binding);
      }),
      SOME,
    );
  });

  it('sends no more e-mails than the day has, and no more messages than were asked for', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { messagesPerDay, verificationsPerDay } = estimate(input, SLOT_SECONDS);
        expect(messagesPerDay).toBeLessThanOrEqual((input.emailsPerDay ?? Number.POSITIVE_INFINITY) + 1e-3);
        expect(messagesPerDay).toBeLessThanOrEqual(verificationsPerDay * (1 + input.resendShare) * 1.001);
      }),
      SOME,
    );
  });

  it('waits for nothing where there is enough of everything', () => {
    const input = { ...resolveInput({ perDay: 1 }), startsByHour: [60, 120, 60] };
    const { sendDelay, codeDelay, limits } = estimate(input, SLOT_SECONDS);
    expect(sendDelay.p95Seconds).toBeLessThan(1);
    expect(codeDelay.p95Seconds).toBeLessThan(1);
    expect(limits.every((limit) => limit.share < 1)).toBe(true);
  });

  it.each([
    ['attempts', { attemptsPerSecond: 0.5 }],
    ['sends', { sendsPerSecond: 0.5 }],
    ['emails', { emailsPerDay: 100 }],
    ['queue', { directCallsPerSecond: 0, queueCallsPerSecond: 1 }],
    ['workerCpu', { workers: 1, workerCores: 0.03 }],
    ['serverCpu', { serverCores: 0.05 }],
    ['looks', { looksPerSecond: 0.5 }],
  ] as const)('names %s where it binds', (name, given) => {
    const input = { ...resolveInput({ perDay: 1, ...given }), startsByHour: [60, 120, 60] };
    expect(estimate(input, SLOT_SECONDS).binding).toBe(name);
  });

  it.each([
    ['verified', { wrongCodeShare: 1, resendShare: 1, abandonedShare: 0 }, 2],
    ['expired', { abandonedShare: 1 }, 2],
    ['without a message', { emailsPerDay: 0 }, 1],
  ])('knows how often it is looked at an attribute: %s', (_, given, looks) => {
    const input = { ...resolveInput({ perDay: 1, deadlineSeconds: 600, ...given }), startsByHour: [500, 0, 0] };
    const { slots, each } = simulate(accountOf(input, 2, 50_000));
    expect(((slots[0]?.looks ?? 0) * each) / 500).toBeCloseTo(looks, 1);
  });

  it('knows that calls come in bursts: who uses five sixths of a small quota waits', () => {
    const input = {
      ...resolveInput({ perDay: 1, sendsPerSecond: 1.2, resendShare: 0 }),
      startsByHour: [100, 100, 100],
    };
    const said = estimate(input, 100);
    expect(said.limits[0]).toMatchObject({ name: 'sends', share: expect.closeTo(1 / 1.2, 1) as number });
    expect(said.sendDelay.p95Seconds).toBeGreaterThan(2);
    expect(estimate(input, 100)).toEqual(said);
  });

  it.each([
    [20, null, 6],
    [12, 12, 2],
  ])(
    'with an allowance of %i, a queue limit of %j and %i workers queues as much where one stands for eight',
    (direct, queue, workers) => {
      const given = { directCallsPerSecond: direct, queueCallsPerSecond: queue, deadlineSeconds: 60 };
      const input = { ...resolveInput({ perDay: 1, ...given }), startsByHour: [1_200, 1_200, 1_200] };
      const account = accountOf(input, workers, 100);
      const queued = (standsFor: number) => {
        const { counts } = passDays(account, standsFor) as Outcome;
        return {
          sends: counts.queuedFirstSend / (counts.verified + counts.expired),
          codes: counts.queuedCode / (counts.verified + counts.wrongCode),
        };
      };
      const [one, eight] = [queued(1), queued(8)];
      expect(one.codes).toBeGreaterThan(0.05);
      expect(Math.abs(eight.codes - one.codes)).toBeLessThan(0.01);
      expect(Math.abs(eight.sends - one.sends)).toBeLessThan(0.01);
    },
  );

  it('says what is wanted, not what still comes, and with so many accounts it suffices', () => {
    const saidOf = (given: object) => {
      const input = {
        ...resolveInput({ perDay: 1, workers: 12, deadlineSeconds: 600, ...given }),
        startsByHour: [600, 1_200, 600],
      };
      return estimate(input, 100);
    };
    const [little, plenty] = [saidOf({ attemptsPerSecond: 2, sendsPerSecond: 4 }), saidOf({})];
    expect(little.limits.map(({ name, wanted }) => [name, wanted])).toEqual(
      expect.arrayContaining(plenty.limits.map(({ name, wanted }) => [name, wanted])),
    );
    const accounts = Math.ceil((little.limits[0]?.share ?? 0) * 1.5);
    const enough = saidOf({ attemptsPerSecond: 2, sendsPerSecond: 4, accounts });
    expect(little.expiredShare).toBeGreaterThan(plenty.expiredShare + 0.1);
    expect(enough.expiredShare).toBeLessThan(plenty.expiredShare + 0.02);
  });

  it('has shares of nothing where nobody comes', () => {
    const input = { ...resolveInput({ perDay: 1 }), startsByHour: [1e-6, 0, 0] };
    const { verifiedShare, expiredShare, failedShare } = estimate(input, SLOT_SECONDS);
    expect([verifiedShare, expiredShare, failedShare]).toEqual([0, 0, 0]);
  });

  it('answers for more people than it can try one by one', () => {
    const { binding, limits, verifiedShare, expiredShare, failedShare } = estimate(resolveInput({ perDay: 1e8 }));
    expect(binding).toBe('attempts');
    // 8.4 % start in the busiest hour. 19 of 20 of them type a code, and one of ten of these another one.
    expect(limits[0]?.share).toBeCloseTo((0.084 * 1e8 * 0.95 * 1.1) / 3_600 / 25, 0);
    expect(verifiedShare + expiredShare + failedShare).toBeCloseTo(1, 9);
    // No more than the quota lets through until the last deadline.
    expect(verifiedShare).toBeLessThan((25 * 2 * 86_400) / 1e8);
  });
});
