/**
 * Access tokens by reference: who deploys the worker plugs in where they are found. What is found here is used for one
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

/** What a call to Cognito needs a token for. */
export interface AccessTokenRequest extends UserKey {
  /** As the caller of the verification has given it. */
  reference: string;
  attributeName: AttributeName;
}

/** Finds the access token that a reference stands for. */
export interface AccessTokenSource {
  /**
   * Asked before each call to Cognito, so a fresh token is found when an earlier one has expired. What it answers is
   * checked to be of the user and pool in the request, and not expired, before it is sent anywhere.
   * @param signal ends after 5 seconds, and when the token is not wanted any more; what is answered later is dropped
   * @returns undefined when there is none now, as when the user has signed out: the verification then waits for a renewal
   * @throws whatever it likes: the call is tried again like one that did not reach Cognito. Only the text of an
   *   `AccessTokenSourceError` is passed on; of other errors only the name, for their texts may hold secrets.
   */
  accessToken(request: AccessTokenRequest, signal: AbortSignal): Promise<string | undefined>;
}

/** Why a source could not be asked. Its message is shown to people, so it holds no secret. */
export class AccessTokenSourceError extends Error {
  override readonly name = 'AccessTokenSourceError';
}

/** What came of a reference, by its meaning in failures.ts. Cognito has not been asked. */
export class UnresolvedAccessToken extends Error {
  constructor(
    override readonly name:
      | typeof CALL_FAILURE_TYPES.accessTokenSourceMissing
      | typeof CALL_FAILURE_TYPES.accessTokenSourceUnavailable
      | typeof CALL_FAILURE_TYPES.accessTokenNotFound
      | typeof FAILURE_TYPES.accessTokenRefused,
    message: string,
  ) {
    super(message);
  }
}

/** How long before the end of the call's budget a source is given up. */
const MARGIN_MS = 1_000;

/**
 * The token that a reference stands for; to be called in an activity.
 * @throws UnresolvedAccessToken; Cognito has not been asked then.
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
  refuseOther(token, request);
  return token;
}

/**
 * A call that the server ends by its budget counts as one of unknown effect. One that only waited for its token had none,
 * so it ends by itself before that. Between two times of the server's, since the clock here may be another.
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
    const answer: unknown = await Promise.race([answerOf(source, request, signal), ended(signal)]);
    if (answer === undefined || answer === null || answer === '') return undefined;
    if (typeof answer !== 'string') throw new AccessTokenSourceError('answered something that is no text');
    return new Secret(answer);
  } catch (error) {
    const why = error instanceof AccessTokenSourceError ? error.message : `failed with ${errorName(error)}`;
    throw new UnresolvedAccessToken(CALL_FAILURE_TYPES.accessTokenSourceUnavailable, `The access token source ${why}.`);
  }
}

/** As a promise, also of what a source throws at once. */
async function answerOf(source: AccessTokenSource, request: AccessTokenRequest, signal: AbortSignal) {
  return await source.accessToken(request, signal);
}

/** Raced against the answer, since a source may not heed its signal. */
function ended(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_resolve, reject) => {
    const end = () => reject(new AccessTokenSourceError('gave no answer in time'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** A token of somebody else must never reach Cognito in this user's name, wherever the source went wrong. */
function refuseOther(token: Secret, { userPoolId, sub }: AccessTokenRequest): void {
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
