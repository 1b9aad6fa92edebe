import type { SandboxClock } from './clock.js';

/** One request to the sandbox. It never holds a token, a code or a phone number. */
export interface Call {
  /** ISO 8601, sandbox time. */
  readonly at: string;
  /** The service's prefix in IAM policies, such as `cognito-idp` or `sns`. */
  readonly service: string;
  readonly operation: string;
  readonly username?: string | undefined;
  readonly requestId: string;
  /** The same for all tries of one call of an AWS SDK. */
  readonly sdkInvocationId?: string | undefined;
  /**
   * The answer to the caller: `ok`, an exception's name, `dropped`, `empty`, or `http 503` for an answer that is
   * not Cognito's; `pending` while there is none.
   */
  readonly outcome: string;
  /** The result of the operation itself (`ok` or an exception's name); absent when a fault kept it from running. */
  readonly effect?: string | undefined;
}

/** A call whose outcome is not known yet. */
export type OpenCall = { -readonly [K in keyof Call]: Call[K] };

/** Selects calls. An absent field selects all. */
export interface CallFilter {
  readonly operation?: string | undefined;
  readonly username?: string | undefined;
}

/** Enough for any test; a benchmark's requests must not fill the memory. */
const KEPT_CALLS = 100_000;

/** Every request to the sandbox, in order. */
export class Calls {
  private calls: OpenCall[] = [];

  constructor(private readonly clock: SandboxClock) {}

  /** Records a request before it is answered. The caller fills in `outcome` and `effect`. */
  record(call: Omit<Call, 'at' | 'outcome' | 'effect'>): OpenCall {
    const open: OpenCall = { at: new Date(this.clock.now()).toISOString(), ...call, outcome: 'pending' };
    this.calls.push(open);
    if (this.calls.length > KEPT_CALLS) this.calls = this.calls.slice(KEPT_CALLS / 2);
    return open;
  }

  /** The calls so far, oldest first. */
  list({ operation, username }: CallFilter = {}): Call[] {
    return this.calls
      .filter(
        (call) =>
          (operation === undefined || call.operation === operation) &&
          (username === undefined || call.username === username),
      )
      .map((call) => ({ ...call }));
  }

  /** Removes all calls. */
  clear(): void {
    this.calls = [];
  }
}
