/**
 * What one verification costs, by what happens to it. Events, actions and CPU are those of docs/performance.md, and a test compares them.
 * Bytes are of sealed histories with the sandbox's access tokens; `npm run capacity:check` compares them with new ones.
 */

/** Events and bytes of a history, and actions that Temporal Cloud bills. */
export interface Cost {
  readonly events: number;
  readonly actions: number;
  readonly bytes: number;
}

/** What can happen to a verification. Each ends in one of the first four ways; the others add to that. */
export const COSTS = {
  /** Sent directly, and the first code was right. */
  verified: { events: 21, actions: 7, bytes: 12_782 },
  /** Sent directly, and nobody typed a code in time. */
  expired: { events: 20, actions: 6, bytes: 11_023 },
  /** Expired without a message, because the e-mails of the day were used up. */
  withoutEmail: { events: 20, actions: 6, bytes: 11_728 },
  /** The first send was refused until the deadline, or for ten minutes. Besides its way by the queue, which has brought no try to an end. */
  unsent: { events: 15, actions: 4, bytes: 8_957 },
  failed: { events: 15, actions: 4, bytes: 8_957 },
  wrongCode: { events: 6, actions: 2, bytes: 4_170 },
  resend: { events: 11, actions: 2, bytes: 4_968 },
  /** A re-send that was refused until the deadline, or for ten minutes. */
  unsentResend: { events: 11, actions: 1, bytes: 4_968 },
  /** A first send, a code, or the look at the deadline, that goes by the task queue of calls. */
  queuedFirstSend: { events: 6, actions: 1, bytes: 2_589 },
  queuedCode: { events: 6, actions: 1, bytes: 2_675 },
  queuedLook: { events: 6, actions: 1, bytes: 2_610 },
  /** Cognito throttled a direct call. Of a first send the list says so, and later that it was sent. */
  refusedDirectSend: { events: 2, actions: 2, bytes: 2_011 },
  refusedDirectCode: { events: 0, actions: 0, bytes: 1_312 },
  /** A try by the task queue of calls that Cognito throttled. The history holds the last failure of each call only. */
  refusedTry: { events: 0, actions: 1, bytes: 0 },
  refusedCall: { events: 0, actions: 0, bytes: 1_450 },
  /** A code without an answer in a minute, which a person types again. Besides its way by the queue, as above. */
  typedAgain: { events: 6, actions: 1, bytes: 4_700 },
} as const satisfies Record<string, Cost>;

/** The name of something that can happen. */
export type Happening = keyof typeof COSTS;

/**
 * CPU of one verification on its usual path, in milliseconds: of a worker, and of Temporal Server with PostgreSQL. Those of
 * docs/performance.md, rounded; measure your own with `npm run bench`.
 */
export const CPU_MS = { worker: 24, server: 44 } as const;

/** Which part of it each step takes. */
export const CPU_SHARES = { firstSend: 0.6, resend: 0.4, wrongCode: 0.4, rightCode: 0.4 } as const;

/**
 * What PostgreSQL holds for each byte of history: 45,000 verifications, of which 20,000 were open, took 3.0 GB with tables, indexes and
 * visibility, at 13 kB of history each.
 */
export const DATABASE_BYTES_FOR_EACH = 5;
