import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import type { AttributeName, MessageKind } from './names.js';
import type { VerificationPolicy } from './policy.js';
import type { Stamped } from './stamp.js';
import type { CodeDelivery, VerificationStatus } from './status.js';

/** The signed-in user's access token. It crosses Temporal in a payload, which the codec seals. */
export interface WithAccessToken {
  /** The signed-in user's Cognito access token, with the scope `aws.cognito.signin.user.admin`. A secret. */
  accessToken: string;
  accessTokenReference?: undefined;
}

/** Where the worker finds the user's access token: no token enters Temporal, and each call gets a fresh one. */
export interface WithAccessTokenReference {
  /**
   * The worker hands it to its access token source with each call, unchanged. 1 to 512 printable ASCII characters without
   * spaces, such as the id of a session. Histories hold it, so it must be of no use without the source.
   */
  accessTokenReference: string;
  accessToken?: undefined;
}

/** An access token, a reference to one, or neither. */
export type OptionalAccessToken =
  | WithAccessToken
  | WithAccessTokenReference
  | { accessToken?: undefined; accessTokenReference?: undefined };

/** The user to verify. The claims of a token name the user; with a reference the request does. */
export type RequestedUser =
  | (WithAccessToken & { userPoolId?: undefined; sub?: undefined })
  | (WithAccessTokenReference & {
      /** The id of the user pool. A token that the source finds must be of this pool. */
      userPoolId: string;
      /** The user's `sub`. A token that the source finds must be of this user. */
      sub: string;
    });

/** What starts a verification. */
export type VerificationRequest = RequestedUser & RequestedVerification;

/** What a request asks for, apart from the user. */
export interface RequestedVerification {
  /** The attribute to verify. */
  attributeName: AttributeName;
  /**
   * The delivery of a code that Cognito has sent by itself (the answer of `UpdateUserAttributes`). The verification then
   * skips its first send, and the message counts as one of `maxSends`.
   */
  alreadySent?: CodeDelivery | undefined;
  /**
   * The value that the attribute is to get: an e-mail address, or a number with its `+`. A secret. The worker itself asks Cognito
   * to change it (`UpdateUserAttributes`), which sends the code, and the verification ends as `verified` only for this value. An
   * open verification of another value ends as `expired` (`Superseded`). It needs an access token that the
   * sender has checked, and comes with no `accessTokenReference` and no `alreadySent`.
   */
  newValue?: string | undefined;
  /**
   * Change the attribute also in a user pool that does not keep the old value until the new one is verified: the user then has the
   * new value at once, unverified. Default: `false`, and such a start fails with `ReplacesAtOnce`, before anything is changed.
   */
  replaceAtOnce?: boolean | undefined;
  /**
   * Send a code also where the attribute is verified already, such as to ask a user to prove it anew. Default: `false`. The
   * attribute is read before the first send, and if it is verified then, the verification ends as `alreadyVerified`, without a
   * message.
   */
  reverify?: boolean | undefined;
  /** Passed to the user pool's Lambda triggers with every send. Not for secrets: Cognito does not encrypt it. */
  clientMetadata?: Record<string, string> | undefined;
  /** Durations and limits. Each field says its default. */
  policy?: VerificationPolicy | undefined;
  /**
   * The newest run of the same workflow id before this one, open or closed, unless it closed more than an hour ago. Its sends
   * and attempts, and those of the runs before it, count in this verification while they are within the last hour; what cannot be
   * read there counts as used up. `VerificationClient` finds it by itself. A service in another language asks for it with
   * `DescribeWorkflowExecution` before each start. Default: there was none in the last hour.
   */
  previousRunId?: string | undefined;
}

/**
 * The caller's token or reference is kept, and a send that waited for a token goes on with it. The other fields repeat those of
 * the request, for a verification that is open already. They count once the token does: those of the first request whose
 * token counts are in force, and the policy of a later one may only tighten.
 */
export type AwaitDeliveryInput = OptionalAccessToken & {
  /** As in the request: a code that Cognito sent by itself while the verification was open counts as a send. */
  alreadySent?: CodeDelivery | undefined;
  /** As in the request. One that counts, and is not that of the open verification, ends it and opens the next. */
  newValue?: string | undefined;
  /** As in the request. */
  replaceAtOnce?: boolean | undefined;
  /** As in the request. Any request that counts may ask for it, before the first send has its answer. */
  reverify?: boolean | undefined;
  /** As in the request. */
  clientMetadata?: Record<string, string> | undefined;
  /** As in the request. */
  policy?: VerificationPolicy | undefined;
};

/**
 * A token or a reference in it is used for this attempt, and kept for later calls if Cognito accepts it. Default: the token or
 * reference that the verification has.
 */
export type SubmitCodeInput = OptionalAccessToken & {
  /** What the user typed. A secret. */
  code: string;
};

/** Every `SubmitCodeResult`. */
export const SUBMIT_CODE_RESULTS = [
  'verified',
  'mismatch',
  'codeExpired',
  'rateLimited',
  'accessTokenRejected',
] as const;

/** What Cognito, or the policy, answered to a code. */
export type SubmitCodeResult = (typeof SUBMIT_CODE_RESULTS)[number];

/** What `submitCode` answers. */
export interface SubmitCodeAnswer {
  result: SubmitCodeResult;
  /**
   * With `rateLimited`: from when another attempt may be taken. It is our estimate where Cognito has refused one, since Cognito
   * gives none. With `accessTokenRejected`: from when another access token is tried that nobody has checked, after Cognito
   * refused several.
   */
  retryAt?: string | undefined;
  status: VerificationStatus;
}

/** A token or a reference in it is kept, as with `renewAccessToken`. */
export type ResendCodeInput = OptionalAccessToken & {
  /**
   * Replaces the request's `clientMetadata` for this send. It needs a token or a reference beside it, and goes out only with
   * that one, or once Cognito has taken that one.
   */
  clientMetadata?: Record<string, string> | undefined;
};

/**
 * A token of the same user and pool, or a reference. The same reference again says that the source now has a fresh token
 * for it.
 */
export type RenewAccessTokenInput = WithAccessToken | WithAccessTokenReference;

/** A token or a reference in it is kept, as with `renewAccessToken`, so that the confirmation can be checked. */
export type CodeConfirmedInput = OptionalAccessToken & {
  /** The sender's own reference. The outcome shows it. At most 200 characters. */
  reference?: string | undefined;
};

// The same as `defineUpdate`, `defineSignal` and `defineQuery` of `@temporalio/workflow`, without loading that package into callers.
const update = <Answer, Input>(name: MessageKind) =>
  ({ type: 'update', name }) as UpdateDefinition<Answer, [Stamped<Input>], MessageKind>;
const signal = <Input>(name: MessageKind) =>
  ({ type: 'signal', name }) as SignalDefinition<[Stamped<Input>], MessageKind>;
const query = <Answer, Input>(name: MessageKind) =>
  ({ type: 'query', name }) as QueryDefinition<Answer, [Stamped<Input>], MessageKind>;

/** Answers as soon as the first send is settled: sent, uncertain, rate limited, or waiting for a token. */
export const awaitDelivery = update<VerificationStatus, AwaitDeliveryInput>('awaitDelivery');

/** Checks the code that the user typed. A wrong code, an expired one and a lockout are answers, not errors. */
export const submitCode = update<SubmitCodeAnswer, SubmitCodeInput>('submitCode');

/** Sends another code. Refused in the cool-down and past the limit; the refusal says from when it is allowed. */
export const resendCode = update<VerificationStatus, ResendCodeInput>('resendCode');

/** Brings a fresh access token. Refused when it is of another user or pool. */
export const renewAccessToken = update<VerificationStatus, RenewAccessTokenInput>('renewAccessToken');

/** Says that Cognito has accepted the code already, in a call that the sender made itself. */
export const codeConfirmed = signal<CodeConfirmedInput>('codeConfirmed');

/** Where the verification stands. The question is a stamp and nothing else. */
export const getStatus = query<VerificationStatus, object>('getStatus');
