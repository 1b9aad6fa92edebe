import type { SandboxClock } from './clock.js';

/** One request that has arrived. It never holds a token or a code. */
export interface Call {
  /** ISO 8601, sandbox time. */
  readonly at: string;
  readonly operation: string;
  readonly username?: string;
  readonly requestId: string;
  /** The same for all tries that an AWS SDK makes of one call. */
  readonly sdkInvocationId?: string;
  /**
   * What the caller got: `ok`, an exception's name, `dropped`, `empty`, or `http 503` for a page of HTML; `pending`
   * while there is no answer yet.
   */
  readonly outcome: string;
  /** What the operation itself came to (`ok` or an exception's name); missing when a fault kept it from running. */
  readonly effect?: string;
}

/** A call whose outcome is not known yet. */
export type OpenCall = { -readonly [K in keyof Call]: Call[K] };

/** Which calls are wanted. */
export interface CallFilter {
  readonly operation?: string | undefined;
  readonly username?: string | undefined;
}

/** Enough for any test; a benchmark's requests must not fill the memory. */
const KEPT_CALLS = 100_000;

/** Every request that has arrived, in order. */
export class Calls {
  readonly #clock: SandboxClock;
  #calls: OpenCall[] = [];

  constructor(clock: SandboxClock) {
    this.#clock = clock;
  }

  /** Notes a request before anything is done about it. */
  arrived(call: Omit<Call, 'at' | 'outcome' | 'effect'>): OpenCall {
    const open: OpenCall = { at: new Date(this.#clock.now()).toISOString(), ...call, outcome: 'pending' };
    this.#calls.push(open);
    if (this.#calls.length > KEPT_CALLS) this.#calls = this.#calls.slice(KEPT_CALLS / 2);
    return open;
  }

  /** The calls so far. */
  list({ operation, username }: CallFilter = {}): Call[] {
    return this.#calls
      .filter(
        (call) =>
          (operation === undefined || call.operation === operation) &&
          (username === undefined || call.username === username),
      )
      .map((call) => ({ ...call }));
  }

  /** Forgets them. */
  clear(): void {
    this.#calls = [];
  }
}
