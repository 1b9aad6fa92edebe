import * as v from 'valibot';
import { fields, HttpHeaders, Text, wholeNumber } from './schema.js';
import { OPERATION_NAMES } from './services.js';

const EFFECTS = [
  ...(['exception', 'htmlError', 'answer', 'dropConnection', 'emptyAnswer', 'latencyMs', 'neverDelivered'] as const),
  ...(['tokenBucket', 'perUserHourly'] as const),
];

/** The longest body of an answer of one's own, in characters: more than any answer of Cognito has. */
const MAX_BODY = 4 * 1024 * 1024;

const ForeignAnswer = fields({
  /** Any status of a final answer. With 204, 205 and 304 HTTP sends no body. */
  status: wholeNumber(200, 999),
  /** Without those that frame the answer, which the sandbox sets itself. Default: none. */
  headers: v.optional(HttpHeaders),
  /** Default: empty. */
  body: v.optional(v.pipe(v.string(), v.maxLength(MAX_BODY))),
  /** Whether the answer carries the request id that Cognito's own would. Default: no. */
  requestId: v.optional(v.boolean()),
});
export type ForeignAnswer = v.InferOutput<typeof ForeignAnswer>;

const Count = wholeNumber(1, 1_000_000_000);

/**
 * What goes wrong, for which requests, and how often. The first six fields choose the requests; the others say what
 * happens to them. At least one of the others must be given, and several may be.
 */
export const Fault = v.pipe(
  fields({
    /** One of the operations that the sandbox has, of any service, or `*` for all. */
    operation: v.picklist(['*', ...OPERATION_NAMES]),
    /** Only requests of this user. */
    username: v.optional(Text),
    /** Only this share of the requests, from 0 to 1, drawn with `seed`. */
    share: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
    /** Makes the draws of `share` the same in every run. */
    seed: v.optional(wholeNumber(0, 4_294_967_295)),
    /** Only the n-th request that matches the fields above, counted from 1. */
    nth: v.optional(Count),
    /** At most this many requests. */
    times: v.optional(Count),

    /** Answers with this exception. Default text and status: Cognito's usual ones. */
    exception: v.optional(fields({ name: Text, message: v.optional(Text), status: v.optional(wholeNumber(400, 599)) })),
    /** Answers with a page of HTML and this status, as a load balancer does. */
    htmlError: v.optional(wholeNumber(500, 599)),
    /** Answers with anything, as a proxy, a firewall or the wrong endpoint does. */
    answer: v.optional(ForeignAnswer),
    /**
     * Moves `exception`, `htmlError`, `answer` and `latencyMs` behind the effect: the message is out while the caller
     * still waits. Without it, the first three take the place of the effect.
     */
    afterEffect: v.optional(v.boolean()),
    /** Cuts the connection without an answer. */
    dropConnection: v.optional(v.picklist(['beforeEffect', 'afterEffect'])),
    /** Answers `{}` after the effect, as some other endpoints do. */
    emptyAnswer: v.optional(v.boolean()),
    /** Waits before anything else, in real milliseconds: the sandbox's clock has no influence. */
    latencyMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(600_000))),
    /** Accepts the code and never delivers the message. */
    neverDelivered: v.optional(v.boolean()),
    /** Answers `TooManyRequestsException` when the bucket is empty: one for all requests, or one for each user. */
    tokenBucket: v.optional(
      fields({
        perSecond: v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)),
        burst: Count,
        perUser: v.optional(v.boolean()),
      }),
    ),
    /** Answers `LimitExceededException` to the requests of a user beyond this many in an hour. */
    perUserHourly: v.optional(wholeNumber(0, 1_000_000)),
  }),
  v.check(
    (fault) => EFFECTS.some((effect) => fault[effect] !== undefined),
    `Invalid fault: Expected at least one of ${EFFECTS.join(', ')}`,
  ),
  v.check(
    ({ afterEffect, exception, htmlError, answer, latencyMs }) =>
      afterEffect !== true || (exception ?? htmlError ?? answer ?? latencyMs) !== undefined,
    'Invalid fault: afterEffect needs exception, htmlError, answer or latencyMs',
  ),
);
export type Fault = v.InferOutput<typeof Fault>;

/** A fault as the sandbox lists it. */
export interface ListedFault extends Fault {
  readonly id: string;
  /** How many requests matched `operation` and `username`. */
  readonly seen: number;
  /** How many requests the fault was applied to. */
  readonly applied: number;
}
