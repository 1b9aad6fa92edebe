import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type Outcome, prove, type Question, type Rules, takeBack } from '../../guard/decide.js';
import { DAY_MS, debtOf, HOUR_MS, keys, sentOf, spentOf } from '../../guard/records.js';
import { rulesOf } from '../../guard/rules.js';

const T0 = 1_000 * DAY_MS;
const MINUTE_MS = 60_000;
const RULES = rulesOf({
  smsBrake: 'on',
  smsPerHour: 30,
  smsPerDay: 60,
  smsBrakeCountryPerHour: 12,
  smsBrakeCountryPerDay: 30,
  smsBrakePrefixPerHour: 5,
  smsBrakePrefixPerDay: 10,
  smsBrakeUnprovenPercent: 50,
});
const to = (pseudonym: string, places: readonly string[] = ['DE', '+49151']): Question => ({
  medium: 'sms',
  pseudonym,
  places,
});

/** What a store would hold, with the time. */
class World {
  readonly records = new Map<string, object | undefined>();
  nowMs = T0;
  constructor(private readonly rules: Rules = RULES) {}

  private keep<T>({ answer, changes }: Outcome<T>): T {
    for (const [key, record] of changes) this.records.set(key, record);
    return answer;
  }
  admit = (question: Question) => this.keep(admit(question, this.rules, this.records, this.nowMs, 0));
  prove = (question: Question) => this.keep(prove(question, this.rules, this.records, this.nowMs));
  takeBack = (question: Question, atMs: number) =>
    this.keep(takeBack(question, this.rules, this.records, this.nowMs, atMs));
  /** How many of these are admitted, and why the first other one is not. */
  admitMany(count: number, question: (index: number) => Question): [number, string | undefined] {
    const decisions = Array.from({ length: count }, (_, index) => this.admit(question(index)));
    const held = decisions.find(({ verdict }) => verdict === 'held');
    return [
      decisions.filter(({ verdict }) => verdict === 'admitted').length,
      held?.verdict === 'held' ? held.reason : undefined,
    ];
  }
}

describe('the ceiling of a destination', () => {
  const rules = rulesOf({});

  it('is 10 in any hour and 20 in any day, of whichever user', () => {
    const world = new World(rules);
    expect(world.admitMany(12, () => to('a'))).toEqual([10, 'DestinationCeiling']);
    expect(world.admit(to('a'))).toEqual({ verdict: 'held', reason: 'DestinationCeiling', waitMs: HOUR_MS });
    world.nowMs += HOUR_MS - 1;
    expect(world.admit(to('a'))).toMatchObject({ waitMs: 1 });
    world.nowMs += 1;
    expect(world.admitMany(12, () => to('a'))).toEqual([10, 'DestinationCeiling']);
    expect(world.admit(to('a'))).toMatchObject({ waitMs: 23 * HOUR_MS });
    expect(world.admit(to('b'))).toMatchObject({ verdict: 'admitted' });
  });

  it('holds for e-mail alike', () => {
    const world = new World(rules);
    expect(world.admitMany(12, () => ({ medium: 'email', pseudonym: 'a' }))).toEqual([10, 'DestinationCeiling']);
  });

  it('does not count a message that was held or taken back', () => {
    const world = new World(rules);
    world.admitMany(12, () => to('a'));
    expect(sentOf(world.records, keys.sent('a'), world.nowMs).times).toHaveLength(10);
    world.takeBack(to('a'), T0);
    expect(world.admitMany(2, () => to('a'))).toEqual([1, 'DestinationCeiling']);
  });
});

describe('the budget', () => {
  const rules = rulesOf({ smsPerHour: 3, smsPerDay: 5 });

  it('is of the hour and of the day of the clock, for one medium', () => {
    const world = new World(rules);
    world.nowMs += 20 * MINUTE_MS;
    expect(world.admitMany(4, (index) => to(`a${index}`))).toEqual([3, 'MessageBudget']);
    expect(world.admit(to('b'))).toEqual({ verdict: 'held', reason: 'MessageBudget', waitMs: 40 * MINUTE_MS });
    expect(world.admit({ medium: 'email', pseudonym: 'a' })).toMatchObject({ verdict: 'admitted' });
    world.nowMs += 40 * MINUTE_MS;
    expect(world.admitMany(4, (index) => to(`c${index}`))).toEqual([2, 'MessageBudget']);
    expect(world.admit(to('b'))).toMatchObject({ waitMs: 23 * HOUR_MS });
    world.nowMs += 23 * HOUR_MS;
    expect(world.admit(to('b'))).toMatchObject({ verdict: 'admitted' });
  });

  it('counts messages whose number nobody could read, which nothing else holds', () => {
    const world = new World(rules);
    expect(world.admitMany(4, () => ({ medium: 'sms' }))).toEqual([3, 'MessageBudget']);
  });

  it('spreads those who wait over five minutes', () => {
    const records = new Map([[keys.spent('sms'), { hour: T0 / HOUR_MS, inHour: 3, day: 1_000, inDay: 3 }]]);
    expect(admit(to('a'), rules, records, T0, 0.5).answer).toMatchObject({ waitMs: HOUR_MS + 150_000 });
  });
});

describe('the brake', () => {
  it('holds a prefix first, and not the rest of its country', () => {
    const world = new World();
    expect(world.admitMany(20, (index) => to(`a${index}`))).toEqual([5, 'UnprovenMessages']);
    expect(world.admit(to('b', ['DE', '+49170']))).toMatchObject({ verdict: 'admitted' });
  });

  it('holds a country whose prefixes are many', () => {
    const world = new World();
    expect(world.admitMany(60, (index) => to(`a${index}`, ['DE', `+49${100 + index}`]))).toEqual([
      12,
      'UnprovenMessages',
    ]);
    expect(world.admit(to('b', ['FR', '+33612']))).toMatchObject({ verdict: 'admitted' });
  });

  it('lets a prefix through that has credit, though its country is braked', () => {
    const world = new World();
    for (let index = 0; index < 6; index++) {
      world.admit(to(`honest${index}`, ['DE', '+49170']));
      world.prove(to(`honest${index}`, ['DE', '+49170']));
    }
    world.admitMany(60, (index) => to(`a${index}`, ['DE', `+49${100 + (index % 20)}`]));
    expect(world.admit(to('b', ['DE', '+49199']))).toMatchObject({ reason: 'UnprovenMessages' });
    expect(world.admit(to('b', ['DE', '+49170']))).toMatchObject({ verdict: 'admitted' });
  });

  it('gives back what a message took when its code was right, and as much again at 50 %', () => {
    const world = new World();
    for (let index = 0; index < 60; index++) {
      world.nowMs += 3 * MINUTE_MS;
      expect(world.admit(to(`a${index}`))).toMatchObject({ verdict: 'admitted' });
      if (index % 2 === 0) world.prove(to(`a${index}`));
    }
  });

  it('gives nothing back twice, nor for a code of which no message is known', () => {
    const world = new World();
    world.admitMany(5, (index) => to(`a${index}`));
    expect([world.prove(to('x')), world.prove(to('a0')), world.prove(to('a0'))]).toEqual([false, true, false]);
    expect(debtOf(world.records, keys.debt('DE'), T0).day).toBe(3);
  });

  it('gives two messages of a number back with one code, not all', () => {
    const world = new World();
    world.admitMany(4, () => to('a'));
    world.prove(to('a'));
    expect(debtOf(world.records, keys.debt('DE'), T0).day).toBe(1);
  });

  it('tells each that is held a later time', () => {
    const world = new World();
    world.admitMany(5, (index) => to(`a${index}`));
    const waits = [world.admit(to('b')), world.admit(to('c')), world.admit(to('d'))];
    const minutes = waits.map((wait) => (wait.verdict === 'held' ? Math.round(wait.waitMs / MINUTE_MS) : undefined));
    expect(minutes).toEqual([13, 25, 37]);
  });

  it('takes a prefix of the limits for the whole calling code of a satellite network', () => {
    const world = new World();
    expect(world.admitMany(20, (index) => to(`a${index}`, ['+882', `+882${100 + index}`]))).toEqual([
      5,
      'UnprovenMessages',
    ]);
  });

  it('is off for a place while it is lifted, and does not hold longer afterwards', () => {
    const world = new World();
    world.records.set(keys.lift('+49151'), { untilMs: T0 + HOUR_MS });
    expect(world.admitMany(10, (index) => to(`a${index}`))).toEqual([10, undefined]);
    world.nowMs += HOUR_MS;
    // The debt of the day stood at 10, its limit, however many were sent.
    expect(world.admit(to('b'))).toMatchObject({ reason: 'UnprovenMessages' });
    world.nowMs = T0 + 2.6 * HOUR_MS;
    expect(world.admit(to('b'))).toMatchObject({ verdict: 'admitted' });
  });

  it.each(['DE', '+49151'])('holds no message to %s while that is lifted, though the other is braked', (lifted) => {
    const world = new World();
    // Other prefixes brake the country, and the prefix brakes itself.
    world.admitMany(20, (index) => to(`a${index}`, ['DE', `+4916${index % 10}`]));
    world.admitMany(6, (index) => to(`b${index}`));
    expect(world.admit(to('c'))).toMatchObject({ reason: 'UnprovenMessages' });
    world.records.set(keys.lift(lifted), { untilMs: T0 + HOUR_MS });
    expect(world.admit(to('c'))).toMatchObject({ verdict: 'admitted' });
  });

  it('only watches where it is to', () => {
    const world = new World({ ...RULES, brake: { ...RULES.brake, mode: 'watch' } });
    const decisions = Array.from({ length: 7 }, (_, index) => world.admit(to(`a${index}`)));
    expect(decisions.map((one) => one.verdict === 'admitted' && one.isWatched)).toEqual([
      ...Array(5).fill(false),
      true,
      true,
    ]);
  });
});

/** Anything that may happen, in any order. */
const steps = fc.array(
  fc.record({
    does: fc.constantFrom('admit', 'admit', 'admit', 'prove', 'takeBack'),
    pseudonym: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    place: fc.constantFrom('+49151', '+49170', '+49171'),
    laterMs: fc.integer({ min: 0, max: 3 * HOUR_MS }),
  }),
  { maxLength: 60 },
);

describe('whatever happens', () => {
  it('the wait that is told is enough, if nothing else happens meanwhile', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const world = new World();
        for (const { pseudonym, place, laterMs } of taken) {
          world.nowMs += laterMs / 40;
          const question = to(pseudonym, ['DE', place]);
          const decision = world.admit(question);
          if (decision.verdict !== 'held') continue;
          const later = world.nowMs + decision.waitMs;
          expect(admit(question, RULES, world.records, later, 0).answer.verdict).toBe('admitted');
        }
      }),
      { numRuns: 100 },
    );
  });

  it('no window has more messages than its limit', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const world = new World();
        const sent: { pseudonym: string; atMs: number }[] = [];
        for (const { does, pseudonym, place, laterMs } of taken) {
          world.nowMs += laterMs / 20;
          const question = to(pseudonym, ['DE', place]);
          if (does === 'prove') world.prove(question);
          else if (world.admit(question).verdict === 'admitted') sent.push({ pseudonym, atMs: world.nowMs });
        }
        for (const one of sent) {
          const within = (windowMs: number) =>
            sent.filter(({ atMs }) => atMs <= one.atMs && atMs > one.atMs - windowMs);
          expect(within(HOUR_MS).filter(({ pseudonym }) => pseudonym === one.pseudonym).length).toBeLessThanOrEqual(10);
          expect(
            sent.filter(({ atMs }) => Math.floor(atMs / DAY_MS) === Math.floor(one.atMs / DAY_MS)).length,
          ).toBeLessThanOrEqual(60);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a message that is taken back leaves everything as it was, as near as debt fades', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 10 * MINUTE_MS }), (taken, laterMs) => {
        const world = new World();
        for (const { does, pseudonym, place, laterMs: step } of taken) {
          world.nowMs += step / 20;
          if (does === 'prove') world.prove(to(pseudonym, ['DE', place]));
          else world.admit(to(pseudonym, ['DE', place]));
        }
        const before = new Map(world.records);
        const question = to('new');
        const admittedMs = world.nowMs;
        if (world.admit(question).verdict !== 'admitted') return;
        world.nowMs += laterMs;
        world.takeBack(question, admittedMs);
        const { nowMs } = world;
        for (const place of question.places ?? []) {
          const [was, is] = [debtOf(before, keys.debt(place), nowMs), debtOf(world.records, keys.debt(place), nowMs)];
          // Where the debt was within one of the limit, less than one was added.
          expect(is.day).toBeLessThanOrEqual(was.day + 1e-3);
          expect(is.day).toBeGreaterThan(was.day - 1);
        }
        const spent = keys.spent('sms');
        expect(spentOf(world.records, spent, nowMs)).toEqual(spentOf(before, spent, nowMs));
        expect(sentOf(world.records, keys.sent('new'), nowMs)).toEqual({ times: [], unproven: 0 });
      }),
      { numRuns: 100 },
    );
  });

  it('a record of another form counts as empty, and is mended', () => {
    const forms = [
      {},
      [],
      { times: 'x', unproven: -1 },
      { hour: Number.NaN, at: null },
      { hour: '9', inHour: 'many' },
      { untilMs: 'x' },
    ];
    for (const form of forms) {
      const all = [keys.sent('a'), keys.spent('sms'), keys.debt('DE'), keys.lift('DE'), keys.debt('+49151')];
      const records = new Map(all.map((key) => [key, form as object]));
      expect(admit(to('a'), RULES, records, T0, 0).answer).toEqual({ verdict: 'admitted', isWatched: false });
    }
  });
});
