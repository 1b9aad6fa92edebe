import { BadInput, type Check, flag, number, object, oneOf, text } from './checks.js';
import { OPERATIONS } from './operations/operations.js';

/**
 * What is to go wrong, for which requests, and how often. The first four fields choose the requests; the others say
 * what happens to them. Several may be given at once.
 */
export interface Fault {
  /** One of Cognito's operations, or `*` for all. */
  operation: string;
  /** Only requests of this user. */
  username?: string;
  /** Only this share of the requests, from 0 to 1, drawn with {@link Fault.seed}. */
  share?: number;
  /** Makes the draws of {@link Fault.share} the same in every run. */
  seed?: number;
  /** Only the n-th request that the fault could meet, counted from 1. */
  nth?: number;
  /** At most so many requests. */
  times?: number;

  /** Answers with this exception; a missing text or status is Cognito's usual one. */
  exception?: { name: string; message?: string; status?: number };
  /** Answers with a page of HTML and this status from 500 to 599, as a load balancer would. */
  htmlError?: number;
  /**
   * Lets {@link Fault.exception} or {@link Fault.htmlError} come after the effect instead of in place of it, and
   * {@link Fault.latencyMs} too: the message is out while the caller still waits.
   */
  afterEffect?: boolean;
  /** Cuts the connection without an answer. */
  dropConnection?: 'beforeEffect' | 'afterEffect';
  /** Answers `{}` after the effect, as some other endpoints do. */
  emptyAnswer?: boolean;
  /** Waits before anything else; real milliseconds, whatever the sandbox's clock does. */
  latencyMs?: number;
  /** Accepts the code and never delivers the message. */
  neverDelivered?: boolean;
  /** Answers `TooManyRequestsException` when the bucket is empty: one for all requests, or one for each user. */
  tokenBucket?: { perSecond: number; burst: number; perUser?: boolean };
  /** Answers `LimitExceededException` to a user's requests beyond so many in an hour. */
  perUserHourly?: number;
}

/** A fault as the sandbox lists it. */
export interface ListedFault extends Fault {
  readonly id: string;
  /** Requests that it could have met. */
  readonly seen: number;
  /** Requests that it has met. */
  readonly applied: number;
}

const EFFECTS = [
  ...(['exception', 'htmlError', 'dropConnection', 'emptyAnswer', 'latencyMs', 'neverDelivered'] as const),
  ...(['tokenBucket', 'perUserHourly'] as const),
];

const whole = number({ min: 1, max: 1_000_000_000, integer: true });

const checkFields = object<Fault>(
  {
    operation: oneOf('*', ...Object.keys(OPERATIONS)),
    username: text(),
    share: number({ min: 0, max: 1 }),
    seed: number({ min: 0, max: 4_294_967_295, integer: true }),
    nth: whole,
    times: whole,
    exception: object({ name: text(), message: text(), status: number({ min: 400, max: 599, integer: true }) }, [
      'name',
    ]),
    htmlError: number({ min: 500, max: 599, integer: true }),
    afterEffect: flag(),
    dropConnection: oneOf('beforeEffect', 'afterEffect'),
    emptyAnswer: flag(),
    latencyMs: number({ min: 0, max: 600_000 }),
    neverDelivered: flag(),
    tokenBucket: object({ perSecond: number({ min: 0, max: 1_000_000 }), burst: whole, perUser: flag() }, [
      'perSecond',
      'burst',
    ]),
    perUserHourly: number({ min: 0, max: 1_000_000, integer: true }),
  },
  ['operation'],
);

/** Checks a fault that came from outside; throws `BadInput`. */
export const checkFault: Check<Fault> = (value, field) => {
  const fault = checkFields(value, field);
  if (!EFFECTS.some((effect) => fault[effect] !== undefined)) {
    throw new BadInput(`${field} says nothing that happens; give one or more of ${EFFECTS.join(', ')}`);
  }
  const { exception, htmlError, latencyMs } = fault;
  if (fault.afterEffect === true && exception === undefined && htmlError === undefined && latencyMs === undefined) {
    throw new BadInput(`${field}.afterEffect needs exception, htmlError or latencyMs`);
  }
  return fault;
};
