/** What the guard remembers: a few small records. Any store keeps them as JSON, and what it gives back is checked here. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** By what a message goes out. Budgets are for one of the two. */
export type Medium = 'sms' | 'email';

/** What went to one destination. */
export interface Sent {
  /** When, in ms since 1970, the oldest first; none is older than a day. */
  readonly times: readonly number[];
  /** How many of them no code that was right has followed yet. */
  readonly unproven: number;
}

/** What went out of the account, in the hour and in the day that are named by their number since 1970. */
export interface Spent {
  readonly hour: number;
  readonly inHour: number;
  readonly day: number;
  readonly inDay: number;
}

/**
 * What a country or prefix owes: messages that brought no code back. Each number fades by itself, to 37 % within its window; below
 * nought it is credit.
 */
export interface Debt {
  readonly hour: number;
  readonly day: number;
  /** How often a message to this place was held, fading within an hour: as long is the queue. */
  readonly held: number;
  /** When the numbers were these, in ms since 1970. */
  readonly at: number;
}

/** The brake is off for a place. */
export interface Lift {
  /** In ms since 1970. */
  readonly untilMs: number;
}

/** Records by their keys. A missing one counts as empty. */
export type Records = ReadonlyMap<string, unknown>;
/** New records by their keys; undefined deletes one. */
export type Changes = ReadonlyMap<string, object | undefined>;

/** The key of each record. None holds an address or a number. */
export const keys = {
  /** @param pseudonym of the destination */
  sent: (pseudonym: string) => `to:${pseudonym}`,
  /** @param medium '' for what the keys of both begin with */
  spent: (medium: Medium | '') => `spent:${medium}`,
  /** @param place a country, or a prefix with its plus sign */
  debt: (place: string) => `debt:${place}`,
  lift: (place: string) => `lift:${place}`,
} as const;

const KEPT_MS: Readonly<Record<string, number>> = { to: DAY_MS, spent: 2 * DAY_MS, debt: 7 * DAY_MS };

/** How long a store keeps a record after its last change, in ms; at least one. */
export function keptMs(key: string, record: object, nowMs: number): number {
  if ('untilMs' in record) return Math.max(1, Math.ceil(Number(record.untilMs) - nowMs));
  return KEPT_MS[key.slice(0, key.indexOf(':'))] ?? DAY_MS;
}

export function sentOf(records: Records, key: string, nowMs: number): Sent {
  const found = records.get(key) as Partial<Sent> | undefined;
  const times = Array.isArray(found?.times) ? found.times.filter(Number.isFinite) : [];
  return {
    times: times.filter((at: number) => at > nowMs - DAY_MS),
    unproven: Math.max(0, finite(found?.unproven)),
  };
}

export function spentOf(records: Records, key: string, nowMs: number): Spent {
  const found = records.get(key) as Partial<Spent> | undefined;
  const hour = Math.floor(nowMs / HOUR_MS);
  const day = Math.floor(nowMs / DAY_MS);
  return {
    hour,
    inHour: found?.hour === hour ? finite(found.inHour) : 0,
    day,
    inDay: found?.day === day ? finite(found.inDay) : 0,
  };
}

/** The debt as it has faded until now. */
export function debtOf(records: Records, key: string, nowMs: number): Debt {
  const found = records.get(key) as Partial<Debt> | undefined;
  // Clocks differ, and one that is set back must not let debt grow.
  const age = Math.max(0, nowMs - finite(found?.at));
  const fade = (value: unknown, windowMs: number) => finite(value) * Math.exp(-age / windowMs);
  return {
    hour: fade(found?.hour, HOUR_MS),
    day: fade(found?.day, DAY_MS),
    held: Math.max(0, fade(found?.held, HOUR_MS)),
    at: nowMs,
  };
}

export function liftOf(records: Records, key: string, nowMs: number): Lift | undefined {
  const found = records.get(key) as Partial<Lift> | undefined;
  return finite(found?.untilMs) > nowMs ? { untilMs: finite(found?.untilMs) } : undefined;
}

function finite(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
