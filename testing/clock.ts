/** A timer that rings once. */
interface Timer {
  readonly atMs: number;
  readonly ring: () => void;
}

/** A clock that stands still until it is moved. */
export class Clock {
  private readonly timers = new Set<Timer>();

  /** @param nowMs the time in milliseconds since the epoch */
  constructor(private nowMs: number = Date.now()) {}

  now(): number {
    return this.nowMs;
  }

  /** @returns takes the timer away */
  set(atMs: number, ring: () => void): () => void {
    const timer = { atMs, ring };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Moves on, from timer to timer. @param settled waits until what a timer has begun is done */
  async advance(ms: number, settled: () => Promise<void>): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const next = [...this.timers].sort((a, b) => a.atMs - b.atMs).find(({ atMs }) => atMs <= untilMs);
      if (!next) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.ring();
    }
    this.nowMs = untilMs;
  }
}
