/**
 * What becomes of each field of each message when a history is redacted. A field that the contract gains does not compile
 * until it is here; one that nobody knows keeps neither its name nor its value.
 */
import {
  ATTRIBUTE_NAMES,
  type AttemptRecord,
  type AwaitDeliveryInput,
  type CodeConfirmedInput,
  type CodeDelivery,
  type RenewAccessTokenInput,
  type ResendCodeInput,
  type ResendRefusal,
  type SendRecord,
  type SubmitCodeAnswer,
  type SubmitCodeInput,
  type VerificationFailure,
  type VerificationOutcome,
  type VerificationPolicy,
  type VerificationRequest,
  type VerificationStatus,
} from '@cognito-verification/contract';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { FailureDetails } from '../activities/call-failure.js';
import type { SendCodeInput, SendCodeResult, VerifyCodeInput, VerifyCodeResult } from '../activities/cognito.js';
import type { StandIns } from './stand-ins.js';

/** Turns a value into its stand-in. */
type Redact = (value: unknown, standIns: StandIns) => unknown;

type NamesIn<Message> = Message extends unknown ? keyof Message : never;
type Name = NamesIn<
  | VerificationRequest
  | AwaitDeliveryInput
  | SubmitCodeInput
  | ResendCodeInput
  | RenewAccessTokenInput
  | CodeConfirmedInput
  | VerificationStatus
  | SubmitCodeAnswer
  | VerificationOutcome
  | VerificationPolicy
  | VerificationFailure
  | ResendRefusal
  | SendRecord
  | AttemptRecord
  | CodeDelivery
  | SendCodeInput
  | SendCodeResult
  | VerifyCodeInput
  | VerifyCodeResult
  | AttributeSnapshot
  | FailureDetails<string>
>;

const ofText =
  (redact: (text: string, standIns: StandIns) => string): Redact =>
  (value, standIns) =>
    typeof value === 'string' ? redact(value, standIns) : unknownValue(value, standIns);
/** What has the form stays; whatever else stands there was refused, and is by what it becomes. */
const ofForm = (form: RegExp): Redact => ofText((text, standIns) => (form.test(text) ? text : standIns.opaque(text)));

const word = ofForm(/^[A-Za-z]\w{0,79}$/);
const oneOf = (...words: readonly string[]) => ofForm(new RegExp(`^(?:${words.join('|')})$`));
const time = ofForm(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const uuid = ofForm(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);
const text = ofText((value, standIns) => standIns.text(value));
const opaque = ofText((value, standIns) => standIns.opaque(value));
const id = ofText((value, standIns) => (value === '' ? value : standIns.id(value)));
/** A phone number that was typed into the wrong field is a number too. */
const MOST = 1e9;
const number: Redact = (value, standIns) =>
  typeof value === 'number' ? Math.min(value, MOST) : unknownValue(value, standIns);
const duration: Redact = (value, standIns) =>
  typeof value === 'number' ? number(value, standIns) : ofForm(/^\d[\d.]{0,9} ?[a-z]{1,12}$/i)(value, standIns);
const flag: Redact = (value, standIns) => (typeof value === 'boolean' ? value : unknownValue(value, standIns));
/** As Cognito masks it. */
const destination = ofForm(/^(\+\*+\d{1,4}|[^@\s*]?\*+@[^@\s*]?\*+)$/);
const accessToken = ofText((token, standIns) => standIns.token(token));
const code = ofText((value, standIns) => standIns.code(value));
/** Refused as it was: a token that was put there, or no reference at all. */
const reference = ofText((value, standIns) =>
  /^[\x21-\x7e]{1,512}$/.test(value) && !/^(Bearer)?eyJ/.test(value) ? standIns.id(value) : standIns.keep(value, ''),
);
const metadata: Redact = (value, standIns) =>
  isPlainObject(value)
    ? Object.fromEntries(
        Object.values(value).map((entry, index) => [
          `key${index + 1}`,
          typeof entry === 'string' ? standIns.opaque(entry) : unknownValue(entry, standIns),
        ]),
      )
    : unknownValue(value, standIns);
const message: Redact = (value, standIns) => {
  if (Array.isArray(value)) return value.map((entry: unknown) => message(entry, standIns));
  return isPlainObject(value) ? fieldsOf(value, standIns) : unknownValue(value, standIns);
};
/** The name of one in some messages, and a message itself in others. */
const wordOrMessage: Redact = (value, standIns) => (typeof value === 'string' ? word : message)(value, standIns);

const FIELDS: Record<Name, Redact> & Record<string, Redact> = {
  accessToken,
  accessTokenReference: reference,
  code,
  clientMetadata: metadata,
  reference: opaque,
  valueDigest: id,
  destination,
  deliveryMedium: oneOf('EMAIL', 'SMS'),
  userPoolId: ofForm(/^[\w-]{1,55}$/),
  sub: ofForm(/^[\w-]{1,128}$/),
  runId: uuid,
  requestId: uuid,
  attributeName: oneOf(...ATTRIBUTE_NAMES),
  alreadySent: message,
  policy: message,
  deadline: duration,
  codeLifetime: duration,
  resendAfter: duration,
  resendCooldown: duration,
  maxSends: number,
  maxAttempts: number,
  confirmation: oneOf('trust', 'recheck'),
  codeFormat: oneOf('sixDigits', 'nonSpace'),
  recordAttribute: flag,
  state: word,
  delivery: message,
  deliveryUncertain: flag,
  sendsLeft: number,
  attemptsLeft: number,
  resendAllowedAt: time,
  retryAt: time,
  allowedAt: time,
  codeExpiresAt: time,
  expiresAt: time,
  at: time,
  sends: message,
  attempts: message,
  outcome: word,
  reason: word,
  result: word,
  confirmedBy: word,
  status: message,
  failure: wordOrMessage,
  type: word,
  message: text,
  attribute: message,
  verified: flag,
  dailyEmailLimit: flag,
  // Of the encoded attributes of a failure, and of the details of an `InvalidRequest`.
  stack_trace: text,
  field: ofText((value) =>
    value.startsWith('clientMetadata.') ? 'clientMetadata.key1' : value.replaceAll(/[^\w.]/g, ''),
  ),
};

/** The stand-in for what a payload holds. */
export function redactMessage(value: unknown, standIns: StandIns): unknown {
  return typeof value === 'string' ? standIns.text(value) : message(value, standIns);
}

function fieldsOf(fields: Record<string, unknown>, standIns: StandIns): Record<string, unknown> {
  let unknown = 0;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const redact = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
      if (redact) return [name, value === undefined ? value : redact(value, standIns)];
      unknown += 1;
      return [`unknown${unknown}`, unknownValue(value, standIns)];
    }),
  );
}

/** Only what kind of a value it is. */
function unknownValue(value: unknown, standIns: StandIns): unknown {
  if (typeof value === 'string') return standIns.opaque(value);
  if (typeof value === 'number') return 0;
  if (Array.isArray(value)) return value.map((entry: unknown) => unknownValue(entry, standIns));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.values(value).map((entry, index) => [`unknown${index + 1}`, unknownValue(entry, standIns)]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
