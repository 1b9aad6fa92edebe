/** The time source under the sandbox's clock, in milliseconds since the epoch. */
export type TimeSource = () => number;

/**
 * The sandbox's own time: the machine's, plus what a developer or a test has moved it ahead. Everything that Cognito
 * dates (codes, quotas, tokens) is dated by it, so that a 24-hour code can be seen to expire at once.
 */
export class SandboxClock {
  readonly #source: TimeSource;
  #offsetMs: number;

  constructor(source: TimeSource = Date.now, offsetMs = 0) {
    this.#source = source;
    this.#offsetMs = offsetMs;
  }

  /** How far the clock is ahead of the machine's. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#source() + this.#offsetMs;
  }

  /** Moves the clock ahead. It never goes back: quotas and tokens would meet their own future. */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`The sandbox clock only moves ahead: expected milliseconds >= 0, got ${String(ms)}`);
    }
    this.#offsetMs += ms;
  }
}
