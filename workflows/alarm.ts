import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/**
 * One durable timer that rings at an absolute time. It is set anew only when that time changes: every timer is two
 * events and a billed action, and a wrong code must not cost one.
 */
export class Alarm {
  private atMs: number | undefined;
  private scope: CancellationScope | undefined;
  private rung = false;

  get rang(): boolean {
    return this.rung;
  }

  /** @param summary what the Web UI shows beside the timer */
  set(atMs: number, summary: string): void {
    if (this.atMs === atMs) return;
    this.clear();
    this.atMs = atMs;
    const scope = new CancellationScope();
    this.scope = scope;
    const ringing = scope.run(() => sleep(Math.max(1, atMs - Date.now()), { summary }));
    ringing.then(
      () => {
        if (this.scope === scope) this.rung = true;
      },
      (error: unknown) => {
        if (!isCancellation(error)) throw error;
      },
    );
  }

  clear(): void {
    if (!this.rung) this.scope?.cancel();
    this.scope = undefined;
    this.atMs = undefined;
    this.rung = false;
  }
}

/** When the whole verification ends. */
export class Deadline {
  private readonly alarm = new Alarm();
  private noted = false;

  constructor(private endsAtMs: number) {}

  get atMs(): number {
    return this.endsAtMs;
  }

  begin(): void {
    this.alarm.set(this.atMs, 'The verification expires');
  }

  /** Has no effect once it has passed. */
  move(atMs: number): void {
    if (this.passed) return;
    this.endsAtMs = atMs;
    this.begin();
  }

  get passed(): boolean {
    return this.noted || this.alarm.rang;
  }

  /**
   * Reads the clock too: when no worker ran until after the deadline, nothing is sent any more. Never call it in a
   * condition. A message that its validator refuses evaluates conditions and leaves no event, so a replay would read the
   * clock at other moments.
   */
  noteByClock(): void {
    this.noted ||= this.alarm.rang || Date.now() >= this.atMs;
  }
}
