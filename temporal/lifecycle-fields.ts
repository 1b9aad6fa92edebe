/**
 * What may be seen of a verification without the permission to reveal: each field by name, with how it is shown. A field
 * that is not here is hidden; one that the contract gains does not compile until it is.
 */
import type {
  AttemptRecord,
  AwaitDeliveryInput,
  CodeConfirmedInput,
  CodeDelivery,
  RenewAccessTokenInput,
  ResendCodeInput,
  ResendRefusal,
  SendRecord,
  SubmitCodeAnswer,
  SubmitCodeInput,
  VerificationFailure,
  VerificationOutcome,
  VerificationPolicy,
  VerificationRequest,
  VerificationStatus,
} from '@cognito-verification/contract';
import {
  accessToken,
  fingerprint,
  hidden,
  isObject,
  list,
  matching,
  objectOf,
  pseudonym,
  type Show,
  text,
} from './redact-value.js';

type Fields<Message> = Record<keyof Required<Message>, Show>;

/** The words of the contract and the names of exceptions. */
const word = matching(/^[A-Za-z]\w{0,79}$/);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const sub = matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);
const userPoolId = matching(/^[a-z][a-z\d-]{0,30}_[\dA-Za-z]{1,40}$/);
const attributeName = matching(/^(email|phone_number)$/);
/** Milliseconds, or as in `10 minutes`. */
const duration: Show = (value) => (typeof value === 'number' ? value : matching(/^\d[\d.]{0,9} ?[a-z]{1,12}$/i)(value));
const count: Show = (value) => (typeof value === 'number' ? value : hidden(value));
const flag: Show = (value) => (typeof value === 'boolean' ? value : hidden(value));
/** As Cognito masks it; whatever else stands there is text like any other. */
const destination: Show = (value) =>
  typeof value === 'string' && /^(\+\*+\d{1,4}|[^@\s*]?\*+@[^@\s*]?\*+)$/.test(value) ? value : text(value);

const delivery = objectOf({ destination, deliveryMedium: word } satisfies Fields<CodeDelivery>);
const failure = objectOf({ type: word, message: text } satisfies Fields<VerificationFailure>);
/** `AttributeSnapshot`. The digest is keyed with what is in plain sight: whoever had it could try numbers. */
const snapshot = { verified: flag, valueDigest: pseudonym('value') };
const policy = objectOf({
  deadline: duration,
  codeLifetime: duration,
  resendAfter: duration,
  resendCooldown: duration,
  maxSends: count,
  maxAttempts: count,
  confirmation: word,
  codeFormat: word,
} satisfies Fields<VerificationPolicy>);
const send = objectOf({ at: time, outcome: word, delivery, reason: word } satisfies Fields<SendRecord>);
const attempt = objectOf({ at: time, outcome: word } satisfies Fields<AttemptRecord>);

const STATUS = {
  state: word,
  attributeName,
  delivery,
  deliveryUncertain: flag,
  sendsLeft: count,
  attemptsLeft: count,
  resendAllowedAt: time,
  retryAt: time,
  codeExpiresAt: time,
  expiresAt: time,
  sends: list(send),
  attempts: list(attempt),
  failure,
} satisfies Fields<VerificationStatus>;
const status = objectOf(STATUS);

const uuid = matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);

/** Every input: of the workflow, of its messages and of its activities. */
const INPUT = {
  runId: uuid,
  accessToken,
  accessTokenReference: fingerprint('access token reference'),
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

const definition = objectOf({ name: text, description: text });

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
        type: word,
        description: text,
        queryDefinitions: list(definition),
        signalDefinitions: list(definition),
        updateDefinitions: list(definition),
      }),
      currentDetails: text,
    }),
  },
  {
    is: ({ result, status: of }) => typeof result === 'string' && isObject(of),
    show: objectOf({ result: word, retryAt: time, status } satisfies Fields<SubmitCodeAnswer>),
  },
  { is: ({ state, expiresAt }) => typeof state === 'string' && typeof expiresAt === 'string', show: status },
  {
    is: ({ outcome }) => ['verified', 'expired', 'failed', 'cancelled'].includes(String(outcome)),
    show: objectOf({
      outcome: word,
      confirmedBy: word,
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
      failure: word,
      dailyEmailLimit: flag,
      requestId: uuid,
      attribute: objectOf(snapshot),
    }),
  },
  {
    is: ({ reason }) => ['cooldown', 'maxSends', 'rateLimited', 'accessTokenNeeded'].includes(String(reason)),
    show: objectOf({ allowedAt: time, reason: word } satisfies Fields<ResendRefusal>),
  },
  // The details of an `InvalidRequest`.
  { is: ({ field }) => typeof field === 'string', show: objectOf({ field: matching(/^[A-Za-z][\w.]{0,79}$/) }) },
  { is: (value) => Object.keys(value).some((name) => Object.hasOwn(INPUT, name)), show: objectOf(INPUT) },
];

/** Shows what a payload holds. What is no message of a verification, such as another workflow's, is hidden whole. */
export const showMessage: Show = (value) => {
  if (typeof value === 'string') return text(value);
  if (value === null || !isObject(value) || Object.keys(value).length === 0) return hidden(value);
  return (MESSAGES.find(({ is }) => is(value))?.show ?? hidden)(value);
};
