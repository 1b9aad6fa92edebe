import { Alarm, type Deadline } from './alarm.js';

/** When a send begins next. `at`: by itself at that time, unless the deadline comes first. */
type When =
  | { kind: 'none' | 'now' | 'withToken' }
  | { kind: 'at'; atMs: number; why: 'automatic' | 'rateLimited' | 'slowRetry'; summary: string };

/** The plan for the next send, and its timer. `Sends` makes the plan. The first send is due at once. */
export class SendPlan {
  private readonly alarm = new Alarm();
  private when: When = { kind: 'now' };

  constructor(private readonly deadline: Pick<Deadline, 'atMs'>) {}

  plan(kind: 'none' | 'now' | 'withToken'): void {
    this.when = { kind };
  }

  /** @param summary what the Web UI shows beside the timer */
  planAt(atMs: number, why: Extract<When, { kind: 'at' }>['why'], summary: string): void {
    this.when = { kind: 'at', atMs, why, summary };
    if (atMs >= this.deadline.atMs) this.alarm.clear();
    this.deadlineMoved();
  }

  /** A send that would have come after the deadline may come before it by now. */
  deadlineMoved(): void {
    const { when } = this;
    if (when.kind === 'at' && when.atMs < this.deadline.atMs) this.alarm.set(when.atMs, when.summary);
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

  /** When a pending send is tried again. */
  get retryAtMs(): number | undefined {
    return this.when.kind === 'at' && this.pending ? this.when.atMs : undefined;
  }
}
