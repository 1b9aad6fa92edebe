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

/** The first of the `details` of a `ResendNotAllowed`. */
export interface ResendRefusal {
  /** ISO 8601; absent when no time will make it right. */
  allowedAt?: string;
  reason: 'cooldown' | 'maxSends' | 'rateLimited' | 'accessTokenNeeded';
}
