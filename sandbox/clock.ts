/** The time source under the sandbox's clock, in milliseconds since the epoch. */
export type TimeSource = () => number;

/**
 * The sandbox's own time: the machine's, plus the time by which a developer or a test has moved it ahead. It dates
 * everything that Cognito dates (codes, quotas, tokens), so that a test sees a 24-hour code expire at once.
 */
export class SandboxClock {
  /** @param aheadMs how far the clock is ahead of `source` */
  constructor(
    private readonly source: TimeSource = Date.now,
    private aheadMs = 0,
  ) {}

  /** How far the clock is ahead of the machine's, in milliseconds. */
  get offsetMs(): number {
    return this.aheadMs;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.source() + this.aheadMs;
  }

  /**
   * Moves the clock ahead. It never goes back: quotas and tokens would then lie in the future.
   * @throws RangeError if `ms` is negative or not a finite number
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`The sandbox clock only moves ahead: expected milliseconds >= 0, got ${String(ms)}`);
    }
    this.aheadMs += ms;
  }
}
