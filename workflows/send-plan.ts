import type { HeldReason, VerificationFailure } from '@cognito-verification/contract';
import { Alarm, type Deadline } from './alarm.js';
import { automaticResendAt, type LimitFacts } from './limits.js';
import type { Looks } from './looks.js';
import { countedSends, nextDailyEmailReset, retryAfterHold, retryAfterRateLimit, slowRetryAt } from './policy.js';
import type { TakenSend } from './send-call.js';

/** What the plan needs of its verification. */
interface Parts {
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly limits: LimitFacts;
}

/** When a send begins next. `at`: by itself at that time, unless the deadline comes first. */
type When =
  | { kind: 'none' | 'now' | 'withToken' }
  | {
      kind: 'at';
      atMs: number;
      why: 'automatic' | 'rateLimited' | 'slowRetry';
      summary: string;
      held?: HeldReason | undefined;
    };

/** The plan for the next send, and its timer: `Sends` says what for, and the plan says when. The first send is due at once. */
export class SendPlan {
  private readonly alarm = new Alarm();
  private when: When = { kind: 'now' };
  private automaticResends = true;
  private rateLimitsInARow = 0;
  private holdsInARow = 0;
  private slowRetries = 0;

  constructor(private readonly parts: Parts) {}

  plan(kind: 'none' | 'now' | 'withToken'): void {
    this.when = { kind };
  }

  /** Plans the automatic re-send, or none: where there is none, or where it would go to the kept value. */
  planAutomatic(): void {
    const { limits, looks } = this.parts;
    const atMs = automaticResendAt(limits, Date.now());
    if (this.automaticResends && atMs !== undefined && !looks.changePending)
      this.planAt(atMs, 'automatic', 'Sends again if nothing was confirmed by then');
    else this.clear();
  }

  /** No automatic re-send is planned any more. */
  endAutomatic(): void {
    this.automaticResends = false;
  }

  /** @param summary what the Web UI shows beside the timer */
  putOff(atMs: number, summary: string): void {
    this.planAt(atMs, 'rateLimited', summary);
  }

  /** Plans another send after Cognito refused one for its limits. */
  waitOutRateLimit(dailyEmailLimit: boolean): void {
    const { earlier, sends } = this.parts.limits;
    const own = [...earlier.sends, ...countedSends(sends)].map(({ at }) => Date.parse(at));
    const atMs = dailyEmailLimit
      ? nextDailyEmailReset(Date.now())
      : retryAfterRateLimit(own, ++this.rateLimitsInARow, Date.now());
    this.putOff(atMs, 'Cognito may take another send by then');
  }

  /** Plans another send after the guard of the worker kept one back. */
  waitOutHold(held: HeldReason, retryAt: string | undefined): void {
    const atMs = retryAfterHold(Date.parse(retryAt ?? ''), ++this.holdsInARow, Date.now());
    this.planAt(atMs, 'rateLimited', 'The guard may let another send through by then', held);
  }

  /**
   * Plans another try after a failure that left no message and may pass.
   * @returns whether one is left
   */
  tryAgainSlowly(kind: 'undeliverable' | 'blocked', failure: VerificationFailure): boolean {
    const atMs = slowRetryAt(kind, ++this.slowRetries, Date.now());
    if (atMs === undefined) return false;
    this.planAt(atMs, 'slowRetry', `Tries again after ${failure.type}`);
    return true;
  }

  /** Failures in a row end with an answer of another kind. */
  noteAnswer(verdict: TakenSend['verdict']): void {
    if (verdict !== 'rateLimited') this.rateLimitsInARow = 0;
    if (verdict !== 'rateLimited') this.holdsInARow = 0;
    if (verdict !== 'undeliverable' && verdict !== 'blocked') this.slowRetries = 0;
  }

  private planAt(atMs: number, why: Extract<When, { kind: 'at' }>['why'], summary: string, held?: HeldReason): void {
    this.when = { kind: 'at', atMs, why, summary, held };
    if (atMs >= this.parts.deadline.atMs) this.alarm.clear();
    this.deadlineMoved();
  }

  /** A send that would have come after the deadline may come before it by now. */
  deadlineMoved(): void {
    const { when } = this;
    if (when.kind === 'at' && when.atMs < this.parts.deadline.atMs) this.alarm.set(when.atMs, when.summary);
  }

  /** Drops the plan and its timer. */
  clear(): void {
    this.alarm.clear();
    this.plan('none');
  }

  get due(): boolean {
    return this.when.kind === 'now' || this.alarm.rang;
  }

  /** It is due, or will be after a moment. */
  get soon(): boolean {
    return this.when.kind === 'now' || (this.when.kind === 'at' && this.when.why === 'slowRetry');
  }

  /** The last try left no message, and another one follows. */
  get triesAgain(): boolean {
    return this.slowRetries > 0;
  }

  get waitsForToken(): boolean {
    return this.when.kind === 'withToken';
  }

  /** A send was asked for and not made yet; an automatic one is not asked for. */
  get pending(): boolean {
    return this.when.kind === 'at' ? this.when.why !== 'automatic' : this.when.kind !== 'none';
  }

  /** It is planned by the policy alone. */
  get automatic(): boolean {
    return this.when.kind === 'at' && this.when.why === 'automatic';
  }

  /** Why the guard of the worker keeps the pending send back. */
  get held(): HeldReason | undefined {
    return this.when.kind === 'at' ? this.when.held : undefined;
  }

  /** When a pending send is tried again. */
  get retryAtMs(): number | undefined {
    return this.when.kind === 'at' && this.pending ? this.when.atMs : undefined;
  }
}
