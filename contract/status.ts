import type { AttributeName } from './names.js';

/** Where a code was sent, as Cognito says it (`CodeDeliveryDetails`). Some endpoints do not say it. */
export interface CodeDelivery {
  /** Masked by Cognito, as in `z***@e***`. Opaque: show it, never parse it. */
  destination?: string | undefined;
  /** `EMAIL` or `SMS`. */
  deliveryMedium?: string | undefined;
}

/** Every state, in the order of the lifecycle. The last four are final. */
export const VERIFICATION_STATES = [
  'sending',
  'awaitingCode',
  'rateLimited',
  'awaitingToken',
  'verified',
  'expired',
  'failed',
  'cancelled',
] as const;

/** Where a verification stands. */
export type VerificationState = (typeof VERIFICATION_STATES)[number];

/** The states in which nothing can happen any more. */
export const FINAL_STATES = [
  'verified',
  'expired',
  'failed',
  'cancelled',
] as const satisfies readonly VerificationState[];

/** Whether a verification in this state has ended. */
export function isFinal(state: VerificationState): boolean {
  return FINAL_STATES.some((final) => final === state);
}

/** Every `SendOutcome`. */
export const SEND_OUTCOMES = [
  'sent',
  'alreadySent',
  'uncertain',
  'rateLimited',
  'accessTokenRejected',
  'notSent',
] as const;

/**
 * How a send ended. `sent`, `alreadySent` and `uncertain` use up one of `maxSends`: after `uncertain` it is unknown whether
 * a message was sent, so the send counts as one that was made.
 */
export type SendOutcome = (typeof SEND_OUTCOMES)[number];

/** One line of the list of sends. */
export interface SendRecord {
  /** When the outcome was known, ISO 8601. */
  at: string;
  outcome: SendOutcome;
  delivery?: CodeDelivery | undefined;
  /** Cognito's exception name or the kind of failure, where the outcome is not `sent`. */
  reason?: string | undefined;
}

/** Every `AttemptOutcome`. */
export const ATTEMPT_OUTCOMES = [
  'checking',
  'verified',
  'mismatch',
  'codeExpired',
  'rateLimited',
  'accessTokenRejected',
  'uncertain',
  'notMade',
  'failed',
] as const;

/**
 * How an attempt ended. It is `checking` while Cognito is asked. `accessTokenRejected` and `notMade` (the call did not reach
 * Cognito, or something in front of it blocked the call) do not count against `maxAttempts`.
 */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One line of the list of attempts. The code is never part of it. */
export interface AttemptRecord {
  /** When Cognito was asked, ISO 8601. */
  at: string;
  outcome: AttemptOutcome;
}

/**
 * Everything a page needs to show where a verification stands. All times are ISO 8601. The status is as of the last event,
 * so a time in it may have passed already by the reader's clock.
 */
export interface VerificationStatus {
  state: VerificationState;
  attributeName: AttributeName;
  /** Where the newest code was sent. Cognito has accepted it, which does not mean that it was delivered. */
  delivery?: CodeDelivery | undefined;
  /** True when the newest send got no answer, so that a message may have been sent or not. */
  deliveryUncertain: boolean;
  sendsLeft: number;
  /** An attempt that is being checked counts. It is given back if Cognito did not look at the code. */
  attemptsLeft: number;
  /** From when `resendCode` is allowed. Absent when no time will make it allowed, or when it waits for something else. */
  resendAllowedAt?: string | undefined;
  /**
   * In `rateLimited`, and in `sending` after a failure that may pass: when the next code is sent, unless `expiresAt` comes
   * first. In `awaitingCode`: until when Cognito takes no attempts.
   */
  retryAt?: string | undefined;
  /** Until when `submitCode` takes the newest code. */
  codeExpiresAt?: string | undefined;
  /** The deadline of the whole verification. */
  expiresAt: string;
  /** Oldest first: all that count, and the newest of the others, up to 50 in all. */
  sends: SendRecord[];
  /** Oldest first: all that count, and the newest of the others, up to 50 in all. */
  attempts: AttemptRecord[];
  /** Why it failed, in state `failed`. */
  failure?: VerificationFailure | undefined;
}

/** Why a verification failed, and what can be done about it. */
export interface VerificationFailure {
  /** Cognito's exception name, or one of `FAILURE_TYPES`. */
  type: string;
  message: string;
}

/** What confirms a verification. */
export const CONFIRMED_BY = ['submitCode', 'codeConfirmed', 'readAttribute'] as const;

/** How a verification ended. */
export interface VerificationOutcome {
  outcome: (typeof FINAL_STATES)[number];
  /** What proved it, when `verified`: the code, the signal, or the attribute as Cognito shows it. */
  confirmedBy?: (typeof CONFIRMED_BY)[number] | undefined;
  /** The reference that came with `codeConfirmed`. */
  reference?: string | undefined;
  failure?: VerificationFailure | undefined;
  /** The last status. Absent only where a verification was ended from outside, such as terminated by an operator. */
  status?: VerificationStatus | undefined;
}
