import { randomInt, randomUUID } from 'node:crypto';
import type { SandboxClock } from './clock.js';
import { attemptLimitExceeded, CognitoException, DEFAULT_STATUSES, DEFAULT_TEXTS } from './exceptions.js';
import type { Fault, ForeignAnswer, ListedFault } from './fault.js';

/** What a request gets instead of its regular answer. */
export type Disruption =
  | { readonly kind: 'exception'; readonly exception: CognitoException }
  | { readonly kind: 'foreign'; readonly answer: ForeignAnswer }
  | { readonly kind: 'drop' }
  | { readonly kind: 'empty' };

/** What all faults together do to one request. */
export interface FaultPlan {
  /** Before the effect. */
  latencyMs: number;
  /** Between the effect and the answer. */
  answerDelayMs: number;
  neverDelivered: boolean;
  /** Replaces the effect. */
  beforeEffect?: Disruption;
  /** Replaces the answer after the effect. */
  afterEffect?: Disruption;
}

const HOUR_MS = 3_600_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** One fault that is set, with its counters. */
class ActiveFault {
  readonly id = randomUUID();
  seen = 0;
  applied = 0;
  private readonly random: () => number;
  private readonly buckets = new Map<string, Bucket>();
  private readonly hours = new Map<string, number[]>();

  constructor(
    readonly fault: Fault,
    private readonly clock: SandboxClock,
  ) {
    this.random = seededRandom(fault.seed ?? randomInt(2 ** 32));
  }

  /** Adds to the plan what this fault does to the request, if it chooses the request. */
  apply(operation: string, username: string | undefined, plan: FaultPlan): void {
    const { fault } = this;
    if (fault.operation !== '*' && fault.operation !== operation) return;
    if (fault.username !== undefined && fault.username !== username) return;
    this.seen += 1;
    if (fault.nth !== undefined && fault.nth !== this.seen) return;
    if (fault.times !== undefined && this.applied >= fault.times) return;
    if (fault.share !== undefined && this.random() >= fault.share) return;
    const refusal = this.refusalByLimit(username ?? '');
    const isLimit = fault.tokenBucket !== undefined || fault.perUserHourly !== undefined;
    if (isLimit && refusal === undefined) return;

    this.applied += 1;
    if (fault.afterEffect === true) plan.answerDelayMs += fault.latencyMs ?? 0;
    else plan.latencyMs += fault.latencyMs ?? 0;
    plan.neverDelivered ||= fault.neverDelivered === true;
    // The fault that was set first decides; later ones add latency and lost messages only.
    if (plan.beforeEffect !== undefined || plan.afterEffect !== undefined) return;
    const disruption = refusal ?? disruptionOf(fault);
    if (disruption === undefined) return;
    if (refusal === undefined && isAfterEffect(fault)) plan.afterEffect = disruption;
    else plan.beforeEffect = disruption;
  }

  private refusalByLimit(username: string): Disruption | undefined {
    const { tokenBucket, perUserHourly } = this.fault;
    if (tokenBucket !== undefined && !this.takeToken(tokenBucket, tokenBucket.perUser === true ? username : '')) {
      return { kind: 'exception', exception: exceptionOf({ name: 'TooManyRequestsException' }) };
    }
    if (perUserHourly !== undefined && !this.spendHour(perUserHourly, username)) {
      return { kind: 'exception', exception: attemptLimitExceeded() };
    }
    return undefined;
  }

  private takeToken({ perSecond, burst }: { perSecond: number; burst: number }, key: string): boolean {
    const now = this.clock.now();
    const bucket = this.buckets.get(key) ?? { tokens: burst, filledAt: now };
    this.buckets.set(key, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  private spendHour(allowed: number, username: string): boolean {
    const now = this.clock.now();
    const spent = (this.hours.get(username) ?? []).filter((at) => at > now - HOUR_MS);
    this.hours.set(username, spent);
    if (spent.length >= allowed) return false;
    spent.push(now);
    return true;
  }
}

/** The faults that are set. */
export class Faults {
  private active: ActiveFault[] = [];

  constructor(private readonly clock: SandboxClock) {}

  /** Sets one more fault and returns its id. */
  set(fault: Fault): string {
    const active = new ActiveFault(structuredClone(fault), this.clock);
    this.active.push(active);
    return active.id;
  }

  /** Ends one fault, or all. The answer says whether there was one. */
  clear(id?: string): boolean {
    const before = this.active.length;
    this.active = id === undefined ? [] : this.active.filter((active) => active.id !== id);
    return this.active.length < before;
  }

  /** The faults in the order in which they were set. */
  list(): ListedFault[] {
    return this.active.map(({ id, fault, seen, applied }) => ({ id, ...structuredClone(fault), seen, applied }));
  }

  /** What happens to a request that has just arrived. Counts it for each fault that chooses it. */
  plan(operation: string, username: string | undefined): FaultPlan {
    const plan: FaultPlan = { latencyMs: 0, answerDelayMs: 0, neverDelivered: false };
    for (const active of this.active) active.apply(operation, username, plan);
    return plan;
  }
}

function disruptionOf(fault: Fault): Disruption | undefined {
  if (fault.dropConnection !== undefined) return { kind: 'drop' };
  if (fault.htmlError !== undefined) return { kind: 'foreign', answer: htmlPage(fault.htmlError) };
  if (fault.answer !== undefined) return { kind: 'foreign', answer: fault.answer };
  if (fault.exception !== undefined) return { kind: 'exception', exception: exceptionOf(fault.exception) };
  return fault.emptyAnswer === true ? { kind: 'empty' } : undefined;
}

function isAfterEffect(fault: Fault): boolean {
  if (fault.dropConnection !== undefined) return fault.dropConnection === 'afterEffect';
  if ((fault.htmlError ?? fault.answer ?? fault.exception) !== undefined) return fault.afterEffect === true;
  return fault.emptyAnswer === true;
}

/** As from a load balancer. */
function htmlPage(status: number): ForeignAnswer {
  const body = `<html><body><h1>${status} Service Unavailable</h1></body></html>\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}

function exceptionOf({ name, message, status }: NonNullable<Fault['exception']>): CognitoException {
  return new CognitoException(name, message ?? DEFAULT_TEXTS[name] ?? name, status ?? DEFAULT_STATUSES[name] ?? 400);
}

/** Mulberry32: small, and the same numbers for the same seed on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
