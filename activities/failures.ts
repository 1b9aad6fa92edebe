/**
 * What each answer of Cognito means: a row for each exception, with its meaning for a send and for an attempt. The name of
 * an exception decides, never the HTTP status, which is 400 for nearly all of them. `docs/failures.md` shows the same table
 * with its reasons.
 */
import type { Secret } from '@cognito-verification/contract';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import { UnresolvedAccessToken } from './access-token-source.js';
import { CognitoRefusal, ForeignAnswer, plainWord, RequestNotBuilt } from './cognito-answer.js';

/**
 * What a failed send means for the verification. The activity retries only `throttled` and `unreachable`: such a call has had
 * no effect, and no message was sent.
 */
export type SendFailure =
  | 'throttled'
  | 'unreachable'
  | 'rateLimited'
  | 'uncertain'
  | 'accessTokenRejected'
  | 'undeliverable'
  | 'blocked'
  | 'failed';

/** What a failed attempt means for the verification. */
export type AttemptFailure =
  | 'throttled'
  | 'unreachable'
  | 'rateLimited'
  | 'uncertain'
  | 'accessTokenRejected'
  | 'blocked'
  | 'mismatch'
  | 'codeExpired'
  | 'failed';

/** What one answer of Cognito means. */
export interface Reading {
  send: SendFailure;
  attempt: AttemptFailure;
  /** What a person should do about it; empty if nobody has to act. */
  remedy: string;
  /** Whether the account's 50 e-mails a day are used up; the count starts again at 09:00 UTC. */
  dailyEmailLimit?: true | undefined;
}

interface Row extends Reading {
  exception: string;
  /** Tells apart the meanings of one name; the first row that matches counts. Default: any text matches. */
  text?: RegExp | undefined;
}

const row = (
  exception: string,
  send: SendFailure,
  attempt: AttemptFailure,
  remedy = '',
  more: Partial<Row> = {},
): Row => ({ exception, send, attempt, remedy, ...more });

const RENEW = 'Renew the access token: the verification goes on with it.';
const AS_OPERATOR = 'Someone with access to the user pool must act:';

const TABLE: readonly Row[] = [
  row('TooManyRequestsException', 'throttled', 'throttled'),
  row('ThrottlingException', 'throttled', 'throttled'),
  row('LimitExceededException', 'rateLimited', 'rateLimited', '', {
    text: /daily email limit/i,
    dailyEmailLimit: true,
  }),
  row('LimitExceededException', 'rateLimited', 'rateLimited'),
  row('CodeMismatchException', 'failed', 'mismatch'),
  row('ExpiredCodeException', 'failed', 'codeExpired'),
  row(
    'NotAuthorizedException',
    'failed',
    'failed',
    'The app client must grant the scope aws.cognito.signin.user.admin, and the user sign in again with it.',
    { text: /scope/i },
  ),
  row('NotAuthorizedException', 'failed', 'failed', 'The user is disabled: an administrator can enable them again.', {
    text: /user is disabled/i,
  }),
  row(
    'NotAuthorizedException',
    'failed',
    'failed',
    `${AS_OPERATOR} the app client may not write the attribute (WriteAttributes of the app client).`,
    { text: /unauthorized attribute/i },
  ),
  // Expired, revoked, unreadable, or a text that Cognito may introduce one day: a fresh token may help.
  row('NotAuthorizedException', 'accessTokenRejected', 'accessTokenRejected', RENEW),
  row('InternalErrorException', 'uncertain', 'uncertain'),
  row('UnexpectedLambdaException', 'uncertain', 'uncertain', `${AS_OPERATOR} look at the logs of the pool's triggers.`),
  row(
    'CodeDeliveryFailureException',
    'undeliverable',
    'failed',
    `${AS_OPERATOR} for SMS, look at the SMS sandbox, the spend limit and the origination identity in AWS End User Messaging; for e-mail, at the SES identity and its sandbox.`,
  ),
  row(
    'ForbiddenException',
    'blocked',
    'blocked',
    `${AS_OPERATOR} a rule of the WAF web ACL on the pool blocked the call.`,
  ),
  row(
    'UserLambdaValidationException',
    'failed',
    'failed',
    "The pool's Lambda trigger refused it; the text is the trigger's own.",
  ),
  row(
    'InvalidLambdaResponseException',
    'failed',
    'failed',
    `${AS_OPERATOR} the custom message trigger's answer is not usable; the message must contain the code parameter.`,
  ),
  row(
    'InvalidSmsRoleAccessPolicyException',
    'failed',
    'failed',
    `${AS_OPERATOR} the pool's SMS role may not publish; see its IAM policy.`,
  ),
  row(
    'InvalidSmsRoleTrustRelationshipException',
    'failed',
    'failed',
    `${AS_OPERATOR} the pool's SMS role must trust cognito-idp.amazonaws.com with the pool's external id.`,
  ),
  row(
    'InvalidEmailRoleAccessPolicyException',
    'failed',
    'failed',
    `${AS_OPERATOR} Cognito may not use the SES identity; verify it and its sending policy.`,
  ),
  row(
    'OperationNotEnabledException',
    'failed',
    'failed',
    `${AS_OPERATOR} this region is a replica that takes no writes; send the worker's calls to the primary region.`,
  ),
  row('ResourceNotFoundException', 'failed', 'failed', `${AS_OPERATOR} the user pool or its app client is gone.`),
  row(
    'InvalidParameterException',
    'failed',
    'failed',
    "The user has no usable value for the attribute, or the pool cannot send it: set the value, or the pool's SMS or e-mail configuration.",
  ),
  row('UserNotFoundException', 'failed', 'failed', 'The user is gone from the pool: they must sign up again.'),
  row('UserNotConfirmedException', 'failed', 'failed', 'The user must confirm the sign-up first (ConfirmSignUp).'),
  row('PasswordResetRequiredException', 'failed', 'failed', 'The user must reset the password first (ForgotPassword).'),
  row(
    'AliasExistsException',
    'failed',
    'failed',
    'Another user of the pool owns this address or number: the user must choose another, or sign in as that user.',
  ),
];

/** Why there was no token that may be sent, so that Cognito was not called. */
const UNRESOLVED: Record<UnresolvedAccessToken['name'], Reading> = {
  // Another worker may serve it: all take their calls from one task queue.
  UserPoolNotServed: {
    send: 'unreachable',
    attempt: 'unreachable',
    remedy: 'The operator of the workers must name the user pool in VERIFICATION_USER_POOLS.',
  },
  // This worker lacks the source, not the verification: during a deployment another worker may already have it.
  AccessTokenSourceMissing: {
    send: 'unreachable',
    attempt: 'unreachable',
    remedy:
      'The operator of the workers must plug one in: VERIFICATION_ACCESS_TOKEN_SOURCE_URL, or the option accessTokenSource of createWorker.',
  },
  AccessTokenSourceUnavailable: { send: 'unreachable', attempt: 'unreachable', remedy: '' },
  AccessTokenNotFound: { send: 'accessTokenRejected', attempt: 'accessTokenRejected', remedy: RENEW },
  AccessTokenRefused: { send: 'accessTokenRejected', attempt: 'accessTokenRejected', remedy: RENEW },
};

/** The names in the table: an answer with one of them comes from Cognito. */
export const LISTED_EXCEPTIONS: readonly string[] = [...new Set(TABLE.map(({ exception }) => exception))];

// The request was never sent: connection refused, no route, no name, no TLS, or an address that no request can be made for.
const NEVER_LEFT =
  /^(ECONNREFUSED|ERR_INVALID_(URL|CHAR|PROTOCOL)|ERR_UNESCAPED_CHARACTERS|ERR_SOCKET_BAD_PORT|EPROTO|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/;

const UNREACHABLE: Reading = { send: 'unreachable', attempt: 'unreachable', remedy: '' };
const UNKNOWN: Reading = { send: 'uncertain', attempt: 'uncertain', remedy: '' };
const THROTTLED: Reading = { send: 'throttled', attempt: 'throttled', remedy: '' };
const REFUSED: Reading = {
  send: 'failed',
  attempt: 'failed',
  remedy: 'Cognito refused the call with an answer this version does not know.',
};
// No status proves that the request stopped there: what answers in Cognito's place may have asked Cognito first.
const FOREIGN: Reading = {
  ...UNKNOWN,
  remedy:
    'The operator of the workers must look at what stands between them and Cognito: the endpoint (AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER, AWS_ENDPOINT_URL), a proxy, a firewall, a challenge of AWS WAF.',
};

/** An error of the network, or of Node. */
interface NetworkError {
  name?: string;
  message?: string;
  code?: string;
  /** Node's name for the system call that failed. */
  syscall?: string;
  /** Of an `AggregateError`: one error for each address that was tried. */
  errors?: NetworkError[];
}

/**
 * The meaning of an error that a call to Cognito threw. What this project's table does not list, the AWS SDK's may; other
 * exceptions end the verification if the fault is the client's, and leave the outcome unknown if it is the server's.
 */
export function readFailure(error: unknown): Reading {
  if (error instanceof UnresolvedAccessToken) return UNRESOLVED[error.name];
  // Another worker may have other settings, and these may be corrected within the budget of the call.
  if (error instanceof RequestNotBuilt)
    return { ...UNREACHABLE, remedy: `The operator of the workers must correct ${error.setting}.` };
  if (error instanceof ForeignAnswer) return FOREIGN;
  if (error instanceof CognitoRefusal) return readRefusal(error);
  return neverLeft(error as NetworkError) ? UNREACHABLE : UNKNOWN;
}

function readRefusal(refusal: CognitoRefusal): Reading {
  const { name, message, status } = refusal;
  // Before the AWS SDK's own lists, where LimitExceededException is a throttle.
  const listed = TABLE.find((entry) => entry.exception === name && (entry.text?.test(message) ?? true));
  if (listed) return listed;
  const asTheSdkSeesIt = { name, message, $metadata: { httpStatusCode: status } };
  if (isThrottlingError(asTheSdkSeesIt)) return THROTTLED;
  return status >= 500 || isTransientError(asTheSdkSeesIt) ? UNKNOWN : REFUSED;
}

/** What a failure is called where its name is not fit to be shown. */
const UNNAMED = 'Error';

/**
 * Cognito's name for the failure, else the network's code, else the error's own name. Temporal shows it in plain text, so it is
 * a plain word, `HTTP 400` or `Error`, and never holds a secret.
 */
export function failureName(error: unknown, secrets: readonly Secret[] = []): string {
  const { name, code } = error as NetworkError;
  const found = error instanceof CognitoRefusal ? error.name : (plainWord(code) ?? plainWord(name) ?? UNNAMED);
  // A listed name is no secret, even to somebody who types a part of it as the code.
  if (LISTED_EXCEPTIONS.includes(found)) return found;
  return secrets.some((secret) => found.includes(secret.reveal())) ? UNNAMED : found;
}

function neverLeft({ name = '', message = '', code = '', syscall, errors }: NetworkError): boolean {
  if (syscall === 'connect' || NEVER_LEFT.test(code)) return true;
  if (errors && errors.length > 0) return errors.every(neverLeft);
  if (/before secure TLS connection was established/.test(message)) return true;
  // The AWS SDK has two time-outs with the name TimeoutError; only after this one it is certain that nothing was sent.
  return name === 'TimeoutError' && /establish(ing)? a connection/i.test(message);
}
