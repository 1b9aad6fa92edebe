/** The kinds of calls that Cognito counts apart. */
export type CallKind = 'send' | 'attempt' | 'look';

/** Cognito lets an account send twice as many codes in a second (50) as it checks (25). */
const SENDS_FOR_EACH_ATTEMPT = 2;

/** A local activity holds its workflow task. A worker runs 40 tasks at once, and Cognito may be slow. */
const MOST_LOCAL_AT_ONCE = 10;

/** After a throttle the task queue of calls decides alone, with its rate limit and its backoff. */
const THROTTLED_FOR_MS = 60_000;

/** The time in which calls count together. */
export const WINDOW_MS = 1_000;

/** One flooding pool must not hold up the others: a pool with more than an equal part leaves so much of each second to them. */
const LEFT_TO_OTHERS = 0.2;

/** A pool counts as one of several for so long after it has asked for a call. */
const POOL_COUNTS_FOR_MS = 60_000;

/** A call of the last second. */
interface MadeCall {
  readonly atMs: number;
  readonly userPoolId: string;
}

interface AllowanceOptions {
  throttledForMs?: number | undefined;
  now?: (() => number) | undefined;
}

/** What the server says of the task queue of calls. */
interface QueueState {
  /** What it lets through in a second; 0 while it is paused. Absent: as much as comes. */
  readonly perSecond?: number | undefined;
  /** The worker processes that share it, this one among them. Absent: it has no part, and makes no direct call. */
  readonly workers?: number | undefined;
}

/**
 * What a worker process may ask Cognito directly, past the task queue of calls: its part of so many calls of each kind in every
 * second, for each region, since the quotas are those of an account in a region. Nothing for a minute after Cognito has throttled any
 * call of the process, and nothing while the task queue of calls is paused. Of attempts and looks together ten at once, since each
 * holds its workflow task. Where several pools call, the busiest leaves a fifth to the others.
 */
export class Allowance {
  private readonly made = new Map<string, MadeCall[]>();
  /** By region, when each pool asked last. */
  private readonly asked = new Map<string, Map<string, number>>();
  private local = 0;
  private readonly throttledUntilMs = new Map<string, number>();
  private queue: QueueState = { workers: 1 };
  private holdsUntilMs = Number.POSITIVE_INFINITY;

  private readonly throttledForMs: number;
  private readonly now: () => number;

  /**
   * @param perSecond attempts, and as many looks, of all worker processes together; twice as many sends. 0 for no direct call
   * @param options for tests: how long a throttle counts, and a clock
   */
  constructor(
    private readonly perSecond: number,
    { throttledForMs = THROTTLED_FOR_MS, now = () => performance.now() }: AllowanceOptions = {},
  ) {
    this.throttledForMs = throttledForMs;
    this.now = now;
  }

  /**
   * Makes a call out of the allowance.
   * @returns undefined where there is none left
   */
  draw<Result>(kind: CallKind, userPoolId: string, call: () => Promise<Result>): Promise<Result> | undefined {
    const isLocal = kind !== 'send';
    if (isLocal && this.local >= MOST_LOCAL_AT_ONCE) return undefined;
    if (!this.take(kind, userPoolId)) return undefined;
    return isLocal ? this.whileLocal(call) : call();
  }

  private async whileLocal<Result>(call: () => Promise<Result>): Promise<Result> {
    this.local += 1;
    try {
      return await call();
    } finally {
      this.local -= 1;
    }
  }

  private take(kind: CallKind, userPoolId: string): boolean {
    const nowMs = this.now();
    const region = regionOf(userPoolId);
    if ((this.throttledUntilMs.get(region) ?? 0) > nowMs) return false;
    const pools = this.poolsAsking(region, userPoolId, nowMs);
    const key = `${kind} ${region}`;
    // Each second counts, not each full one: a bucket that was full would let twice as many through.
    const made = (this.made.get(key) ?? []).filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    const most = this.mostOf(kind);
    const own = made.filter((call) => call.userPoolId === userPoolId).length;
    const isGreedy = own + 1 > Math.max(1, most / pools);
    const isLeft = made.length < (isGreedy && pools > 1 ? most - Math.ceil(most * LEFT_TO_OTHERS) : most);
    this.made.set(key, isLeft ? [...made, { atMs: nowMs, userPoolId }] : made);
    return isLeft;
  }

  /** This process's part of a second. Half a call is none here, so that all together never make more than is allowed. */
  private mostOf(kind: CallKind): number {
    if (this.now() >= this.holdsUntilMs) return 0;
    const { perSecond = Number.POSITIVE_INFINITY, workers = Number.POSITIVE_INFINITY } = this.queue;
    const times = kind === 'send' ? SENDS_FOR_EACH_ATTEMPT : 1;
    return Math.floor((times * Math.min(this.perSecond, perSecond)) / workers);
  }

  /** How many pools of the region have asked for a call lately, this one among them. */
  private poolsAsking(region: string, userPoolId: string, nowMs: number): number {
    const asked = this.asked.get(region) ?? new Map<string, number>();
    this.asked.set(region, asked.set(userPoolId, nowMs));
    for (const [pool, atMs] of asked) if (atMs <= nowMs - POOL_COUNTS_FOR_MS) asked.delete(pool);
    return asked.size;
  }

  /** Cognito has throttled a call of this process. */
  throttled(userPoolId: string): void {
    this.throttledUntilMs.set(regionOf(userPoolId), this.now() + this.throttledForMs);
  }

  /**
   * Takes its part of what the server lets through the task queue of calls.
   * @param holdsForMs after that there is none until it is told anew. Default: for ever
   */
  follow(queue: QueueState, holdsForMs = Number.POSITIVE_INFINITY): void {
    this.queue = queue;
    this.holdsUntilMs = this.now() + holdsForMs;
  }
}

/** The part of the id before the underscore. Accounts are not told apart: all pools of a region share what one account has. */
function regionOf(userPoolId: string): string {
  return userPoolId.split('_', 1)[0] ?? '';
}
