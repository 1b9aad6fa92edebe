import type { AttributeName } from './names.js';
import type { VerificationFailure } from './status.js';

/**
 * The `ApplicationFailure.type`s that are this project's own. Every other failure of a verification has the unchanged name
 * of Cognito's exception as its type. The first of the `details` of a workflow that failed is its last `VerificationStatus`.
 */
export const FAILURE_TYPES = {
  /** A field is missing, of the wrong form or out of range. Message and details (`{ field }`) name it. Nothing was done. */
  invalidRequest: 'InvalidRequest',
  /** The access token is of another user or pool, lacks the scope, has expired, or is no access token. */
  accessTokenRefused: 'AccessTokenRefused',
  /** A re-send is not allowed now. The details (`ResendRefusal`) say why, and from when it is. */
  resendNotAllowed: 'ResendNotAllowed',
  /**
   * The re-send failed for good; the details say why. The verification goes on, since the code that was sent before still
   * works.
   */
  resendFailed: 'ResendFailed',
  /**
   * All `maxAttempts` are used up. The verification still waits for `codeConfirmed`, its deadline, or another start, which ends
   * it.
   */
  attemptsExhausted: 'AttemptsExhausted',
  /**
   * Too many messages have come, and the rest of those that Temporal allows are kept for codes. Or too many came whose token
   * does not count, or Cognito refused too many such tokens (the details are `{ retryAt }`): then only messages whose token
   * counts are taken.
   */
  tooManyMessages: 'TooManyMessages',
  /** No code has been sent in this verification yet, so there is none to check. */
  codeNotSent: 'CodeNotSent',
  /** The verification has ended; the details hold its last status. */
  verificationEnded: 'VerificationEnded',
  /**
   * Cognito could not be reached, kept throttling until the budget for the call was used up, or does not show the attribute.
   * The details hold the reason, and the status.
   */
  cognitoUnavailable: 'CognitoUnavailable',
} as const;

/**
 * Our own types among the reasons why a call to Cognito was not made, or why its answer is not known. The list of sends and
 * failures hold them. Every other reason there comes from Cognito or from the network.
 */
export const CALL_FAILURE_TYPES = {
  /** No worker took the call in time: none runs, or the task queue of calls is paused or limited. */
  noWorker: 'NoWorker',
  /** The input of the call could not be opened, so the call was not made. */
  unreadableInput: 'UnreadableInput',
  /** The call was made, but what came back cannot be the answer of its worker. */
  answerLost: 'AnswerLost',
  /** Cognito has taken a new value, and names no message to it. */
  noMessageNamed: 'NoMessageNamed',
  /** The worker is older than the request: it would have sent a code to the old value, or has. */
  workerTooOld: 'WorkerTooOld',
  /** Something that is not Cognito answered: a proxy, a firewall, a captive page, the wrong endpoint. */
  foreignAnswer: 'ForeignAnswer',
  /** The AWS SDK could not make the request from the worker's settings, so nothing was sent. */
  requestNotBuilt: 'RequestNotBuilt',
  /** The worker does not serve the verification's user pool. */
  userPoolNotServed: 'UserPoolNotServed',
  /** The worker has no access token source, and the verification has only a reference. */
  accessTokenSourceMissing: 'AccessTokenSourceMissing',
  /** The access token source gave no answer, or one that cannot be used. */
  accessTokenSourceUnavailable: 'AccessTokenSourceUnavailable',
  /** The access token source has no token for the reference. */
  accessTokenNotFound: 'AccessTokenNotFound',
  /** The caller could not be made to wait any longer. */
  outOfTime: 'OutOfTime',
} as const;

/** Our own types among the reasons why a verification failed. Each of them is about what Cognito shows, not about an answer. */
export const PROOF_FAILURE_TYPES = {
  /** Cognito accepted a code, and went on showing the value as not verified. */
  attributeNotVerified: 'AttributeNotVerified',
  /**
   * Cognito's answer leaves out the attribute, or whether it is verified: the app client may not read it, or the user has no
   * value.
   */
  attributeUnreadable: 'AttributeUnreadable',
  /**
   * The value is to be changed, and the worker does not know its user pool as one that keeps the old value until the new one is
   * verified. Nothing was changed.
   */
  replacesAtOnce: 'ReplacesAtOnce',
} as const;

/** How the error of a workflow task begins that fails because the worker lacks a key. */
export const LACKS_A_KEY = 'The worker lacks a key. ';

/** Says what Cognito leaves out, and the setting that does it. */
export function attributeUnreadable(
  attributeName: AttributeName,
  what: 'the value' | 'the flag' = 'the value',
): VerificationFailure {
  const flag = `${attributeName}_verified`;
  const hidden = `the app client may read both ${attributeName} and ${flag} (ReadAttributes of the app client)`;
  const message =
    what === 'the value'
      ? `Cognito does not show ${attributeName}, so that nothing can be proven. Make sure that ${hidden}, and that the user has a value.`
      : `Cognito does not say whether ${attributeName} is verified (${flag}). Make sure that ${hidden}.`;
  return { type: PROOF_FAILURE_TYPES.attributeUnreadable, message };
}

/** Why a re-send is refused. */
export const RESEND_REFUSAL_REASONS = [
  'cooldown',
  'maxSends',
  'rateLimited',
  'accessTokenNeeded',
  /** The code would go to the current value, and not to the new one, which waits for its code. */
  'changePending',
  /** Cognito has accepted a code already; only the proof is outstanding. */
  'codeAccepted',
  /** No attempts are left in this verification, so that another code could not be submitted. A start opens another one. */
  'attemptsExhausted',
] as const;

/** The first of the `details` of a `ResendNotAllowed`. */
export interface ResendRefusal {
  /** ISO 8601. Absent when no time will make a re-send allowed. */
  allowedAt?: string | undefined;
  reason: (typeof RESEND_REFUSAL_REASONS)[number];
}
