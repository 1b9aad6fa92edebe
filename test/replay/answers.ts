/**
 * The possible answers to a call to Cognito: one or more for each row of the tables in docs/failures.md, how a recording
 * provokes them, and how to recognise them in a history.
 */
import type { Fault } from '../../sandbox/index.js';
import type { ReadFailure } from './reading.js';

/** The fault that makes the sandbox give this answer. */
export type Provocation = Omit<Fault, 'operation' | 'username'>;

/** One answer that has a history. */
export interface CognitoAnswer {
  /** Names its edges, and the histories that were recorded for it. */
  name: string;
  /** The first column of its row in docs/failures.md. */
  row: string;
  /** Absent if a fault alone cannot provoke it: then it has a scenario of its own. */
  fault?: Provocation;
  /** Whether a failure is this one; absent for a success. */
  is?: (failure: ReadFailure) => boolean;
}

const ofType = (type: string, text?: RegExp) => (failure: ReadFailure) =>
  failure.type === type && (text?.test(failure.message) ?? true);

/** An exception from Cognito, in a row of its own. */
function exception(name: string, more: { message?: string; times?: number; as?: string; row?: string } = {}) {
  const { message, times, as = kebab(name), row = `\`${name}\`${message ? ` "${message}"` : ''}` } = more;
  const fault = { exception: { name, ...(message ? { message } : {}) }, ...(times ? { times } : {}) };
  return { name: as, row, fault, is: ofType(name, message ? new RegExp(escaped(message)) : undefined) };
}

const LOST = 'no answer within 22 s, connection lost after the request left, worker killed';
const UNREACHABLE = 'connection refused, no route, no name, no TLS, no connection within 3 s';
const NO_TOKEN = '`NotAuthorizedException`: expired, revoked, unreadable, or a text nobody has seen yet';
const THROTTLED = '`TooManyRequestsException`, another name that the AWS SDK takes for a throttle, or HTTP 429';
const UNKNOWN_STATUS = '`InternalErrorException`, another 5xx, or a name that the AWS SDK takes for transient';
const FOREIGN = "an answer that is not Cognito's, with any status";
/** By start to close, or by heartbeat. */
const TIMED_OUT = /^TemporalTimeout:[14]$/;

/** Answers with the same meaning for a send and an attempt. */
const COMMON: readonly CognitoAnswer[] = [
  exception('TooManyRequestsException', { row: THROTTLED, times: 1 }),
  {
    name: 'http-429',
    row: THROTTLED,
    fault: { exception: { name: 'SlowDown', status: 429 }, times: 1 },
    is: ofType('SlowDown'),
  },
  exception('ThrottlingException', { times: 1 }),
  { name: 'connection-refused', row: UNREACHABLE, is: ofType('ECONNREFUSED') },
  {
    name: 'internal-error-exception',
    row: UNKNOWN_STATUS,
    fault: { exception: { name: 'InternalErrorException', status: 500 } },
    is: ofType('InternalErrorException'),
  },
  {
    name: 'http-503',
    row: FOREIGN,
    fault: { htmlError: 503 },
    // The histories were recorded when such a failure still had its status for a name.
    is: ({ type }) => type === 'ForeignAnswer' || type === 'HTTP 503',
  },
  {
    name: 'connection-lost',
    row: LOST,
    fault: { dropConnection: 'afterEffect', times: 1 },
    is: ofType('ECONNRESET'),
  },
  {
    name: 'no-answer',
    row: LOST,
    fault: { latencyMs: 24_000, afterEffect: true },
    // A direct attempt is given up sooner.
    is: (failure) => failure.type === 'AbortError' || ofType('ETIMEDOUT', /requestTimeout/)(failure),
  },
  { name: 'worker-killed', row: LOST, is: (failure) => TIMED_OUT.test(failure.type) },
  exception('UnexpectedLambdaException'),
  ...['Access Token has expired', 'Access Token has been revoked', 'Invalid Access Token'].map((message) =>
    exception('NotAuthorizedException', { message, row: NO_TOKEN, as: kebab(message), times: 1 }),
  ),
  exception('NotAuthorizedException', { message: 'Access Token does not have required scopes', as: 'missing-scope' }),
  exception('NotAuthorizedException', { message: 'User is disabled.', as: 'user-disabled' }),
  exception('NotAuthorizedException', {
    message: 'A client attempted to write unauthorized attribute',
    as: 'unwritable-attribute',
  }),
  ...[
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
  ].map((name) => exception(name)),
  {
    name: 'unknown-fault-of-the-client',
    row: "another name, the fault being the client's",
    fault: { exception: { name: 'BrandNewException', status: 400 } },
    is: ofType('BrandNewException'),
  },
  {
    name: 'unknown-fault-of-the-server',
    row: "another name, the fault being the server's",
    fault: { exception: { name: 'BrokenNewException', status: 500 } },
    is: ofType('BrokenNewException'),
  },
];

const DAILY = 'Exceeded daily email limit for the operation or the account';
const DELIVERED = '`CodeDeliveryDetails`, or `{}` from endpoints that leave them out';
const NOT_OF_A_SEND = '`CodeMismatchException`, `ExpiredCodeException`, `AliasExistsException`';

export const SEND_ANSWERS: readonly CognitoAnswer[] = [
  { name: 'delivery-details', row: DELIVERED },
  { name: 'empty-answer', row: DELIVERED, fault: { emptyAnswer: true } },
  ...COMMON,
  // The first match counts, so exceptions with a text of their own come first.
  exception('LimitExceededException', { message: DAILY, as: 'daily-email-limit', times: 1 }),
  exception('LimitExceededException', { times: 1 }),
  exception('CodeDeliveryFailureException'),
  exception('ForbiddenException'),
  ...['CodeMismatchException', 'ExpiredCodeException', 'AliasExistsException'].map((name) =>
    exception(name, { row: NOT_OF_A_SEND }),
  ),
];

export const ATTEMPT_ANSWERS: readonly CognitoAnswer[] = [
  { name: 'success', row: 'success' },
  ...COMMON,
  { name: 'code-mismatch-exception', row: '`CodeMismatchException`', is: ofType('CodeMismatchException') },
  exception('ExpiredCodeException', { row: '`ExpiredCodeException` (expired, or used already)', times: 1 }),
  exception('LimitExceededException', { times: 1 }),
  exception('AliasExistsException'),
  exception('ForbiddenException', { times: 1 }),
  exception('CodeDeliveryFailureException'),
];

/** The answers for a reference without a usable token: the rows of their own table. */
export const UNRESOLVED = [
  'AccessTokenNotFound',
  'AccessTokenRefused',
  'AccessTokenSourceUnavailable',
  'AccessTokenSourceMissing',
] as const;

function kebab(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll(/\W+/g, '-')
    .toLowerCase();
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
