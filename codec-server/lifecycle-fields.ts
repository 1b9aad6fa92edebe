/**
 * What may be seen of a verification without the permission to reveal: each field by name, with how it is shown. A field
 * that is not here is hidden; one that the contract gains does not compile until it is.
 */
import {
  ATTRIBUTE_NAMES,
  type AttemptOutcome,
  type AttemptRecord,
  type AwaitDeliveryInput,
  CALL_FAILURE_TYPES,
  type CodeConfirmedInput,
  type CodeDelivery,
  FAILURE_TYPES,
  POLICY_LIMITS,
  parseDuration,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  type ResendRefusal,
  type SendOutcome,
  type SendRecord,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  type SubmitCodeResult,
  VERIFICATION_STATES,
  type VerificationFailure,
  type VerificationOutcome,
  type VerificationPolicy,
  type VerificationRequest,
  type VerificationStatus,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import {
  accessToken,
  hidden,
  isObject,
  list,
  matching,
  objectOf,
  oneOf,
  pseudonym,
  type Show,
  text,
} from './redact-value.js';

type Fields<Message> = Record<keyof Required<Message>, Show>;

/** The words of a type of the contract: one that it gains does not compile until it is here. */
const wordsOf = <Word extends string>(words: Record<Word, true>): Show => oneOf(Object.keys(words));
/** Of exceptions, Cognito's and ours, and of what the network and TLS call theirs. */
const failureName: Show = (value) =>
  OUR_FAILURES.includes(value)
    ? value
    : matching(
        /^(?:[A-Z][A-Za-z]{1,70}(?:Exception|Error|Failure|Fault)|E[A-Z]{2,}(?:_[A-Z\d]+)*|(?:ERR|CERT|UNABLE|SELF|DEPTH)_[A-Z\d_]{3,60}|HTTP \d{3})$/,
      )(value);
const OUR_FAILURES: readonly unknown[] = [
  'Error',
  ...Object.values(FAILURE_TYPES),
  ...Object.values(CALL_FAILURE_TYPES),
];
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const uuid = matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);
/** As Cognito makes them. The contract takes what other endpoints make of them too, which could be anything. */
const sub = uuid;
const userPoolId = matching(/^[a-z][a-z\d-]{0,30}_[\dA-Za-z]{1,40}$/);
const attributeName = oneOf(ATTRIBUTE_NAMES);
const LONGEST_MS = parseDuration(POLICY_LIMITS.deadline.most) ?? 0;
/** Whole seconds in milliseconds, or as in `10 minutes`: other numbers may be a code. */
const duration: Show = (value) =>
  typeof value === 'number'
    ? bounded(value, LONGEST_MS, 1_000)
    : matching(
        /^\d{1,5}(?:\.\d{1,2})? ?(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/i,
      )(value);
/** A number of sends or attempts, or of what is left of them. */
const count =
  (most: number): Show =>
  (value) =>
    bounded(value, most, 1);
const sendCount = count(POLICY_LIMITS.maxSends.most);
const attemptCount = count(POLICY_LIMITS.maxAttempts.most);

function bounded(value: unknown, most: number, step: number): unknown {
  const plausible = typeof value === 'number' && value >= 0 && value <= most && value % step === 0;
  return plausible ? value : hidden(value);
}

const flag: Show = (value) => (typeof value === 'boolean' ? value : hidden(value));
/** As Cognito masks it; whatever else stands there is text like any other. */
const destination: Show = (value) =>
  typeof value === 'string' && /^(\+\*+\d{1,4}|[^@\s*]?\*+@[^@\s*]?\*+)$/.test(value) ? value : text(value);

const delivery = objectOf({ destination, deliveryMedium: oneOf(['EMAIL', 'SMS']) } satisfies Fields<CodeDelivery>);
const failure = objectOf({ type: failureName, message: text } satisfies Fields<VerificationFailure>);
/** `AttributeSnapshot`. The digest is keyed with what is in plain sight: whoever had it could try numbers. */
const snapshot = { verified: flag, valueDigest: pseudonym('value') };
const policy = objectOf({
  deadline: duration,
  codeLifetime: duration,
  resendAfter: duration,
  resendCooldown: duration,
  maxSends: sendCount,
  maxAttempts: attemptCount,
  confirmation: wordsOf<NonNullable<VerificationPolicy['confirmation']>>({ trust: true, recheck: true }),
  codeFormat: wordsOf<NonNullable<VerificationPolicy['codeFormat']>>({ sixDigits: true, nonSpace: true }),
} satisfies Fields<VerificationPolicy>);
const sendOutcome = wordsOf<SendOutcome>({
  sent: true,
  alreadySent: true,
  uncertain: true,
  rateLimited: true,
  accessTokenRejected: true,
  notSent: true,
});
const send = objectOf({ at: time, outcome: sendOutcome, delivery, reason: failureName } satisfies Fields<SendRecord>);
const attemptOutcome = wordsOf<AttemptOutcome>({
  checking: true,
  verified: true,
  mismatch: true,
  codeExpired: true,
  rateLimited: true,
  accessTokenRejected: true,
  uncertain: true,
  notMade: true,
  failed: true,
});
const attempt = objectOf({ at: time, outcome: attemptOutcome } satisfies Fields<AttemptRecord>);

const STATUS = {
  state: oneOf(VERIFICATION_STATES),
  attributeName,
  delivery,
  deliveryUncertain: flag,
  sendsLeft: sendCount,
  attemptsLeft: attemptCount,
  resendAllowedAt: time,
  retryAt: time,
  codeExpiresAt: time,
  expiresAt: time,
  sends: list(send),
  attempts: list(attempt),
  failure,
} satisfies Fields<VerificationStatus>;
const status = objectOf(STATUS);

/** Every input: of the workflow, of its messages and of its activities. */
const INPUT = {
  runId: uuid,
  accessToken,
  accessTokenReference: pseudonym('access token reference'),
  userPoolId,
  sub,
  attributeName,
  alreadySent: delivery,
  clientMetadata: hidden,
  policy,
  code: hidden,
  reference: text,
  recordAttribute: flag,
} satisfies Fields<
  VerificationRequest &
    AwaitDeliveryInput &
    SubmitCodeInput &
    ResendCodeInput &
    RenewAccessTokenInput &
    CodeConfirmedInput
> &
  Record<string, Show>;

const result = wordsOf<SubmitCodeResult>({
  verified: true,
  mismatch: true,
  codeExpired: true,
  rateLimited: true,
  accessTokenRejected: true,
});
const OUTCOMES: Record<VerificationOutcome['outcome'], true> = {
  verified: true,
  expired: true,
  failed: true,
  cancelled: true,
};
const REFUSALS: Record<ResendRefusal['reason'], true> = {
  cooldown: true,
  maxSends: true,
  rateLimited: true,
  accessTokenNeeded: true,
};
/** `SendFailure` and `AttemptFailure` of the activities. */
const callFailure = oneOf([
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
]);
const definition = objectOf({ name: text, description: text });

/** As in `policy.maxSends`; no digits, which no field has. */
const FIELD_NAME = /^[A-Za-z]{1,40}(?:\.[A-Za-z]{1,40})?$/;

/** What a payload holds, and how it is told from the others; the first that applies is used. */
const MESSAGES: readonly { is: (value: Record<string, unknown>) => boolean; show: Show }[] = [
  {
    // `encodedAttributes` of a failure, by any SDK.
    is: ({ message, stack_trace: stack }) => typeof message === 'string' && stack !== undefined,
    show: objectOf({ message: text, stack_trace: text }),
  },
  {
    // Temporal's own query for the page of a workflow.
    is: ({ definition: of }) => isObject(of),
    show: objectOf({
      definition: objectOf({
        type: oneOf([WORKFLOW_TYPE]),
        description: text,
        queryDefinitions: list(definition),
        signalDefinitions: list(definition),
        updateDefinitions: list(definition),
      }),
      currentDetails: text,
    }),
  },
  {
    is: ({ result: of, status: beside }) => typeof of === 'string' && isObject(beside),
    show: objectOf({ result, retryAt: time, status } satisfies Fields<SubmitCodeAnswer>),
  },
  { is: ({ state, expiresAt }) => typeof state === 'string' && typeof expiresAt === 'string', show: status },
  {
    is: ({ outcome }) => Object.hasOwn(OUTCOMES, String(outcome)),
    show: objectOf({
      outcome: wordsOf(OUTCOMES),
      confirmedBy: wordsOf<NonNullable<VerificationOutcome['confirmedBy']>>({
        submitCode: true,
        codeConfirmed: true,
        readAttribute: true,
      }),
      reference: text,
      failure,
      status,
    } satisfies Fields<VerificationOutcome>),
  },
  // `SendCodeResult`, `VerifyCodeResult`, `AttributeSnapshot` and `FailureDetails` of the activities.
  { is: ({ delivery: of }) => isObject(of), show: objectOf({ runId: uuid, delivery, attribute: objectOf(snapshot) }) },
  { is: ({ valueDigest }) => valueDigest !== undefined, show: objectOf({ runId: uuid, ...snapshot }) },
  { is: ({ verified }) => verified === true, show: objectOf({ runId: uuid, verified: flag }) },
  {
    is: ({ failure: of }) => typeof of === 'string',
    show: objectOf({
      failure: callFailure,
      dailyEmailLimit: flag,
      requestId: uuid,
      attribute: objectOf(snapshot),
    }),
  },
  {
    is: ({ reason }) => Object.hasOwn(REFUSALS, String(reason)),
    show: objectOf({ allowedAt: time, reason: wordsOf(REFUSALS) } satisfies Fields<ResendRefusal>),
  },
  // The details of an `InvalidRequest`.
  { is: ({ field }) => typeof field === 'string', show: objectOf({ field: matching(FIELD_NAME) }) },
  { is: (value) => Object.keys(value).some((name) => Object.hasOwn(INPUT, name)), show: objectOf(INPUT) },
];

/** Shows what a payload holds. What is no message of a verification, such as another workflow's, is hidden whole. */
export const showMessage: Show = (value) => {
  if (typeof value === 'string') return text(value);
  if (value === null || !isObject(value) || Object.keys(value).length === 0) return hidden(value);
  return (MESSAGES.find(({ is }) => is(value))?.show ?? hidden)(value);
};
