/**
 * The `ApplicationFailure.type`s that are this project's own. Everything else that leaves a verification carries the
 * name of Cognito's exception, unchanged. The first of the `details` of a workflow that failed is its last
 * `VerificationStatus`.
 */
export const FAILURE_TYPES = {
  /** A field is missing, of the wrong form or out of range; message and details (`{ field }`) name it. Nothing was done. */
  invalidRequest: 'InvalidRequest',
  /** The access token is of another user or pool, lacks the scope, has expired, or is no access token. */
  accessTokenRefused: 'AccessTokenRefused',
  /** A re-send is not allowed now; the details say from when, or that it will not be. */
  resendNotAllowed: 'ResendNotAllowed',
  /**
   * The re-send failed for good; the details hold why. The verification goes on, since the code that was sent before
   * still works.
   */
  resendFailed: 'ResendFailed',
  /** `maxAttempts` are used up. The verification still waits for `codeConfirmed` or its deadline. */
  attemptsExhausted: 'AttemptsExhausted',
  /** The verification has had so many messages that the rest of what Temporal takes is kept for codes. */
  tooManyMessages: 'TooManyMessages',
  /** No code has been sent in this verification yet, so there is none to check. */
  codeNotSent: 'CodeNotSent',
  /** The verification has ended; the details hold its last status. */
  verificationEnded: 'VerificationEnded',
  /** Cognito could not be reached or kept throttling until the budget for the call was used up. */
  cognitoUnavailable: 'CognitoUnavailable',
} as const;

/**
 * Types of ours among the reasons why a call to Cognito was not made, or why its answer is not known. They stand in the list
 * of sends and in failures; everything else there is Cognito's, or of the network.
 */
export const CALL_FAILURE_TYPES = {
  /** No worker took the call in time. */
  noWorker: 'NoWorker',
  /** The input of the call could not be opened, so the call was not made. */
  unreadableInput: 'UnreadableInput',
  /** The call was made, and what came back is nothing that its worker can have answered. */
  answerLost: 'AnswerLost',
  /** The worker has no access token source, and the verification has only a reference. */
  accessTokenSourceMissing: 'AccessTokenSourceMissing',
  /** The access token source gave no answer, or one that is none. */
  accessTokenSourceUnavailable: 'AccessTokenSourceUnavailable',
  /** The access token source has no token for the reference. */
  accessTokenNotFound: 'AccessTokenNotFound',
} as const;

/** The first of the `details` of a `ResendNotAllowed`. */
export interface ResendRefusal {
  /** ISO 8601; absent when no time will make it right. */
  allowedAt?: string | undefined;
  reason: 'cooldown' | 'maxSends' | 'rateLimited' | 'accessTokenNeeded';
}
