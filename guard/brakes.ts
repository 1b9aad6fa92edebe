/** What an operator sees of the brake, and how a place gets free of it for a time. */
import { type BrakeRules, brakedMs, limitsOf } from './brake.js';
import { debtOf, HOUR_MS, keys, liftOf, type Records } from './records.js';
import type { GuardStore } from './store.js';

/** A country or prefix that has a debt, or a lifted brake. */
export interface PlaceReport {
  /** ISO 3166-1 alpha-2, a prefix such as `+49151`, or a calling code of no country. */
  readonly place: string;
  /** SMS that brought no code back, beyond what was earned, as they have faded until now; below nought it is credit. */
  readonly unproven: { readonly hour: number; readonly day: number };
  /** What they may be. */
  readonly limits: { readonly hour: number; readonly day: number };
  /** Until when the brake holds by itself, in ms since 1970, if nothing more is sent. Absent: it does not. */
  readonly brakedUntilMs?: number | undefined;
  /** How often a message was held there, about within the last hour. */
  readonly heldLastHour: number;
  /** Until when the brake is lifted, in ms since 1970. Absent: it is not. */
  readonly liftedUntilMs?: number | undefined;
}

/** Thrown where each process counts by itself, so that none can see or lift the brakes of another. */
export class NoSharedStoreError extends Error {
  override readonly name = 'NoSharedStoreError';
  readonly code = 'Configuration';
  constructor() {
    super(
      'Each worker counts by itself, so nobody else can see or lift its brakes. Set VERIFICATION_GUARD_STORE and VERIFICATION_GUARD_KEY, the same for the workers and for this command. Without a store, restart the workers with other limits, or with VERIFICATION_SMS_BRAKE=off.',
    );
  }
}

/** All places with a debt of one or more or with a lift: the braked ones first, then by what is owed. */
export async function readPlaces(store: GuardStore, rules: BrakeRules, nowMs: number): Promise<PlaceReport[]> {
  const [debts, lifts] = await Promise.all([store.list(keys.debt('')), store.list(keys.lift(''))]);
  const records: Records = new Map([...debts, ...lifts]);
  const places = new Set([...records.keys()].map((key) => key.slice(key.indexOf(':') + 1)));
  return [...places]
    .map((place) => reportOf(place, rules, records, nowMs))
    .filter(({ unproven, liftedUntilMs }) => liftedUntilMs !== undefined || Math.max(unproven.hour, unproven.day) >= 1)
    .sort((a, b) => (b.brakedUntilMs ?? 0) - (a.brakedUntilMs ?? 0) || b.unproven.day - a.unproven.day);
}

function reportOf(place: string, rules: BrakeRules, records: Records, nowMs: number): PlaceReport {
  const debt = debtOf(records, keys.debt(place), nowMs);
  const limits = limitsOf(place, rules);
  const braked = brakedMs(debt, limits);
  return {
    place,
    unproven: { hour: tenths(debt.hour), day: tenths(debt.day) },
    limits: { hour: limits.perHour, day: limits.perDay },
    brakedUntilMs: braked > 0 ? nowMs + braked : undefined,
    heldLastHour: Math.round(debt.held),
    liftedUntilMs: liftOf(records, keys.lift(place), nowMs)?.untilMs,
  };
}

/**
 * Lifts the brake for a place, or sets it again.
 * @param forMs for how long, at most a week; 0 sets it again
 * @returns until when, by the store's clock
 */
export async function liftBrake(store: GuardStore, place: string, forMs: number): Promise<number> {
  const key = keys.lift(place);
  return await store.transact([key], (_, nowMs) => {
    const untilMs = nowMs + Math.min(forMs, LONGEST_LIFT_MS);
    return { answer: untilMs, changes: new Map([[key, forMs > 0 ? { untilMs } : undefined]]) };
  });
}

/** What is lifted for longer is a setting. */
export const LONGEST_LIFT_MS = 7 * 24 * HOUR_MS;

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
