/**
 * What kind of value each field of each payload holds. What may be seen of a payload follows from it: the codec server and
 * the redaction of histories both read these tables. A field that a message gains does not compile until it has a kind here.
 */
import { RESEND_REFUSAL_REASONS, type ResendRefusal } from './failure-types.js';
import { HELD_REASONS } from './held.js';
import {
  type AwaitDeliveryInput,
  type CodeConfirmedInput,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  SUBMIT_CODE_RESULTS,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  type VerificationRequest,
} from './messages.js';
import { ATTRIBUTE_NAMES, MESSAGE_KINDS } from './names.js';
import { POLICY_FIELDS } from './policy.js';
import type { AnswerStamp, AskedDigest, Stamp, Stamped } from './stamp.js';
import {
  ATTEMPT_OUTCOMES,
  type AttemptRecord,
  type CodeDelivery,
  EXPIRY_REASONS,
  FINAL_STATES,
  OLD_VALUES,
  PROOFS,
  SEND_OUTCOMES,
  type SendRecord,
  UNPROVEN_REASONS,
  type UnprovenConfirmation,
  VERIFICATION_STATES,
  type VerificationFailure,
  type VerificationOutcome,
  type VerificationStatus,
  type VerifiedValue,
} from './status.js';

export { FORMS } from './forms.js';

/** A kind that says everything by its name. */
export type PlainKind =
  /** A secret that acts for a user. */
  | 'accessToken'
  /** What the user typed. A secret. */
  | 'code'
  /** An address or a number in full. A secret of a person. */
  | 'newValue'
  /** An access token reference: no secret, but it may be the id of a session. */
  | 'tokenReference'
  /** Names and values that a caller passes to the triggers of the user pool. */
  | 'clientMetadata'
  /** Free text of a caller. */
  | 'reference'
  /** The digest of an address or a number. A reader who has the salt too can find the value by trying. */
  | 'valueDigest'
  /** The key of such a digest. A secret. */
  | 'valueSalt'
  /** An address or a number as Cognito masks it. */
  | 'destination'
  | 'userPoolId'
  | 'sub'
  | 'uuid'
  /** Of an update: the name of the message, a slash, and what the caller chose. Temporal shows it in plain text. */
  | 'updateId'
  /** Random, and used once. */
  | 'nonce'
  /** ISO 8601, in UTC. */
  | 'time'
  | 'flag'
  /** Free text of Cognito, of the network or of our code. It may quote anything. */
  | 'text'
  /** The name of an exception or of an error of the network. */
  | 'failureName'
  /** Where a request is wrong, as in `policy.maxSends`. */
  | 'fieldName';

/** What kind of value a field holds. */
export type FieldKind =
  | PlainKind
  | { readonly kind: 'duration' }
  /** A number of sends or attempts, from 0 to `most`. */
  | { readonly kind: 'count'; readonly most: number }
  /** A word that a caller chooses. */
  | { readonly kind: 'choice'; readonly words: readonly string[] }
  /** A word that the verification writes. */
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'message'; readonly fields: Fields }
  /** A list of messages. */
  | { readonly kind: 'messages'; readonly fields: Fields };

/** The fields of a message by their names. */
export interface Fields {
  readonly [name: string]: FieldKind;
}

/** Each field of a message, or of each message of a union, once. */
export type FieldsOf<Message> = Record<Message extends unknown ? keyof Message : never, FieldKind>;

const choice = (words: readonly string[]) => ({ kind: 'choice', words }) as const;
const word = (words: readonly string[]) => ({ kind: 'word', words }) as const;
const message = (fields: Fields) => ({ kind: 'message', fields }) as const;
const messages = (fields: Fields) => ({ kind: 'messages', fields }) as const;

const DELIVERY = {
  destination: 'destination',
  deliveryMedium: choice(['EMAIL', 'SMS']),
} as const satisfies FieldsOf<CodeDelivery>;

const FAILURE = { type: 'failureName', message: 'text' } as const satisfies FieldsOf<VerificationFailure>;

const UNPROVEN = {
  reason: word(UNPROVEN_REASONS),
  message: 'text',
} as const satisfies FieldsOf<UnprovenConfirmation>;

const SEND = {
  at: 'time',
  outcome: word(SEND_OUTCOMES),
  delivery: message(DELIVERY),
  reason: 'failureName',
} as const satisfies FieldsOf<SendRecord>;

const ATTEMPT = { at: 'time', outcome: word(ATTEMPT_OUTCOMES) } as const satisfies FieldsOf<AttemptRecord>;

const ASKED = { key: 'valueSalt', digest: 'valueDigest' } as const satisfies FieldsOf<AskedDigest>;

const ANSWER_STAMP = {
  kind: word(MESSAGE_KINDS),
  id: 'updateId',
  nonce: 'nonce',
  asked: message(ASKED),
  runId: 'uuid',
  reset: 'flag',
} as const satisfies FieldsOf<AnswerStamp>;

const STAMP = {
  kind: word(MESSAGE_KINDS),
  id: 'updateId',
  at: 'time',
  runId: 'uuid',
  nonce: 'nonce',
  asked: message(ASKED),
  proven: 'flag',
} as const satisfies FieldsOf<Stamp>;

const STATUS = {
  state: word(VERIFICATION_STATES),
  attributeName: choice(ATTRIBUTE_NAMES),
  delivery: message(DELIVERY),
  deliveryUncertain: 'flag',
  sendsLeft: POLICY_FIELDS.maxSends,
  attemptsLeft: POLICY_FIELDS.maxAttempts,
  resendAllowedAt: 'time',
  retryAt: 'time',
  held: word(HELD_REASONS),
  codeExpiresAt: 'time',
  expiresAt: 'time',
  sends: messages(SEND),
  attempts: messages(ATTEMPT),
  proof: word([...PROOFS, 'outstanding']),
  unprovenConfirmation: message(UNPROVEN),
  oldValue: word(OLD_VALUES),
  reason: word(EXPIRY_REASONS),
  currentDestination: 'destination',
  failure: message(FAILURE),
  stamp: message(ANSWER_STAMP),
  joined: 'flag',
  policy: message(POLICY_FIELDS),
} as const satisfies FieldsOf<VerificationStatus>;

/** What Cognito shows of the attribute, as an activity keeps it. */
const SNAPSHOT = {
  verified: 'flag',
  valueDigest: 'valueDigest',
  newValueDigest: 'valueDigest',
  salt: 'valueSalt',
  destination: 'destination',
} as const;

/** The value that a look waits for, or that it may show as verified. */
const AWAITED = { valueDigest: 'valueDigest', mustDiffer: 'flag', keptDigest: 'valueDigest' } as const;

const VALUE = { digest: 'valueDigest', salt: 'valueSalt' } as const satisfies FieldsOf<VerifiedValue>;

/** Comes back with the answer of an activity: the first run of the verification. */
const ANSWER = { runId: 'uuid' } as const;

type Inputs =
  | VerificationRequest
  | AwaitDeliveryInput
  | SubmitCodeInput
  | ResendCodeInput
  | RenewAccessTokenInput
  | CodeConfirmedInput;

/**
 * The fields of each payload. Those of the activities, which the contract does not know, are held to their types where
 * histories are redacted (`replay/redact-message.ts`).
 */
export const PAYLOADS = {
  /** Every input: of the workflow, of its messages and of its activities. */
  input: {
    accessToken: 'accessToken',
    accessTokenReference: 'tokenReference',
    userPoolId: 'userPoolId',
    sub: 'sub',
    attributeName: choice(ATTRIBUTE_NAMES),
    alreadySent: message(DELIVERY),
    reverify: 'flag',
    newValue: 'newValue',
    replaceAtOnce: 'flag',
    clientMetadata: 'clientMetadata',
    policy: message(POLICY_FIELDS),
    previousRunId: 'uuid',
    mayBeCopy: 'flag',
    startedAt: 'time',
    code: 'code',
    reference: 'reference',
    recordAttribute: 'flag',
    unlessVerified: 'flag',
    updateId: 'updateId',
    at: 'time',
    counted: messages({ updateId: 'updateId' }),
    rememberedOnly: 'flag',
    salt: 'valueSalt',
    target: message(AWAITED),
    proves: message(AWAITED),
    ...ANSWER,
    stamp: message(STAMP),
  } as const satisfies FieldsOf<Stamped<Inputs>> & Fields,
  status: STATUS,
  submitCodeAnswer: {
    result: word(SUBMIT_CODE_RESULTS),
    retryAt: 'time',
    status: message(STATUS),
  } as const satisfies FieldsOf<SubmitCodeAnswer>,
  outcome: {
    outcome: word(FINAL_STATES),
    proof: word(PROOFS),
    value: message(VALUE),
    reason: word(EXPIRY_REASONS),
    reference: 'reference',
    failure: message(FAILURE),
    status: message(STATUS),
  } as const satisfies FieldsOf<VerificationOutcome>,
  resendRefusal: {
    allowedAt: 'time',
    reason: word(RESEND_REFUSAL_REASONS),
  } as const satisfies FieldsOf<ResendRefusal>,
  /** The details of an `InvalidRequest`. */
  invalidRequest: { field: 'fieldName' },
  /** The details of a `TooManyMessages`. */
  tooManyMessages: { retryAt: 'time' },
  /** `encodedAttributes` of a failure, as every SDK writes them. */
  failureAttributes: { message: 'text', stack_trace: 'text' },
  sendCodeResult: {
    ...ANSWER,
    delivery: message(DELIVERY),
    alreadyVerified: 'flag',
    oldValue: word(OLD_VALUES),
    attribute: message(SNAPSHOT),
  },
  verifyCodeResult: { ...ANSWER, late: 'flag', at: 'time', accepted: 'flag', attribute: message(SNAPSHOT) },
  readAttributeResult: { ...ANSWER, late: 'flag', ...SNAPSHOT },
  /** In place of each of these three, where no direct call was made. */
  notCalled: { ...ANSWER, late: 'flag', notCalled: 'flag', uncounted: messages({ updateId: 'updateId', at: 'time' }) },
  countEarlierCallsResult: {
    ...ANSWER,
    sends: messages({ at: 'time' }),
    attempts: messages({ at: 'time' }),
    endedVerified: 'flag',
  },
  /** The details of a failure of an activity. */
  callFailure: {
    failure: word([
      'throttled',
      'unreachable',
      'rateLimited',
      'uncertain',
      'accessTokenRejected',
      'undeliverable',
      'blocked',
      'mismatch',
      'codeExpired',
      'failed',
    ]),
    late: 'flag',
    at: 'time',
    dailyEmailLimit: 'flag',
    held: word(HELD_REASONS),
    retryAt: 'time',
    requestId: 'uuid',
    attribute: message(SNAPSHOT),
    oldValue: word(OLD_VALUES),
  },
} as const satisfies Record<string, Fields>;
