/**
 * Access tokens by reference: a deployment plugs in the source that finds them. A token that is found here is used for one
 * call to Cognito and forgotten; it enters no input, result, failure, heartbeat or log.
 */
import {
  AccessTokenError,
  type AttributeName,
  CALL_FAILURE_TYPES,
  decodeAccessToken,
  errorName,
  FAILURE_TYPES,
  Secret,
  TOKEN_SOURCE_TIMEOUT_MS,
  type UserKey,
} from '@cognito-verification/contract';
import { activityInfo } from '@temporalio/activity';

/** Which token a call to Cognito needs. */
export interface AccessTokenRequest extends UserKey {
  /** As the caller of the verification gave it. */
  reference: string;
  attributeName: AttributeName;
}

/** Finds the access token that a reference stands for. */
export interface AccessTokenSource {
  /**
   * Called before each call to Cognito, so that it can return a fresh token once an earlier one has expired. Before the
   * token is sent anywhere, the worker checks that it is of the requested user and pool, and that it has not expired.
   * @param signal aborts after 5 seconds, and when the token is no longer needed; a later answer is ignored
   * @returns undefined if there is none now, for instance because the user has signed out: the verification then waits for
   *   a renewal
   * @throws any error: the call is retried like one that did not reach Cognito. Only the text of an
   *   `AccessTokenSourceError` is passed on; of any other error only the name is, because its text may hold a secret
   */
  accessToken(request: AccessTokenRequest, signal: AbortSignal): Promise<string | undefined>;
}

/** A source could not be asked, or gave no usable answer. People see the message, so it must hold no secret. */
export class AccessTokenSourceError extends Error {
  override readonly name = 'AccessTokenSourceError';
}

/** There is no token that this worker may send, so Cognito was not called. `name` is a row of failures.ts. */
export class UnresolvedAccessToken extends Error {
  constructor(
    override readonly name:
      | typeof CALL_FAILURE_TYPES.userPoolNotServed
      | typeof CALL_FAILURE_TYPES.accessTokenSourceMissing
      | typeof CALL_FAILURE_TYPES.accessTokenSourceUnavailable
      | typeof CALL_FAILURE_TYPES.accessTokenNotFound
      | typeof FAILURE_TYPES.accessTokenRefused,
    message: string,
  ) {
    super(message);
  }
}

/** The wait for a source ends this long before the call's budget does. */
const MARGIN_MS = 1_000;

/**
 * Finds the token that a reference stands for. Only to be called in an activity.
 * @throws UnresolvedAccessToken if there is none that may be sent
 */
export async function resolveAccessToken(
  source: AccessTokenSource | undefined,
  request: AccessTokenRequest,
  signal: AbortSignal,
): Promise<Secret> {
  if (!source) {
    throw new UnresolvedAccessToken(
      CALL_FAILURE_TYPES.accessTokenSourceMissing,
      'The verification has a reference to an access token, and this worker has no access token source.',
    );
  }
  const timeout = AbortSignal.timeout(Math.min(TOKEN_SOURCE_TIMEOUT_MS, budgetLeftMs()));
  const token = await ask(source, request, AbortSignal.any([signal, timeout]));
  if (!token) {
    throw new UnresolvedAccessToken(
      CALL_FAILURE_TYPES.accessTokenNotFound,
      'The access token source has no token for the reference.',
    );
  }
  refuseUnlessOwn(token, request);
  return token;
}

/**
 * How much of the call's budget is left, less the margin. A call that the server ends at its budget counts as one of unknown
 * effect; one that has only waited for its token had none, so it ends itself earlier. Computed from two times of the server,
 * because the clock here may differ.
 */
function budgetLeftMs(): number {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs, scheduleToCloseTimeoutMs } = activityInfo();
  const spentMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
  return Math.max(0, scheduleToCloseTimeoutMs - spentMs - MARGIN_MS);
}

async function ask(
  source: AccessTokenSource,
  request: AccessTokenRequest,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  try {
    const answer: unknown = await Promise.race([askSource(source, request, signal), rejectOnAbort(signal)]);
    if (answer === undefined || answer === null || answer === '') return undefined;
    if (typeof answer !== 'string') throw new AccessTokenSourceError('answered something that is not text');
    return new Secret(answer);
  } catch (error) {
    const why = error instanceof AccessTokenSourceError ? error.message : `failed with ${errorName(error)}`;
    throw new UnresolvedAccessToken(CALL_FAILURE_TYPES.accessTokenSourceUnavailable, `The access token source ${why}.`);
  }
}

/** An async function, so that an error that a source throws at once is a rejection too. */
async function askSource(source: AccessTokenSource, request: AccessTokenRequest, signal: AbortSignal) {
  return await source.accessToken(request, signal);
}

/** Raced against the answer, because a source may ignore its signal. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_resolve, reject) => {
    const end = () => reject(new AccessTokenSourceError('gave no answer in time'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Whatever mistake a source makes, the token of another user must never reach Cognito in this user's name. */
function refuseUnlessOwn(token: Secret, { userPoolId, sub }: AccessTokenRequest): void {
  const refused = (why: string) =>
    new UnresolvedAccessToken(FAILURE_TYPES.accessTokenRefused, `What the access token source answered ${why}.`);
  let claims: ReturnType<typeof decodeAccessToken>;
  try {
    claims = decodeAccessToken(token.reveal());
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error;
    throw refused(error.message);
  }
  if (claims.sub !== sub || claims.userPoolId !== userPoolId) {
    throw refused('is of another user or user pool than this verification');
  }
  if (claims.expiresAtMs !== undefined && claims.expiresAtMs <= Date.now()) throw refused('has expired');
}
