/**
 * The decisions about messages: plain functions of what is remembered and of the time. Each names the records that it needs, and
 * answers what it decides with the records as they are then; a store makes both one step.
 */
import { type BrakeRules, byBrake, fallenDue, type Hold, type Limits } from './brake.js';
import type { HeldReason } from './message-guard.js';
import { type Changes, DAY_MS, debtOf, HOUR_MS, keys, type Medium, type Records, sentOf, spentOf } from './records.js';

/** What a deployment allows. */
export interface Rules {
  /** To one destination, whoever asks. */
  readonly destination: Limits;
  /** All messages of the account, by medium. The hour and the day are those of the clock, in UTC. */
  readonly budget: Readonly<Record<Medium, Limits>>;
  readonly brake: BrakeRules;
}

/** A message, as the decisions see it. */
export interface Question {
  readonly medium: Medium;
  /** The pseudonym of its destination. Absent where nobody could read it: then only the budget holds. */
  readonly pseudonym?: string | undefined;
  /** Where it goes, for the brake: the country first, and the prefix. Absent for e-mail. */
  readonly places?: readonly string[] | undefined;
}

/** What is decided about a message. */
export type Decision =
  | {
      readonly verdict: 'admitted';
      /** The brake would have held it, and only watches. */
      readonly isWatched: boolean;
    }
  | {
      readonly verdict: 'held';
      readonly reason: HeldReason;
      /** So long, in ms, it would be held again. */
      readonly waitMs: number;
    };

/** What a function answers, and the records that it leaves. */
export interface Outcome<T> {
  readonly answer: T;
  readonly changes: Changes;
}

/** The keys of the records that the decisions about this message need. */
export function recordsFor({ medium, pseudonym, places = [] }: Question, rules: Rules): string[] {
  const { brake } = rules;
  const to = pseudonym === undefined ? [] : [keys.sent(pseudonym)];
  const owing = brake.mode === 'off' ? [] : places.flatMap((place) => [keys.debt(place), keys.lift(place)]);
  const spent = hasBudget(medium, rules) ? [keys.spent(medium)] : [];
  return [...spent, ...to, ...owing];
}

/** Without one nothing is counted: in a store each message of each worker would change that record. */
function hasBudget(medium: Medium, { budget }: Rules): boolean {
  return Number.isFinite(Math.min(budget[medium].perHour, budget[medium].perDay));
}

/**
 * Whether the message may leave now. It counts only where it may.
 * @param random from 0 to 1: waits for a common hour end at different times
 */
export function admit(
  question: Question,
  rules: Rules,
  records: Records,
  nowMs: number,
  random: number,
): Outcome<Decision> {
  const { pseudonym, places = [] } = question;
  const { mode } = rules.brake;
  const brake = mode === 'off' ? undefined : byBrake(places, rules.brake, records, nowMs);
  const holds = [
    byCeiling(question, rules, records, nowMs),
    byBudget(question, rules, records, nowMs, random),
    mode === 'on' ? brake?.hold : undefined,
  ].filter((hold) => hold !== undefined);
  const [first] = holds;
  if (first !== undefined) {
    // Before the last of them has passed the answer would be the same.
    const waitMs = Math.max(...holds.map((hold) => hold.waitMs));
    const changes = first === brake?.hold ? brake.whenHeld() : new Map();
    return { answer: { verdict: 'held', reason: first.reason, waitMs }, changes };
  }
  const changes = new Map(brake?.whenAdmitted());
  if (hasBudget(question.medium, rules)) {
    const spent = keys.spent(question.medium);
    const { inHour, inDay, ...now } = spentOf(records, spent, nowMs);
    changes.set(spent, { ...now, inHour: inHour + 1, inDay: inDay + 1 });
  }
  if (pseudonym !== undefined) {
    const key = keys.sent(pseudonym);
    const { times, unproven } = sentOf(records, key, nowMs);
    changes.set(key, { times: [...times, nowMs].sort((a, b) => a - b).slice(-MOST_TIMES), unproven: unproven + 1 });
  }
  return { answer: { verdict: 'admitted', isWatched: brake?.hold !== undefined }, changes };
}

/** So many can be the most of a day. Where there is no ceiling, a record must not grow for ever. */
const MOST_TIMES = 1_000;

function byCeiling({ pseudonym }: Question, rules: Rules, records: Records, nowMs: number): Hold | undefined {
  if (pseudonym === undefined) return undefined;
  const { times } = sentOf(records, keys.sent(pseudonym), nowMs);
  const waits = [
    { windowMs: HOUR_MS, most: rules.destination.perHour },
    { windowMs: DAY_MS, most: rules.destination.perDay },
  ].map(({ windowMs, most }) => {
    const within = times.filter((at) => at > nowMs - windowMs);
    // When it has left the window, the others are one fewer than the most.
    const leaving = within[within.length - most];
    return leaving === undefined ? 0 : Math.min(leaving, nowMs) + windowMs - nowMs;
  });
  const waitMs = Math.max(...waits);
  return waitMs > 0 ? { reason: 'DestinationCeiling', waitMs } : undefined;
}

/** Whatever waits for the end of an hour comes back within so many ms after it. */
const SPREAD_MS = 5 * 60_000;

function byBudget(
  { medium }: Question,
  { budget }: Rules,
  records: Records,
  nowMs: number,
  random: number,
): Hold | undefined {
  const { hour, inHour, day, inDay } = spentOf(records, keys.spent(medium), nowMs);
  const { perHour, perDay } = budget[medium];
  const until = Math.max(inHour >= perHour ? (hour + 1) * HOUR_MS : 0, inDay >= perDay ? (day + 1) * DAY_MS : 0);
  return until > 0 ? { reason: 'MessageBudget', waitMs: until - nowMs + Math.floor(random * SPREAD_MS) } : undefined;
}

/** The message that was admitted then did not leave. */
export function takeBack(
  question: Question,
  rules: Rules,
  records: Records,
  nowMs: number,
  admittedMs: number,
): Outcome<void> {
  const changes = new Map<string, object>();
  if (hasBudget(question.medium, rules)) {
    const spent = keys.spent(question.medium);
    const { hour, inHour, day, inDay } = spentOf(records, spent, nowMs);
    changes.set(spent, {
      hour,
      inHour: Math.max(0, inHour - (Math.floor(admittedMs / HOUR_MS) === hour ? 1 : 0)),
      day,
      inDay: Math.max(0, inDay - (Math.floor(admittedMs / DAY_MS) === day ? 1 : 0)),
    });
  }
  if (question.pseudonym === undefined) return { answer: undefined, changes };
  const key = keys.sent(question.pseudonym);
  const { times, unproven } = sentOf(records, key, nowMs);
  const index = times.indexOf(admittedMs);
  changes.set(key, {
    times: index < 0 ? times : times.toSpliced(index, 1),
    unproven: index < 0 ? unproven : Math.max(0, unproven - 1),
  });
  // A code that was right has given its place back already what this message had cost.
  if (rules.brake.mode !== 'off' && index >= 0 && unproven > 0) {
    const since = Math.max(0, nowMs - admittedMs);
    for (const place of question.places ?? []) {
      const debt = keys.debt(place);
      const owed = debtOf(records, debt, nowMs);
      changes.set(debt, fallenDue(owed, Math.exp(-since / HOUR_MS), Math.exp(-since / DAY_MS)));
    }
  }
  return { answer: undefined, changes };
}

/** The message and one re-send: a number that is used for many sign-ups must not clear all of them with one code. */
const MOST_GIVEN_BACK = 2;

/**
 * A code that went to the destination was right: its places get back what that took, and earn something. Where nothing is remembered, as for a code that Cognito sent by itself, there is nothing to give back.
 * @returns whether anything was
 */
export function prove(question: Question, { brake }: Rules, records: Records, nowMs: number): Outcome<boolean> {
  const changes = new Map<string, object>();
  if (question.pseudonym === undefined) return { answer: false, changes };
  const key = keys.sent(question.pseudonym);
  const { times, unproven } = sentOf(records, key, nowMs);
  if (unproven === 0) return { answer: false, changes };
  changes.set(key, { times, unproven: 0 });
  const given = Math.min(unproven, MOST_GIVEN_BACK) + brake.creditPerProven;
  for (const place of brake.mode === 'off' ? [] : (question.places ?? [])) {
    changes.set(keys.debt(place), fallenDue(debtOf(records, keys.debt(place), nowMs), given, given));
  }
  return { answer: true, changes };
}
