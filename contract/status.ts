import type { HeldReason } from './held.js';
import type { AttributeName } from './names.js';
import type { VerificationPolicy } from './policy.js';
import type { AnswerStamp } from './stamp.js';

/** Where a code was sent, as Cognito says it (`CodeDeliveryDetails`). Some endpoints do not say it. */
export interface CodeDelivery {
  /** Masked by Cognito, as in `z***@e***`. Opaque: show it, never parse it. */
  destination?: string | undefined;
  /** `EMAIL` or `SMS`. */
  deliveryMedium?: string | undefined;
}

/** Every state, in the order of the lifecycle. The last five are final. */
export const VERIFICATION_STATES = [
  'sending',
  'awaitingCode',
  'rateLimited',
  'awaitingToken',
  'verified',
  'alreadyVerified',
  'expired',
  'failed',
  'cancelled',
] as const;

/**
 * Where a verification stands. `alreadyVerified`: before the first send the attribute was verified already, so that nothing was
 * sent and nothing is proven.
 */
export type VerificationState = (typeof VERIFICATION_STATES)[number];

/**
 * What the list says of a verification: its search attribute. `codePending` stands for `awaitingCode`, and for `sending` as long
 * as the first try of a send is not known to have failed: a code is being sent or awaited. So the usual verification needs no
 * change of the attribute before its end.
 */
export type ListedState = 'codePending' | Exclude<VerificationState, 'awaitingCode'>;

/** Every word of the list, in the order of the lifecycle. */
export const LISTED_STATES: readonly ListedState[] = [
  'codePending',
  ...VERIFICATION_STATES.filter((state) => state !== 'awaitingCode'),
];

/** The states in which nothing can happen any more. */
export const FINAL_STATES = [
  'verified',
  'alreadyVerified',
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
  'held',
  'accessTokenRejected',
  'notSent',
] as const;

/**
 * How a send ended. `sent`, `alreadySent` and `uncertain` use up one of `maxSends`: after `uncertain` it is unknown whether
 * a message was sent, so the send counts as one that was made. `rateLimited`: Cognito refused it for its limits. `held`: the
 * guard of the worker kept it back, and Cognito was not asked.
 */
export type SendOutcome = (typeof SEND_OUTCOMES)[number];

/** One line of the list of sends. */
export interface SendRecord {
  /** When the outcome was known, ISO 8601. */
  at: string;
  outcome: SendOutcome;
  delivery?: CodeDelivery | undefined;
  /** Cognito's exception name, the kind of failure, or a `HeldReason`, where the outcome is not `sent`. */
  reason?: string | undefined;
}

/** Every `AttemptOutcome`. */
export const ATTEMPT_OUTCOMES = [
  'checking',
  'accepted',
  'mismatch',
  'codeExpired',
  'rateLimited',
  'accessTokenRejected',
  'uncertain',
  'notMade',
  'failed',
] as const;

/**
 * How an attempt ended. It is `checking` while Cognito is asked, unless the answer comes with the workflow task that asks.
 * `accepted` is the right code. `accessTokenRejected` and `notMade` (the call did not reach
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
  /**
   * Those of earlier verifications of the same user and attribute count while they are within the last hour. It takes
   * milliseconds to find out about them, and a minute at most: until then they are not taken off.
   */
  sendsLeft: number;
  /**
   * An attempt that is being checked counts. It is given back if Cognito did not look at the code. Those of earlier verifications
   * of the same user and attribute count as in `sendsLeft`.
   */
  attemptsLeft: number;
  /** From when `resendCode` is allowed. Absent when no time will make it allowed, or when it waits for something else. */
  resendAllowedAt?: string | undefined;
  /**
   * In `rateLimited`, and in `sending` after a failure that may pass: when the next code is sent, unless `expiresAt` comes
   * first. In `awaitingCode`: until when no attempts are taken. Absent in `sending` while Temporal repeats a call that has not
   * reached Cognito: then the worker's log and the pending activities say why.
   */
  retryAt?: string | undefined;
  /**
   * In `rateLimited`: why the guard of the worker keeps the next message back. At `retryAt` it is asked again. Absent where Cognito's
   * limits or our own are the reason.
   */
  held?: HeldReason | undefined;
  /** Until when `submitCode` takes the newest code. */
  codeExpiresAt?: string | undefined;
  /** The deadline of the whole verification. */
  expiresAt: string;
  /** Oldest first: all that count, and the newest of the others, up to 50 in all. */
  sends: SendRecord[];
  /** Oldest first: all that count, and the newest of the others, up to 50 in all. */
  attempts: AttemptRecord[];
  /**
   * What proved it, in state `verified`. `outstanding`: Cognito has accepted a code, and the attribute has not been read as
   * verified yet. Absent before that.
   */
  proof?: Proof | 'outstanding' | undefined;
  /** Why a `codeConfirmed` that has come proves nothing, and what to do about it. */
  unprovenConfirmation?: UnprovenConfirmation | undefined;
  /**
   * With `newValue`, once Cognito has taken the change: whether the user still has the old value until the new one is verified
   * (`kept`), or has the new one already, which is not verified until `verified` (`replaced`). As last read: a call without an answer
   * (`uncertain`) may have its effect later. Absent before that, unless it expires, where nobody could read it, and where the user
   * has a third value.
   */
  oldValue?: (typeof OLD_VALUES)[number] | undefined;
  /**
   * Why it expired before its deadline, in state `expired`. `Superseded` in another state: a start for another value waits until it
   * ends. An answer to that start with it says that nothing has begun for that value yet: repeat the start, if it is the person's newest.
   */
  reason?: ExpiryReason | undefined;
  /**
   * The value that Cognito holds now, masked as Cognito masks it: with the reason `AttributeChanged`, and in `alreadyVerified`,
   * where it is the one that is verified.
   */
  currentDestination?: string | undefined;
  /** Why it failed, in state `failed`. */
  failure?: VerificationFailure | undefined;
  /** What the status answers. `VerificationClient` compares it, and leaves it out of what it returns. */
  stamp?: AnswerStamp | undefined;
  /** Only in the answer to a start: whether it joined a verification that was open already. */
  joined?: boolean | undefined;
  /** Only in the answer to a start: the policy in force, with durations in milliseconds. It may be that of an earlier start. */
  policy?: VerificationPolicy | undefined;
}

/** Why a verification failed, and what can be done about it. */
export interface VerificationFailure {
  /** Cognito's exception name, or one of `FAILURE_TYPES`. */
  type: string;
  message: string;
}

/** Every reason of an `UnprovenConfirmation`. */
export const UNPROVEN_REASONS = ['notVerified', 'verifiedBefore', 'notTold'] as const;

/** A confirmation that proves nothing, so that the verification goes on. */
export interface UnprovenConfirmation {
  /**
   * `notVerified`: Cognito does not show the value as verified. `verifiedBefore`: it did so before the code was sent already.
   * `notTold`: it does not say so, or did not before.
   */
  reason: (typeof UNPROVEN_REASONS)[number];
  /** The same for people, and what to do. */
  message: string;
}

/** Every `Proof`. */
export const PROOFS = ['accepted', 'confirmed', 'found', 'trusted'] as const;

/**
 * What shows that Cognito has verified the value to which the code went. `accepted`: Cognito accepted a code, and then showed
 * the value as verified. `confirmed`: `codeConfirmed` came, and Cognito shows the value as verified since. `found`: nobody
 * said so, and Cognito shows the value as verified since. `trusted` is no proof: `codeConfirmed` came, and the policy believes
 * it.
 */
export type Proof = (typeof PROOFS)[number];

/** What has become of the old value. */
export const OLD_VALUES = ['kept', 'replaced'] as const;

/** Every `ExpiryReason`. */
export const EXPIRY_REASONS = ['AttributeChanged', 'AttemptsExhausted', 'Superseded'] as const;

/**
 * `AttributeChanged`: the user has another value now than the one to which the code went. `AttemptsExhausted`: no attempts were
 * left, and a start has ended it. `Superseded`: a start has asked for another value, and another verification is about that.
 */
export type ExpiryReason = (typeof EXPIRY_REASONS)[number];

/** A value that only somebody who knows it recognizes; `isVerifiedValue` of the client does. */
export interface VerifiedValue {
  /** HMAC-SHA256 of the value in UTF-8, keyed with the text of `salt`; base64url without padding. */
  digest: string;
  /** Random, and of this verification alone. */
  salt: string;
}

/** How a verification ended. */
export interface VerificationOutcome {
  outcome: (typeof FINAL_STATES)[number];
  /** What proved it, when `verified`. */
  proof?: Proof | undefined;
  /**
   * The value that was verified, or, when `alreadyVerified`, that Cognito showed as verified before anything was sent. Absent
   * where it was only trusted.
   */
  value?: VerifiedValue | undefined;
  /** Why it expired before its deadline, when `expired`. The status holds the value of then, masked. */
  reason?: ExpiryReason | undefined;
  /** The reference that came with `codeConfirmed`. */
  reference?: string | undefined;
  failure?: VerificationFailure | undefined;
  /** The last status. Absent only where a verification was ended from outside, such as terminated by an operator. */
  status?: VerificationStatus | undefined;
}
