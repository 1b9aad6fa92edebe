/** Why AWS has answered a question with nothing. */
import { redactText } from '../../log/redact-text.js';
import { CouldNotAskError } from '../could-not-ask.js';
import type { Remedy } from '../finding.js';
import { SERVICES, type Service } from './clients.js';

/**
 * `noCredentials`: none were found. `credentialsLate`: the search for them takes too long. `regionRefused`: they are taken elsewhere,
 * and not in this region. `credentialsRefused`: AWS does not know them, or no longer. `accessDenied`: they may not do this.
 * `noEndpoint`: the name of the service in this region leads nowhere. `unreachable`: no answer came. `throttled`: AWS asks for
 * patience. `refused`: anything else that the service has said.
 */
export type CallProblem =
  | 'noCredentials'
  | 'credentialsLate'
  | 'regionRefused'
  | 'credentialsRefused'
  | 'accessDenied'
  | 'noEndpoint'
  | 'unreachable'
  | 'throttled'
  | 'refused';

/** A call that has got no answer. */
export class AwsCallError extends CouldNotAskError {
  constructor(
    readonly problem: CallProblem,
    found: string,
    remedy: Remedy,
    { permission, cause }: { readonly permission?: string; readonly cause?: unknown } = {},
  ) {
    super(found, remedy, permission === undefined ? {} : { permission }, { cause });
  }
}

/** One call, as far as an error can name it. */
export interface FailedCall {
  readonly service: Service;
  readonly region: string;
  /** The IAM actions that the call needs; AWS may say which of them was missing. */
  readonly actions: readonly string[];
  readonly limitMs: number;
}

const REFUSED_CREDENTIALS = [
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'NotSignedUp',
  'OptInRequired',
];
const DENIED = [
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'NotAuthorizedException',
  'UnauthorizedOperation',
  'WAFAccessDeniedException',
];
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|LimitExceeded|SlowDown/;
const NO_NAME = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA'];

/** What an error of the AWS SDK means. */
export function awsCallError(error: unknown, call: FailedCall): AwsCallError {
  if (error instanceof AwsCallError) return error;
  if (error instanceof CouldNotAskError) return new AwsCallError('refused', error.message, error.remedy);
  const { name, message, code, status, isAws } = partsOf(error);
  const { title, endpointSetting } = SERVICES[call.service];
  const where = `${title} in ${call.region}`;
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') return withoutCredentials(message, error);
  if (REFUSED_CREDENTIALS.includes(name)) return refusedCredentials(name, error);
  if (status !== undefined && !isAws) {
    return new AwsCallError(
      'unreachable',
      `No answer: something other than ${where} answers (HTTP ${status}).`,
      {
        text: `Look for what answers in its place: a proxy, a firewall, a login page. ${endpointSetting} names another endpoint.`,
      },
      { cause: error },
    );
  }
  if (DENIED.includes(name)) return deniedAccess(message, call, error);
  if (isThrottled(error)) {
    const again = { text: 'Wait a minute and run doctor again.' };
    return new AwsCallError('throttled', `No answer: ${where} has throttled the call.`, again, { cause: error });
  }
  if (NO_NAME.includes(code)) {
    return new AwsCallError(
      'noEndpoint',
      `No answer: the name of ${where} does not resolve (${code}).`,
      {
        text: `Does AWS offer the service in ${call.region}, and does this machine resolve names of amazonaws.com? ${endpointSetting} names another endpoint.`,
      },
      { cause: error },
    );
  }
  if (status === undefined) {
    const why = isLate(error) ? `nothing within ${call.limitMs / 1_000} seconds` : code || name;
    return new AwsCallError(
      'unreachable',
      `Not known: ${where} gives no answer (${why}).`,
      {
        text: `Look for what keeps this machine from it: a proxy, a firewall, a missing VPC endpoint. ${endpointSetting} names another endpoint.`,
      },
      { cause: error },
    );
  }
  return new AwsCallError(
    'refused',
    `Not known: ${where} answers ${name} (HTTP ${status}): ${redactText(message).slice(0, 200)}`,
    { text: 'Run doctor again. If it stays so, report what was found: it is not foreseen.' },
    { cause: error },
  );
}

/** Whether AWS asks for patience, and nothing else has answered in its place. */
export function isThrottled(error: unknown): boolean {
  const { name, isAws } = partsOf(error);
  return isAws && THROTTLED.test(name);
}

/** Whether the time was up. */
export function isLate(error: unknown): boolean {
  const { name } = partsOf(error);
  return name === 'AbortError' || name === 'TimeoutError';
}

/**
 * @param limitMs how long was waited
 * @param region where AWS would have been asked whose they are
 */
export function lateCredentials(limitMs: number, region: string, cause: unknown): AwsCallError {
  return new AwsCallError(
    'credentialsLate',
    `Not asked: whatever gives the AWS credentials has given none within ${limitMs / 1_000} seconds.`,
    {
      text: 'Look for what is slow: the credential_process or the role of the profile, or the metadata service of this machine. The command shows whether they come at all.',
      command: `aws sts get-caller-identity --region ${region}`,
    },
    { cause },
  );
}

/** Credentials that AWS takes elsewhere. */
export function regionRefused({ message }: AwsCallError, { region }: FailedCall): AwsCallError {
  return new AwsCallError(
    'regionRefused',
    `Refused: ${region} does not take the credentials, which AWS takes elsewhere${/ \(\w+\)/.exec(message)?.[0] ?? ''}.`,
    {
      text: `Perhaps the region is not enabled for the account: enable it, or let the pool send from another one. Where it is, the session may be one of the global endpoint of STS, which such regions do not take: set AWS_STS_REGIONAL_ENDPOINTS=regional. The command shows whether the region is enabled.`,
      console: `Account > AWS Regions > ${region}`,
      command: `aws account get-region-opt-status --region-name ${region}`,
    },
  );
}

function withoutCredentials(message: string, cause: unknown): AwsCallError {
  // An SSO session that has ended is found only when its token is asked for.
  if (/expired|refresh|sso login/i.test(message)) return refusedCredentials('the SSO session has ended', cause);
  return new AwsCallError('noCredentials', 'Not asked: there are no AWS credentials.', SEE_CREDENTIALS, { cause });
}

function refusedCredentials(why: string, cause: unknown): AwsCallError {
  const found = `Refused: AWS does not take the credentials (${why}).`;
  return new AwsCallError('credentialsRefused', found, SEE_CREDENTIALS, { cause });
}

const SEE_CREDENTIALS: Remedy = { text: 'Do what the check aws-credentials says, and run doctor again.' };

function deniedAccess(message: string, { actions }: FailedCall, cause: unknown): AwsCallError {
  const named = /perform:? ([a-z0-9-]+:\w+)/.exec(message)?.[1];
  const permission = actions.find((action) => action === named) ?? actions.join(', ');
  return new AwsCallError(
    'accessDenied',
    `Denied: the credentials may not do ${permission}.`,
    {
      text: `Let the user or role that runs doctor do ${permission}. It only reads.`,
      command: 'cognito-verification doctor --iam-policy',
    },
    { permission, cause },
  );
}

interface Parts {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly status: number | undefined;
  /** Each answer of AWS has the id of its request, and an error that it names. */
  readonly isAws: boolean;
}

function partsOf(error: unknown): Parts {
  const { name, message, code, $metadata } = (error ?? {}) as {
    name?: unknown;
    message?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: unknown; requestId?: unknown };
  };
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const status = $metadata?.httpStatusCode;
  return {
    name: text(name) || 'an error',
    message: text(message),
    code: text(code),
    status: typeof status === 'number' ? status : undefined,
    isAws: typeof $metadata?.requestId === 'string' && name !== 'SyntaxError' && name !== 'Unknown',
  };
}
