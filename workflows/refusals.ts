/** What a verification refuses with: failures that callers tell apart by their type. The details hold the data. */
import {
  type AnswerStamp,
  CALL_FAILURE_TYPES,
  FAILURE_TYPES,
  isFinal,
  isRecord,
  type ResendRefusal,
  type ResolvedPolicy,
  type VerificationFailure,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { ApplicationFailure } from '@temporalio/workflow';
import { MOST_UNPROVEN, type Standing } from './mailbox.js';
import { iso } from './policy.js';

/** A refusal that tells the caller its type, and details as data. */
export function refused(type: string, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details });
}

/** The failure with the stamp in the status among its details, where it has one. Any other error stays as it is. */
export function stampedFailure(error: unknown, stamp: AnswerStamp): unknown {
  if (!(error instanceof ApplicationFailure)) return error;
  const { type, message, details } = error;
  if (!details?.some(isStatus)) return error;
  return refused(
    type ?? 'Error',
    message,
    ...details.map((detail) => (isStatus(detail) ? { ...detail, stamp } : detail)),
  );
}

function isStatus(detail: unknown): detail is VerificationStatus {
  return isRecord(detail) && 'expiresAt' in detail;
}

export function resendNotAllowed(refusal: ResendRefusal): ApplicationFailure {
  const when = refusal.allowedAt ? `; it is allowed from ${refusal.allowedAt}` : '';
  const why: Record<ResendRefusal['reason'], string> = {
    cooldown: `A re-send is not allowed yet${when}.`,
    maxSends: 'No sends are left in this verification.',
    rateLimited: `No more sends are taken for this user for now${when}, and the verification then sends by itself, unless it has ended.`,
    accessTokenNeeded: 'A fresh access token is needed first: send it along, or call renewAccessToken.',
    changePending:
      'The user pool keeps the old value until the new one is verified, and Cognito would send the code to the old one. Change the attribute again (UpdateUserAttributes): Cognito then sends a code to the new value, which a start reports with alreadySent.',
    codeAccepted:
      'Cognito has accepted a code already. The verification only waits until it can read that the attribute is verified.',
    attemptsExhausted:
      'No attempts are left in this verification, so that another code could not be submitted. Start again: that ends this verification, and opens another one with what the last hour leaves.',
  };
  return refused(FAILURE_TYPES.resendNotAllowed, why[refusal.reason], refusal);
}

export function attemptsExhausted({ maxAttempts }: ResolvedPolicy, status: VerificationStatus): ApplicationFailure {
  return refused(
    FAILURE_TYPES.attemptsExhausted,
    `All ${maxAttempts} attempts are used up. Another start ends this verification, and opens one with what the last hour leaves.`,
    status,
  );
}

/** The failure with which a verification ends, and with which it answers the callers that still wait. */
export function failureOf(status: VerificationStatus): ApplicationFailure {
  const { type = 'Error', message = 'The verification failed.' } = status.failure ?? {};
  return refused(type, message, status);
}

export function codeNotSent(sendsAtMs: number | undefined): ApplicationFailure {
  const when = sendsAtMs === undefined ? '' : ` It sends one by itself at ${iso(sendsAtMs)}.`;
  return refused(
    FAILURE_TYPES.codeNotSent,
    `No code has been sent in this verification yet, so there is none to check.${when}`,
  );
}

export function ended(status: VerificationStatus): ApplicationFailure {
  return refused(
    FAILURE_TYPES.verificationEnded,
    `The verification has ended: ${isFinal(status.state) ? status.state : 'its deadline has passed'}.`,
    status,
  );
}

/** The server takes 2,000 updates in a run. Once they are used up, no code can be submitted any more. */
export function tooManyMessages(standing: Standing): ApplicationFailure {
  const why =
    standing === 'unproven'
      ? `Nobody has checked the access token of this message, and such messages have few places in a verification: one that waits, and ${MOST_UNPROVEN} in all. Check the signature of the token before the call, as the client does by default, and say so in the stamp (proven); or leave the token out.`
      : 'This verification has reached its limit of messages; the rest is reserved for codes. Ask for its status with the query getStatus instead.';
  return refused(FAILURE_TYPES.tooManyMessages, why);
}

/** Cognito has refused so many tokens that the next one waits. */
export function tooManyRefusedTokens(untilMs: number): ApplicationFailure {
  const retryAt = iso(untilMs);
  return refused(
    FAILURE_TYPES.tooManyMessages,
    `Cognito has refused several access tokens in this verification. Until ${retryAt} it takes only one whose signature the sender has checked, as the client does by default.`,
    { retryAt },
  );
}

/** A re-send is refused while nobody knows where its code would go. */
export function changeUnread(): ApplicationFailure {
  const cause = {
    type: CALL_FAILURE_TYPES.outOfTime,
    message: 'Where a code would go is not known: the attribute could not be read since it was changed.',
  };
  const { type, message } = unavailable(cause);
  return refused(type, message, cause);
}

/** What a caller is told when a re-send failed for good. */
export function resendFailed({ type, message }: VerificationFailure): VerificationFailure {
  return {
    type: FAILURE_TYPES.resendFailed,
    message: `No further code was sent (${type}): ${message} The code that was sent before still works.`,
  };
}

/** What a caller is told when a call came to nothing: throttled, not reached, without a token or without an answer. */
export function unavailable({ type, message }: VerificationFailure): VerificationFailure {
  return {
    type: FAILURE_TYPES.cognitoUnavailable,
    message: `Cognito could not be asked, or gave no answer that could be used (${type}). ${message} It may be tried again.`,
  };
}
