/**
 * The brake on messages that bring no code back. Each country and each prefix has a debt: a message raises it by one, and a code
 * that was right takes back what its messages had raised, and some more. Debt fades with time. A message is held where
 * it would raise the debt of its place above the limit.
 *
 * So the limit bounds what a place can waste from nothing, and people who type their codes earn their country more. Authgear's
 * buckets gave the idea; theirs know a country's history of 14 days, these need none: credit is the history.
 */
import { isWithoutCountry } from './destination.js';
import type { HeldReason } from './message-guard.js';
import { type Changes, DAY_MS, type Debt, debtOf, HOUR_MS, keys, liftOf, type Records } from './records.js';

/** The most in an hour and in a day; `Infinity` for no limit. */
export interface Limits {
  readonly perHour: number;
  readonly perDay: number;
}

/** What holds a message. */
export interface Hold {
  readonly reason: HeldReason;
  /** So long, in ms, it would be held again. */
  readonly waitMs: number;
}

/** Limits of the debt of places. */
export interface BrakeRules {
  /** `watch`: says what it would hold, and holds nothing. `off`: counts nothing either. */
  readonly mode: 'off' | 'watch' | 'on';
  readonly country: Limits;
  readonly prefix: Limits;
  /** What a code that was right takes back besides its own messages: so many more may stay unproven. */
  readonly creditPerProven: number;
}

/** What the brake says of a message, and the debts that follow either way. */
export interface Braking {
  readonly hold: Hold | undefined;
  readonly whenAdmitted: () => Changes;
  readonly whenHeld: () => Changes;
}

/** @param places the country, and the prefix where there is one */
export function byBrake(places: readonly string[], rules: BrakeRules, records: Records, nowMs: number): Braking {
  const states = places.map((place) => stateOf(place, rules, records, nowMs));
  const [country, prefix] = states;
  // A prefix whose people type their codes is no part of a flood elsewhere in its country.
  const isTrusted = prefix !== undefined && prefix.waitMs === 0 && prefix.debt.day <= -1;
  // To lift a country lifts all its prefixes, and a lifted prefix is free although its country is braked.
  const isLifted = states.some((state) => state.isLifted);
  const holding = isLifted
    ? []
    : states.filter(({ waitMs }) => waitMs > 0).filter((state) => !(isTrusted && state === country));
  const waitMs = Math.max(0, ...holding.map((state) => state.waitMs));
  return {
    hold: waitMs > 0 ? { reason: 'UnprovenMessages', waitMs } : undefined,
    whenAdmitted: () => new Map(states.map(({ key, debt, limits }) => [key, raised(debt, limits)])),
    whenHeld: () => new Map(holding.map(({ key, debt }) => [key, { ...debt, held: debt.held + 1 }])),
  };
}

interface PlaceState {
  readonly key: string;
  readonly limits: Limits;
  readonly debt: Debt;
  readonly isLifted: boolean;
  /** 0: not held here. */
  readonly waitMs: number;
}

function stateOf(place: string, rules: BrakeRules, records: Records, nowMs: number): PlaceState {
  const key = keys.debt(place);
  const limits = limitsOf(place, rules);
  const debt = debtOf(records, key, nowMs);
  const isLifted = liftOf(records, keys.lift(place), nowMs) !== undefined;
  return { key, limits, debt, isLifted, waitMs: isLifted ? 0 : queueMs(debt, limits) };
}

/** Numbers of no country cost most, so that all of a calling code together have the limits of one prefix. */
export function limitsOf(place: string, { country, prefix }: BrakeRules): Limits {
  return isWithoutCountry(place) ? prefix : country;
}

/** How long a place is braked if nothing is sent or proven meanwhile, in ms. 0: it is not. */
export function brakedMs({ hour, day }: Debt, { perHour, perDay }: Limits): number {
  return Math.max(fadingMs(hour, perHour, HOUR_MS), fadingMs(day, perDay, DAY_MS));
}

/** A message makes room for itself when the debt has faded to one below the limit. */
function fadingMs(debt: number, limit: number, windowMs: number): number {
  // Fading is not exact to the last digit, and a message that comes back in time must find room.
  return debt <= limit - 1 + 1e-6 ? 0 : Math.ceil(windowMs * Math.log(debt / (limit - 1)));
}

/** Nobody waits longer for those before them, since codes that are right make room too, and an operator may lift the brake. */
const LONGEST_QUEUE_MS = 3 * HOUR_MS;

/** Those that were held before wait for the same room, so each that comes later is told a later time. */
function queueMs(debt: Debt, limits: Limits): number {
  const roomMs = brakedMs(debt, limits);
  if (roomMs === 0) return 0;
  const eachMs = fadingMs(debt.day, limits.perDay, DAY_MS) > 0 ? DAY_MS / limits.perDay : HOUR_MS / limits.perHour;
  return Math.ceil(roomMs + Math.min(LONGEST_QUEUE_MS, debt.held * eachMs));
}

/** With one message more. Where the brake is lifted or only watches, the debt stays at the limit, so that it can end. */
function raised(debt: Debt, { perHour, perDay }: Limits): Debt {
  const raise = (value: number, limit: number) => Math.max(value, Math.min(value + 1, limit));
  return rounded({ ...debt, hour: raise(debt.hour, perHour), day: raise(debt.day, perDay) });
}

/** With so much less. */
export function fallenDue(debt: Debt, hour: number, day: number): Debt {
  return rounded({ ...debt, hour: debt.hour - hour, day: debt.day - day });
}

function rounded(debt: Debt): Debt {
  const round = (value: number) => Math.round(value * 1e6) / 1e6;
  return { hour: round(debt.hour), day: round(debt.day), held: round(debt.held), at: debt.at };
}
