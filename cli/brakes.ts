/** What the guard of the workers brakes, and what is spent of its budgets, as the command `limits` shows it; and how it lifts a brake. */
import { InvalidArgumentError } from 'commander';
import type { PlaceReport } from '../guard/brakes.js';
import type { BudgetReport } from '../guard/budgets.js';
import { countryOption } from './country-option.js';
import { time } from './time.js';
import { UsageError } from './usage-error.js';

/** What `limits` tells of the guard; `places` and `budgets` are absent where the workers share no store. */
export interface Brakes {
  /** Absent where nothing could be read. */
  readonly mode?: 'off' | 'watch' | 'on' | undefined;
  /** Why nothing could be read. */
  readonly unreadable?: string | undefined;
  readonly places?: readonly PlaceReport[] | undefined;
  /** Those that are set. */
  readonly budgets?: readonly BudgetReport[] | undefined;
}

/** A place, and for how long its brake is lifted; 0 sets it again. */
export interface Lift {
  readonly place: string;
  readonly forMs: number;
}

/**
 * Reads what is braked in the store that all workers share, after a brake was lifted where that is asked for.
 * @throws SettingError where the settings of the guard are wrong; NoSharedStoreError where nobody could lift it; the error of the
 *   store
 */
export async function readOrLift(lift: Lift | undefined): Promise<Brakes> {
  const [{ LONGEST_LIFT_MS }, { createMessageGuard }, { isPlace }, { guardSettings }, { tell }] = await Promise.all([
    import('../guard/brakes.js'),
    import('../guard/create-message-guard.js'),
    import('../guard/destination.js'),
    import('../guard/guard-settings.js'),
    import('./print.js'),
  ]);
  if (lift && !(await isPlace(lift.place)))
    throw new UsageError(
      `No number is counted under ${lift.place}. Name a country such as DE, or a prefix as this command lists it: a calling code and three digits, such as +49151.`,
    );
  if (lift && lift.forMs > LONGEST_LIFT_MS)
    throw new UsageError('A brake is lifted for a week at most (--for). What is to last is a setting of the workers.');
  // It warns of a store that is away.
  const log = { info: () => undefined, warn: (message: string) => tell(message) };
  const guard = createMessageGuard(guardSettings(), { log });
  try {
    if (lift) await guard.lift(lift.place, lift.forMs);
    if (!guard.isShared) return { mode: guard.brake };
    return { mode: guard.brake, places: await guard.places(), budgets: await guard.budgets() };
  } finally {
    await guard.close();
  }
}

/**
 * A country such as `DE`, a prefix such as `+49151`, a calling code of no country such as `+882`, or `unknown`.
 * @throws InvalidArgumentError
 */
export function placeOption(value: string): string {
  if (value === 'unknown' || /^\+[1-9]\d{0,14}$/.test(value)) return value;
  if (value.startsWith('+')) throw new InvalidArgumentError('A prefix is a plus and digits, such as +49151.');
  return countryOption(value).join();
}

/** The brakes for people. */
export function brakesInWords({ mode, places, budgets = [], unreadable }: Brakes): string[] {
  if (unreadable !== undefined) return [`brakes    cannot be read: ${unreadable}`];
  if (!places)
    return [
      'brakes    each worker counts by itself, so that its brakes can be neither seen nor lifted from here: VERIFICATION_GUARD_STORE is not set. Set it and VERIFICATION_GUARD_KEY for this command too where the workers have them',
    ];
  const off = mode === 'off' ? 'VERIFICATION_SMS_BRAKE is off' : 'it only watches: VERIFICATION_SMS_BRAKE is watch';
  return [
    ...(mode === 'on' ? [] : [`brakes    no message is held, since ${off}`]),
    ...(places.length === 0 ? ['brakes    nothing is braked'] : places.map(placeInWords)),
    ...budgets.map(budgetInWords),
  ];
}

function placeInWords({ place, unproven, limits, brakedUntilMs, heldLastHour, liftedUntilMs }: PlaceReport): string {
  const state = liftedUntilMs !== undefined ? 'lifted' : brakedUntilMs !== undefined ? 'braked' : 'counted';
  const until = time(iso(liftedUntilMs ?? brakedUntilMs));
  const owed = `${unproven.hour} of ${limits.hour} in the hour and ${unproven.day} of ${limits.day} in the day brought no code back`;
  const held = heldLastHour > 0 ? `; ${heldLastHour} held within the hour` : '';
  return `${state.padEnd(9)} ${place}${until === undefined ? '' : ` until ${until}`}: ${owed}${held}`;
}

function budgetInWords({ medium, spent, limits }: BudgetReport): string {
  const part = (count: number, limit: number | undefined, when: string) =>
    `${count}${limit === undefined ? '' : ` of ${limit}`} in this ${when}`;
  const messages = medium === 'sms' ? 'SMS' : 'e-mails';
  return `budget    ${messages}: ${part(spent.hour, limits.hour, 'hour')} and ${part(spent.day, limits.day, 'day')} (UTC)`;
}

/** The same for programs, with its times as everywhere. */
export function placeDocument({ brakedUntilMs, liftedUntilMs, ...place }: PlaceReport): object {
  return { ...place, brakedUntil: iso(brakedUntilMs), liftedUntil: iso(liftedUntilMs) };
}

function iso(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}
