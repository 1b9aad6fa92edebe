/** What the model's calls wait in, against the rules that each has of the product. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as activities from '../../activities/allowance.js';
import { seeded } from '../../capacity/people.js';
import { Agenda, Allowance, type CallKind, CallQueue, Quota } from '../../capacity/queues.js';

const moment = fc.integer({ min: 0, max: 1_000 });

describe('the agenda', () => {
  it('lets things happen in the order of their moments, also those that are added meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moment, moment)), (pairs) => {
        const agenda = new Agenda();
        const happened: number[] = [];
        const note = () => happened.push(agenda.now);
        for (const [at, later] of pairs)
          agenda.add(at, () => {
            note();
            agenda.add(at + later, note);
          });
        while (agenda.step());
        expect(happened).toEqual(pairs.flatMap(([at, later]) => [at, at + later]).sort((a, b) => a - b));
      }),
    );
  });
});

describe('an allowance', () => {
  it('gives no more than its part in any second, twice as many sends, and nothing for a minute after a throttle', () => {
    const allowance = new Allowance(2.5);
    const taken = (kind: 'send' | 'attempt', at: number) =>
      [1, 2, 3, 4, 5, 6].filter(() => allowance.take(kind, at)).length;
    expect([taken('attempt', 10), taken('send', 10)]).toEqual([2, 5]);
    expect([taken('attempt', 10.9), taken('attempt', 11), taken('attempt', 11.5)]).toEqual([0, 2, 0]);
    allowance.throttled(20);
    expect([taken('attempt', 79.9), taken('send', 79.9), taken('attempt', 80)]).toEqual([0, 0, 2]);
  });

  // Eighths of a second are exact in seconds and in milliseconds.
  it('gives what the allowance of a worker process gives', async () => {
    const step = fc.record({
      kind: fc.constantFrom<CallKind>('send', 'attempt', 'look'),
      eighths: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.integer({ min: 476, max: 481 })),
      isThrottled: fc.nat(9).map((one) => one === 9),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 200 }),
        async (perSecond, workers, steps) => {
          let eighths = 0;
          const model = new Allowance(perSecond / workers);
          const real = new activities.Allowance(100, { now: () => eighths * 125 });
          real.follow({ perSecond, workers });
          for (const { kind, eighths: later, isThrottled } of steps) {
            eighths += later;
            const made = real.draw(kind, 'eu-west-1_AbC', () => Promise.resolve());
            await made;
            expect(model.take(kind, eighths / 8)).toBe(made !== undefined);
            if (!isThrottled) continue;
            real.throttled('eu-west-1_AbC');
            model.throttled(eighths / 8);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a quota', () => {
  it('saves what one second leaves', () => {
    const quota = new Quota(3);
    const taken = (at: number) => [1, 2, 3, 4, 5].filter(() => quota.take(at)).length;
    expect([taken(0), taken(0.4), taken(100)]).toEqual([3, 1, 3]);
  });

  it('saves as much for eight times as long where each call stands for eight, and a minute at most', () => {
    const taken = (quota: Quota, at: number) => [1, 2, 3, 4, 5].filter(() => quota.take(at)).length;
    const [eight, hundreds] = [new Quota(3, 8), new Quota(3, 90)];
    expect([0, 3.2, 800].map((at) => taken(eight, at))).toEqual([3, 1, 3]);
    expect([0, 30, 9_000].map((at) => taken(hundreds, at))).toEqual([2, 1, 2]);
  });
});

describe('the task queue of calls', () => {
  it('lets through its limit, sends and codes in turns, and nobody who gave up', () => {
    const agenda = new Agenda();
    const called: { at: number; kind: string }[] = [];
    const queue = new CallQueue(agenda, seeded(1), 4, ({ kind }) => called.push({ at: agenda.now, kind }));
    for (const kind of [...Array<'send'>(150).fill('send'), ...Array<'attempt'>(50).fill('attempt')])
      queue.add({ kind, isOver: false });
    for (let calls = 0; calls < 50; calls++) queue.add({ kind: 'attempt', isOver: true });
    while (agenda.step());
    const by = (seconds: number) => called.filter(({ at }) => at <= seconds);
    expect(called).toHaveLength(200);
    // Each partition begins with what it has saved, two calls.
    expect(by(0)).toHaveLength(8);
    expect(by(10)).toHaveLength(48);
    expect(by(10).filter(({ kind }) => kind === 'send')).toHaveLength(24);
  });

  it('lets through as many in eight seconds as in one where each stands for eight', () => {
    const times = (standsFor: number) => {
      const agenda = new Agenda();
      const called: number[] = [];
      const queue = new CallQueue(agenda, seeded(1), 2, () => called.push(agenda.now), standsFor);
      for (let call = 0; call < 100; call++)
        agenda.add(((call % 50) + 10) * standsFor, () => queue.add({ kind: 'send', isOver: false }));
      while (agenda.step());
      return called;
    };
    expect(times(1)).toHaveLength(100);
    expect(times(8)).toEqual(times(1).map((at) => at * 8));
  });

  it('saves a minute at most where each stands for many', () => {
    const agenda = new Agenda();
    let atOnce = 0;
    const call = () => (atOnce += Number(agenda.now === 0));
    const queue = new CallQueue(agenda, seeded(1), 40, call, 90);
    for (let calls = 0; calls < 100; calls++) queue.add({ kind: 'send', isOver: false });
    while (agenda.step());
    // Each of four partitions lets one through in 9 seconds.
    expect(atOnce).toBe(4 * 7);
  });

  it('holds nobody up without a limit', () => {
    const agenda = new Agenda();
    let calls = 0;
    const queue = new CallQueue(agenda, seeded(1), Number.POSITIVE_INFINITY, () => calls++);
    for (let call = 0; call < 9; call++) queue.add({ kind: 'send', isOver: false });
    expect(calls).toBe(9);
  });
});
