/** The time, and how to let it pass. */
export interface ProbeClock {
  /** Milliseconds since the epoch. */
  now(): number;
  wait(ms: number): Promise<void>;
}

/** The machine's own time. */
export const MACHINE_CLOCK: ProbeClock = {
  now: Date.now,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
