/** The queues of the model, in steps of a second. What waits is a mass of calls, not single ones. */

/** Calls that go the same way. `sinceSecond` is when they were wanted, `startSecond` when their verifications started (a mean). */
export interface Parcel {
  readonly kind: 'firstSend' | 'resend' | 'wrongCode' | 'rightCode';
  readonly mass: number;
  readonly sinceSecond: number;
  readonly startSecond: number;
  /** Refused tries so far. */
  readonly tries: number;
}

/** Less than this is nobody. */
const NOBODY = 1e-7;

/** First come, first served, so many units of work in a step. */
export class Fifo {
  private readonly waiting: Parcel[] = [];
  private head = 0;

  get isEmpty(): boolean {
    return this.head === this.waiting.length;
  }

  add(parcel: Parcel): void {
    if (parcel.mass > NOBODY) this.waiting.push(parcel);
  }

  /**
   * Hands out what the capacity allows.
   * @param fits how much of a mass still fits, and takes it out of the capacity
   */
  serve(fits: (parcel: Parcel) => number): Parcel[] {
    const served: Parcel[] = [];
    while (!this.isEmpty) {
      const parcel = this.waiting[this.head] as Parcel;
      const mass = Math.min(parcel.mass, fits(parcel));
      if (mass > 0) served.push({ ...parcel, mass });
      if (parcel.mass - mass > NOBODY) {
        this.waiting[this.head] = { ...parcel, mass: parcel.mass - mass };
        break;
      }
      this.head += 1;
    }
    if (this.head > 4_096) this.head -= this.waiting.splice(0, this.head).length;
    return served;
  }
}

/** A wait of an activity after a refused try is drawn from zero to this, which doubles: see `jitteredDelayMs` of the activities. */
const FIRST_BACKOFF_SECONDS = 1;
const LONGEST_BACKOFF_SECONDS = 30;
/** A wait is spread over so many moments at most. */
const MOST_MOMENTS = 5;
/** Those who were refused so often have waited for so long that a few seconds do not tell them apart. */
const MANY_TRIES = 2;
const ALIKE_SECONDS = 5;

/** A quota of Cognito: everybody who comes in a second has the same chance, and who is refused comes again after a wait. */
export class Quota {
  private readonly returning = new Map<number, Map<number, Parcel>>();
  /** What a second without calls leaves for the next one. */
  private saved: number;

  constructor(private readonly perSecond: number) {
    this.saved = perSecond;
  }

  get isEmpty(): boolean {
    return this.returning.size === 0;
  }

  /** Those whose wait ends in this second. */
  takeReturning(second: number): Parcel[] {
    const parcels = [...(this.returning.get(second)?.values() ?? [])];
    this.returning.delete(second);
    return parcels;
  }

  /** @returns who is let through, and who is refused */
  ask(parcels: readonly Parcel[]): { through: Parcel[]; refused: Parcel[] } {
    const asked = parcels.reduce((sum, { mass }) => sum + mass, 0);
    const allowed = Math.min(asked, this.saved);
    this.saved = Math.min(Math.max(1, this.perSecond), this.saved - allowed + this.perSecond);
    if (allowed >= asked) return { through: [...parcels], refused: [] };
    const share = allowed / asked;
    const part = (of: number) => parcels.map((parcel) => ({ ...parcel, mass: parcel.mass * of }));
    return { through: part(share), refused: part(1 - share) };
  }

  /** Lets a refused call come again after its backoff, which has full jitter. */
  backOff(parcel: Parcel, second: number): void {
    const longest = Math.min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** parcel.tries);
    const moments = Math.min(MOST_MOMENTS, longest);
    const mass = parcel.mass / moments;
    if (mass < NOBODY) return;
    for (let moment = 0; moment < moments; moment++) {
      const at = second + Math.max(1, Math.round(((moment + 0.5) * longest) / moments));
      this.merge(at, { ...parcel, mass, tries: parcel.tries + 1 });
    }
  }

  private merge(at: number, parcel: Parcel): void {
    const slot = this.returning.get(at) ?? new Map<number, Parcel>();
    this.returning.set(at, slot);
    const tries = Math.min(parcel.tries, 7);
    const alike = tries < MANY_TRIES ? 1 : ALIKE_SECONDS;
    const key = (Math.floor(parcel.sinceSecond / alike) * 8 + tries) * 4 + KINDS.indexOf(parcel.kind);
    const before = slot.get(key);
    slot.set(key, before ? merged(before, parcel) : parcel);
  }
}

const KINDS: readonly Parcel['kind'][] = ['firstSend', 'resend', 'wrongCode', 'rightCode'];

function merged(one: Parcel, other: Parcel): Parcel {
  const mass = one.mass + other.mass;
  const mean = (of: 'startSecond' | 'sinceSecond') => (one[of] * one.mass + other[of] * other.mass) / mass;
  return { ...other, mass, startSecond: mean('startSecond'), sinceSecond: mean('sinceSecond') };
}

/** The account's workers, and what they may ask Cognito directly. */
interface Allowing {
  readonly workers: number;
  readonly directCallsPerSecond: number;
  readonly queueCallsPerSecond: number;
}

/**
 * The share of calls that find no allowance: each takes one of the places of its process for a second (Erlang's loss formula, which
 * holds for calls that come independently of each other). `Allowance` of the activities has the rule.
 * @param perSecond calls of this kind that come to all workers of the account
 */
export function shareWithoutAllowance(account: Allowing, what: 'sends' | 'codes', perSecond: number): number {
  const { workers, directCallsPerSecond, queueCallsPerSecond } = account;
  const times = what === 'sends' ? 2 : 1;
  const places = Math.floor((times * Math.min(directCallsPerSecond, queueCallsPerSecond)) / workers);
  const load = perSecond / workers;
  let blocked = 1;
  for (let place = 1; place <= places; place++) blocked = (load * blocked) / (place + load * blocked);
  return blocked;
}

/** Delays with their masses. */
export class Delays {
  private readonly found: { seconds: number; mass: number }[] = [];

  add(seconds: number, mass: number): void {
    this.found.push({ seconds, mass });
  }

  /** @returns 0 where there are none */
  percentile(share: number): number {
    const sorted = this.found.toSorted((a, b) => a.seconds - b.seconds);
    const wanted = share * sorted.reduce((sum, { mass }) => sum + mass, 0);
    let passed = 0;
    for (const { seconds, mass } of sorted) {
      passed += mass;
      if (passed >= wanted) return seconds;
    }
    return 0;
  }
}
