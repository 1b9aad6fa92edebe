import * as errors from '@cognito-verification/client';

/** What an error on demand is about. */
interface About {
  readonly workflowId: string;
  /** Now, in milliseconds since the epoch. */
  readonly nowMs: number;
}

const FAILURE = { type: 'InvalidParameterException', message: 'The fake was told to refuse it.' };
const SAID = 'The fake was told to throw this.';
const inAMinute = ({ nowMs }: About) => new Date(nowMs + 60_000).toISOString();

/** One error of each kind, as the client throws it. */
const ERRORS: Record<errors.VerificationErrorCode, (about: About) => errors.VerificationError> = {
  InvalidRequest: () => new errors.InvalidRequestError('request', SAID),
  AccessTokenRefused: () => new errors.AccessTokenRefusedError(SAID),
  KeysUnavailable: () => new errors.KeysUnavailableError(SAID),
  VerificationNotFound: ({ workflowId }) => new errors.VerificationNotFoundError(workflowId),
  VerificationEnded: ({ workflowId }) => new errors.VerificationEndedError(workflowId, { outcome: 'expired' }),
  ResendNotAllowed: (about) =>
    new errors.ResendNotAllowedError(SAID, { reason: 'cooldown', allowedAt: inAMinute(about) }),
  ResendFailed: () => new errors.ResendFailedError(SAID, FAILURE),
  AttemptsExhausted: () => new errors.AttemptsExhaustedError(SAID),
  TooManyMessages: (about) => new errors.TooManyMessagesError(SAID, inAMinute(about)),
  CodeNotSent: () => new errors.CodeNotSentError(SAID),
  CognitoUnavailable: () => new errors.CognitoUnavailableError(SAID),
  VerificationFailed: ({ workflowId }) => new errors.VerificationFailedError(workflowId, FAILURE),
  VerificationOpen: ({ workflowId }) => new errors.VerificationOpenError(workflowId, undefined),
  CallAborted: () => new errors.CallAbortedError(),
  TemporalUnavailable: () => new errors.TemporalUnavailableError(SAID),
  WorkerUnavailable: () => new errors.WorkerUnavailableError(SAID),
  OtherTaskQueue: ({ workflowId }) =>
    new errors.OtherTaskQueueError(workflowId, 'attribute-verification', 'other', true),
  Sealing: () => new errors.SealingError(SAID),
  UnexpectedAnswer: ({ workflowId }) =>
    new errors.UnexpectedAnswerError(workflowId, 'is what the fake was told to answer'),
  IdReused: ({ workflowId }) => new errors.IdReusedError(workflowId, 'submitCode/an-id'),
  NotSetUp: () => new errors.NotSetUpError(SAID),
};

/** An error with this code. */
export function errorWith(code: errors.VerificationErrorCode, about: About): errors.VerificationError {
  return ERRORS[code](about);
}

/** Lets `retryAfterSeconds` go by the clock of the fake. */
export function onClock(error: unknown, nowMs: number): unknown {
  if (!(error instanceof errors.VerificationError)) return error;
  const fields = error as { allowedAt?: unknown; retryAt?: unknown };
  const atMs = Date.parse(String(fields.allowedAt ?? fields.retryAt));
  if (Number.isNaN(atMs)) return error;
  return Object.defineProperty(error, 'retryAfterSeconds', { value: Math.max(1, Math.ceil((atMs - nowMs) / 1000)) });
}
