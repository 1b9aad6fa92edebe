import type { Duration, QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';

/** A Cognito user attribute that can be verified: Cognito knows these two and no others. */
export type AttributeName = 'email' | 'phone_number';

/** Every attribute that can be verified. */
export const ATTRIBUTE_NAMES: readonly AttributeName[] = ['email', 'phone_number'];

/** Where a code was sent, as Cognito tells it (`CodeDeliveryDetails`); some endpoints leave it out. */
export interface CodeDelivery {
  /** Masked by Cognito, as in `z***@e***`. Opaque: show it, never parse it. */
  destination?: string | undefined;
  /** `EMAIL` or `SMS`. */
  deliveryMedium?: string | undefined;
}

/** The durations and limits of one verification. Every field has a default; `POLICY_LIMITS` says what is allowed. */
export interface VerificationPolicy {
  /** The whole verification ends then, counted from its start. Default 24 hours, as long as Cognito keeps a code. */
  deadline?: Duration;
  /**
   * How long `submitCode` takes a code after it was sent. Default 10 minutes for SMS and 24 hours for e-mail (NIST SP
   * 800-63A-4). Cognito itself keeps every code for 24 hours, so whoever calls it directly is not held to this.
   */
  codeLifetime?: Duration;
  /** Sends again by itself when nothing was confirmed for so long. Off unless given. */
  resendAfter?: Duration;
  /** How soon after the first send another may be asked for; doubles with each send. Default 30 seconds. */
  resendCooldown?: Duration;
  /** Messages in this verification, the first included. Default 5 (Cognito: 5 an hour for a user). */
  maxSends?: number;
  /** Attempts in this verification; a re-send never resets the count. Default 10 (Cognito: 15 an hour for a user). */
  maxAttempts?: number;
  /**
   * What `codeConfirmed` is worth. `trust` (default): it ends the verification. `recheck`: the attribute is read back
   * from Cognito first and must have become verified since the verification began.
   */
  confirmation?: 'trust' | 'recheck';
  /** The form a code must have before a call is spent on it. Default `sixDigits`, which is what Cognito sends. */
  codeFormat?: 'sixDigits' | 'nonSpace';
}

/** The signed-in user's access token: it crosses Temporal as a payload, which the codec seals. */
export interface WithAccessToken {
  /** The signed-in user's Cognito access token, with the scope `aws.cognito.signin.user.admin`. A secret. */
  accessToken: string;
  accessTokenReference?: never;
}

/** Where the worker finds the user's access token: no token enters Temporal, and a fresh one is found each time. */
export interface WithAccessTokenReference {
  /**
   * Handed to the worker's access token source with each call, as it is. Opaque, 1 to 512 printable ASCII characters without
   * spaces, such as the id of a session. It stands in histories, so it must be of no use without the source.
   */
  accessTokenReference: string;
  accessToken?: never;
}

/** An access token, a reference to one, or neither. */
export type OptionalAccessToken =
  | WithAccessToken
  | WithAccessTokenReference
  | { accessToken?: never; accessTokenReference?: never };

/** Who is verified: with a token its claims say it, with a reference the request does. */
export type RequestedUser =
  | (WithAccessToken & { userPoolId?: never; sub?: never })
  | (WithAccessTokenReference & {
      /** The id of the user pool; a token that the source finds must be of it. */
      userPoolId: string;
      /** The user's `sub`; a token that the source finds must be of it. */
      sub: string;
    });

/** What starts a verification. */
export type VerificationRequest = RequestedUser & RequestedVerification;

/** What is asked for, whoever the user is. */
export interface RequestedVerification {
  /** The attribute to verify. */
  attributeName: AttributeName;
  /**
   * The delivery of a code that Cognito has sent by itself (the answer of `UpdateUserAttributes`): the first send is
   * skipped, and the message counts as one of `maxSends`.
   */
  alreadySent?: CodeDelivery;
  /** Passed to the user pool's Lambda triggers with every send. Not for secrets: Cognito does not encrypt it. */
  clientMetadata?: Record<string, string>;
  /** Durations and limits; see the fields for the defaults. */
  policy?: VerificationPolicy;
}

/** Where a verification stands. The last four are final. */
export type VerificationState =
  | 'sending'
  | 'awaitingCode'
  | 'rateLimited'
  | 'awaitingToken'
  | 'verified'
  | 'expired'
  | 'failed'
  | 'cancelled';

/** Every state, in the order of the lifecycle. */
export const VERIFICATION_STATES: readonly VerificationState[] = [
  'sending',
  'awaitingCode',
  'rateLimited',
  'awaitingToken',
  'verified',
  'expired',
  'failed',
  'cancelled',
];

/** The states in which nothing can happen any more. */
export const FINAL_STATES: readonly VerificationState[] = ['verified', 'expired', 'failed', 'cancelled'];

/** Whether a verification in this state has ended. */
export function isFinal(state: VerificationState): boolean {
  return FINAL_STATES.includes(state);
}

/**
 * How a send ended. `sent`, `alreadySent` and `uncertain` used up one of `maxSends`; after `uncertain` nobody knows
 * whether a message left, so it is treated as one that did.
 */
export type SendOutcome = 'sent' | 'alreadySent' | 'uncertain' | 'rateLimited' | 'accessTokenRejected' | 'notSent';

/** One line of the list of sends. */
export interface SendRecord {
  /** When the outcome was known, ISO 8601. */
  at: string;
  outcome: SendOutcome;
  delivery?: CodeDelivery | undefined;
  /** Cognito's exception name or the kind of failure, where the outcome is not `sent`. */
  reason?: string | undefined;
}

/**
 * How an attempt ended. `checking` while Cognito is being asked. `accessTokenRejected` and `notMade` (Cognito was
 * never reached, or let nothing through) do not count against `maxAttempts`.
 */
export type AttemptOutcome =
  | 'checking'
  | 'verified'
  | 'mismatch'
  | 'codeExpired'
  | 'rateLimited'
  | 'accessTokenRejected'
  | 'uncertain'
  | 'notMade'
  | 'failed';

/** One line of the list of attempts. The code is never part of it. */
export interface AttemptRecord {
  /** When Cognito was asked, ISO 8601. */
  at: string;
  outcome: AttemptOutcome;
}

/**
 * Everything a page needs to show where a verification stands. All times are ISO 8601 and as of the last thing that
 * happened: one that has passed by the reader's clock has passed.
 */
export interface VerificationStatus {
  state: VerificationState;
  attributeName: AttributeName;
  /** Where the newest code was sent. Accepted by Cognito, which is not the same as delivered. */
  delivery?: CodeDelivery | undefined;
  /** True when the newest send got no answer: a message may have left or not. */
  deliveryUncertain: boolean;
  sendsLeft: number;
  /** One that is being checked counts; it is given back if Cognito never looked at the code. */
  attemptsLeft: number;
  /** From when `resendCode` is allowed; absent when it will not be any more, or waits for something else. */
  resendAllowedAt?: string | undefined;
  /**
   * In `rateLimited`, and in `sending` after a failure that may mend itself: when a code is sent next, unless
   * `expiresAt` comes first. In `awaitingCode`: until when Cognito takes no attempts.
   */
  retryAt?: string | undefined;
  /** Until when `submitCode` takes the newest code. */
  codeExpiresAt?: string | undefined;
  /** The deadline of the whole verification. */
  expiresAt: string;
  /** Oldest first. All that count; of the others the newest, up to 50 in all. */
  sends: SendRecord[];
  /** Oldest first. All that count; of the others the newest, up to 50 in all. */
  attempts: AttemptRecord[];
  /** Why it failed, in state `failed`. */
  failure?: VerificationFailure | undefined;
}

/** Why a verification failed, and who can mend it. */
export interface VerificationFailure {
  /** Cognito's exception name, or one of `FAILURE_TYPES`. */
  type: string;
  message: string;
}

/** What a verification ended as. */
export interface VerificationOutcome {
  outcome: 'verified' | 'expired' | 'failed' | 'cancelled';
  /** What proved it, when `verified`: the code, the signal, or the attribute as Cognito shows it. */
  confirmedBy?: 'submitCode' | 'codeConfirmed' | 'readAttribute' | undefined;
  /** The reference that came with `codeConfirmed`. */
  reference?: string | undefined;
  failure?: VerificationFailure | undefined;
  /** The last status; absent only where a verification ended without a word (terminated by an operator). */
  status?: VerificationStatus | undefined;
}

/** The caller's token, or reference, renews an older one, and a send that waited for a token goes on with it. */
export type AwaitDeliveryInput = OptionalAccessToken & {
  /** As in the request: a code that Cognito has sent by itself while the verification was open counts as a send. */
  alreadySent?: CodeDelivery;
};

/**
 * A token, or a reference, that comes along is used for this attempt, and kept for later if Cognito takes it. Default:
 * what the verification has.
 */
export type SubmitCodeInput = OptionalAccessToken & {
  /** What the user typed. A secret. */
  code: string;
};

/** What Cognito, or the policy, said of a code. */
export type SubmitCodeResult = 'verified' | 'mismatch' | 'codeExpired' | 'rateLimited' | 'accessTokenRejected';

export interface SubmitCodeAnswer {
  result: SubmitCodeResult;
  /** With `rateLimited`: from when Cognito may take another attempt; our estimate, since Cognito gives none. */
  retryAt?: string | undefined;
  status: VerificationStatus;
}

/** A token, or a reference, that comes along is kept, as with `renewAccessToken`. */
export type ResendCodeInput = OptionalAccessToken & {
  /** Replaces the request's `clientMetadata` for this send. */
  clientMetadata?: Record<string, string>;
};

/**
 * A token of the same user and pool, or a reference. The same reference again says that the source has a fresh token
 * under it.
 */
export type RenewAccessTokenInput = WithAccessToken | WithAccessTokenReference;

export interface CodeConfirmedInput {
  /** The sender's own reference; shows up in the outcome. At most 200 characters. */
  reference?: string | undefined;
}

// What `defineUpdate` and its siblings of `@temporalio/workflow` make, without loading that package into callers.
const update = <Answer, Input extends unknown[]>(name: string) =>
  ({ type: 'update', name }) as UpdateDefinition<Answer, Input>;
const signal = <Input extends unknown[]>(name: string) => ({ type: 'signal', name }) as SignalDefinition<Input>;
const query = <Answer>(name: string) => ({ type: 'query', name }) as QueryDefinition<Answer>;

/** Answers once the first send is settled: sent, uncertain, rate limited, or waiting for a token. */
export const awaitDelivery = update<VerificationStatus, [AwaitDeliveryInput]>('awaitDelivery');

/** Checks the code that the user typed. A wrong code, an expired one and a lockout are answers, not errors. */
export const submitCode = update<SubmitCodeAnswer, [SubmitCodeInput]>('submitCode');

/** Sends another code. Refused in the cool-down and past the limit, with the time from which it is allowed. */
export const resendCode = update<VerificationStatus, [ResendCodeInput]>('resendCode');

/** Brings a fresh access token. Refused when it is of another user or pool. */
export const renewAccessToken = update<VerificationStatus, [RenewAccessTokenInput]>('renewAccessToken');

/** Says that Cognito has accepted the code already, in a call that the sender made itself. */
export const codeConfirmed = signal<[CodeConfirmedInput]>('codeConfirmed');

/** Where the verification stands. */
export const getStatus = query<VerificationStatus>('getStatus');
