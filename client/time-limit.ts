import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { CallAbortedError } from './errors.js';

/** How long one call of a caller may take. */
export interface Limits {
  /** For all of it; undefined for as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** What its caller aborts it with. */
  readonly signal?: AbortSignal | undefined;
}

/** Of the time of a call, what is kept for the answer to what has become of it, when the rest is over. */
const RESERVE = { share: 1 / 3, mostMs: 4_000 } as const;

/** The time of one call. All requests to Temporal that it makes end by then. */
class Budget {
  private readonly reserveMs: number;
  private readonly endMs: number;
  private isLate = false;

  constructor(
    timeoutMs: number,
    readonly signal: AbortSignal | undefined,
  ) {
    this.endMs = Date.now() + timeoutMs;
    this.reserveMs = Math.min(timeoutMs * RESERVE.share, RESERVE.mostMs);
  }

  /** Until when a request may take. */
  get untilMs(): number {
    return this.isLate ? this.endMs : this.endMs - this.reserveMs;
  }

  spendReserve(): void {
    this.isLate = true;
  }
}

/** The time limits of the calls that run now. */
export class TimeLimits {
  private readonly budgets = new AsyncLocalStorage<Budget>();

  /**
   * Runs a call within its limits.
   * @throws CallAbortedError as soon as its signal says so
   */
  async run<T>({ timeoutMs, signal }: Limits, call: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    if (signal?.aborted) throw new CallAbortedError({ cause: signal.reason });
    // One for each call: the SDK never takes its listeners off, and a caller's signal may outlive thousands of calls. Not
    // `AbortSignal.any`, which Node.js keeps as long as it has listeners.
    const controller = signal && new AbortController();
    const own = controller?.signal;
    // A long call may make dozens of requests, and Node.js warns of eleven listeners.
    if (own) setMaxListeners(0, own);
    const budget = new Budget(timeoutMs ?? Number.POSITIVE_INFINITY, own);
    const work = this.budgets.run(budget, () => call(own));
    if (!signal) return await work;
    let give: () => void = () => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      give = () => {
        controller?.abort(signal.reason);
        reject(new CallAbortedError({ cause: signal.reason }));
      };
      signal.addEventListener('abort', give, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', give);
    }
  }

  /** When a request must have ended that may take so long. Milliseconds since the epoch. */
  until(mostMs: number): number {
    return Math.min(Date.now() + mostMs, this.budgets.getStore()?.untilMs ?? Number.POSITIVE_INFINITY);
  }

  /** Half of what is left of the time of the call: for a question after whose failure another one is due. */
  halfMs(): number {
    return Math.max(0, this.until(Number.POSITIVE_INFINITY) - Date.now()) / 2;
  }

  /** From here on a call asks only what has become of it. */
  spendReserve(): void {
    this.budgets.getStore()?.spendReserve();
  }

  /** The error of a call that was aborted; undefined for one that was not. */
  whyAborted(): CallAbortedError | undefined {
    const signal = this.budgets.getStore()?.signal;
    return signal?.aborted ? new CallAbortedError({ cause: signal.reason }) : undefined;
  }
}
