/**
 * Our own metrics: one table of their names, kinds, labels and help. Beside them a worker serves those of the Temporal SDK.
 * Workflow code imports this too, so it holds plain data only. docs/metrics.md shows the table, and a test compares the two.
 */
import {
  ATTRIBUTE_NAMES,
  CALL_FAILURE_TYPES,
  EXPIRY_REASONS,
  FAILURE_TYPES,
  FINAL_STATES,
  HELD_REASONS,
  PROOF_FAILURE_TYPES,
  PROOFS,
  REFUSED_REASONS,
} from '@cognito-verification/contract';

/** What takes the place of a value that a label does not list, so that nobody from outside can add a series. */
export const OTHER = 'other';
/** The value of a label that does not apply. */
export const NONE = 'none';

/** The exceptions of Cognito that a label may name: those of the table in `activities/failures.ts`. A test compares the two. */
export const COGNITO_EXCEPTIONS = [
  'TooManyRequestsException',
  'ThrottlingException',
  'LimitExceededException',
  'CodeMismatchException',
  'ExpiredCodeException',
  'NotAuthorizedException',
  'InternalErrorException',
  'UnexpectedLambdaException',
  'CodeDeliveryFailureException',
  'ForbiddenException',
  'UserLambdaValidationException',
  'InvalidLambdaResponseException',
  'InvalidSmsRoleAccessPolicyException',
  'InvalidSmsRoleTrustRelationshipException',
  'InvalidEmailRoleAccessPolicyException',
  'OperationNotEnabledException',
  'ResourceNotFoundException',
  'InvalidParameterException',
  'UserNotFoundException',
  'UserNotConfirmedException',
  'PasswordResetRequiredException',
  'AliasExistsException',
] as const;

/** The errors of the network and of Node that a label may name. */
const NETWORK_ERRORS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'TimeoutError',
  'AbortError',
] as const;

/** Why the guard holds or refuses a message. */
const GUARD_REASONS = [...HELD_REASONS, ...REFUSED_REASONS] as const;

const OUR_FAILURES = [...Object.values(FAILURE_TYPES), ...Object.values(CALL_FAILURE_TYPES)] as const;

/** What a label may hold: one of these words, or a text of this form whose values the caller bounds. */
type Values = readonly string[] | RegExp;

interface Described {
  /** As the SDK takes it. `prometheusName` says what Prometheus calls it. */
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, Values>>;
}

/** A metric of the table. */
export type Metric = Described &
  (
    | { readonly kind: 'counter' | 'gauge' }
    | {
        readonly kind: 'histogram';
        /** In seconds. */
        readonly buckets: readonly number[];
      }
  );

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** All of them. */
export const METRICS = {
  calls: {
    name: 'verification_calls',
    kind: 'counter',
    help: 'Calls to Cognito that have ended, each try of its own. A look that is a part of a send or attempt counts only where it fails.',
    labels: {
      call: ['send', 'attempt', 'look'],
      path: ['direct', 'governed'],
      outcome: [
        ...(['sent', 'alreadyVerified', 'accepted', 'read'] as const),
        ...(['mismatch', 'codeExpired', 'rateLimited', 'throttled', 'uncertain', 'unreachable'] as const),
        ...(['accessTokenRejected', 'undeliverable', 'blocked', 'held', 'failed', 'cancelled'] as const),
      ],
      reason: [
        ...COGNITO_EXCEPTIONS,
        ...OUR_FAILURES,
        ...Object.values(PROOF_FAILURE_TYPES),
        ...NETWORK_ERRORS,
        ...GUARD_REASONS,
      ],
      attribute: ATTRIBUTE_NAMES,
      user_pool: /^[\w-]{1,55}$/,
    },
  },
  ended: {
    name: 'verification_ended',
    kind: 'counter',
    help: 'Verifications that have ended, with their last state and the reason: the proof, why it expired before its deadline, or the type of the failure.',
    labels: {
      outcome: FINAL_STATES,
      reason: [
        ...PROOFS,
        ...EXPIRY_REASONS,
        ...COGNITO_EXCEPTIONS,
        ...OUR_FAILURES,
        ...Object.values(PROOF_FAILURE_TYPES),
        ...GUARD_REASONS,
      ],
      attribute: ATTRIBUTE_NAMES,
    },
  },
  timeToVerified: {
    name: 'verification_time_to_verified',
    kind: 'histogram',
    help: 'Seconds from the first message of a verification to its proof: the message, the person, and what was sent again.',
    // A person who waits for the message takes 10 s to a few minutes; one who comes back takes hours. A code lives for a day.
    buckets: [
      5,
      10,
      20,
      30,
      45,
      MINUTE,
      90,
      2 * MINUTE,
      5 * MINUTE,
      10 * MINUTE,
      30 * MINUTE,
      HOUR,
      6 * HOUR,
      24 * HOUR,
    ],
    labels: { attribute: ATTRIBUTE_NAMES },
  },
  guardMessages: {
    name: 'verification_guard_messages',
    kind: 'counter',
    help: 'Messages that the guard was asked for, and those that a right code has proven since, by country of the number.',
    labels: {
      event: ['admitted', 'takenBack', 'held', 'refused', 'proven', 'watched'],
      reason: GUARD_REASONS,
      /** ISO 3166-1 alpha-2; of a number of no country, such as a satellite's, its calling code. */
      country: /^(?:[A-Z]{2}|\+\d{3}|unknown)$/,
      attribute: ATTRIBUTE_NAMES,
    },
  },
  guardStoreAway: {
    name: 'verification_guard_store_away',
    kind: 'gauge',
    help: 'Whether the store that the guards of all workers share is away from this process: 1 or 0. Absent until it was away once.',
    labels: {},
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The key of a metric in the table. */
export type MetricKey = keyof typeof METRICS;

/** What Prometheus calls a metric, before the `_bucket`, `_sum` and `_count` of a histogram. */
export function prometheusName({ name, kind }: Metric): string {
  return name + { counter: '_total', gauge: '', histogram: '_seconds' }[kind];
}
