/**
 * What becomes of each field of each message when a history is redacted. The contract says what kind of value a field holds;
 * this says what each kind becomes. A field that the contract does not have keeps neither its name nor its value.
 */
import { isRecord, SUB_FORM, USER_POOL_ID_FORM } from '@cognito-verification/contract';
import {
  type FieldKind,
  type Fields,
  type FieldsOf,
  FORMS,
  PAYLOADS,
  type PlainKind,
} from '@cognito-verification/contract/fields';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { FailureDetails } from '../activities/call-failure.js';
import type {
  AlreadyVerified,
  Answer,
  MaybeLate,
  NotCalled,
  ReadAttributeInput,
  SendCodeInput,
  SendCodeResult,
  VerifyCodeInput,
  VerifyCodeResult,
} from '../activities/cognito.js';
import type { CountEarlierCallsInput, CountEarlierCallsResult } from '../activities/earlier-calls.js';
import type { StandIns } from './stand-ins.js';

/** Turns a value into its stand-in. */
type Redact = (value: unknown, standIns: StandIns) => unknown;

/** Does not compile while a payload of an activity has a field that the contract's tables do not have. */
const PAYLOADS_OF_ALL: Record<string, Fields> = PAYLOADS satisfies {
  input: FieldsOf<SendCodeInput | VerifyCodeInput | ReadAttributeInput | CountEarlierCallsInput>;
  sendCodeResult: FieldsOf<SendCodeResult | AlreadyVerified>;
  verifyCodeResult: FieldsOf<VerifyCodeResult>;
  readAttributeResult: FieldsOf<AttributeSnapshot & Answer & MaybeLate>;
  notCalled: FieldsOf<NotCalled>;
  countEarlierCallsResult: FieldsOf<CountEarlierCallsResult>;
  callFailure: FieldsOf<FailureDetails<string>>;
};

const ofText =
  (redact: (text: string, standIns: StandIns) => string): Redact =>
  (value, standIns) =>
    typeof value === 'string' ? redact(value, standIns) : unknownValue(value, standIns);
/** A text of the form stays. Any other was refused, and its stand-in is refused too. */
const ofForm = (form: RegExp): Redact => ofText((text, standIns) => (form.test(text) ? text : standIns.opaque(text)));

const word = ofForm(/^[A-Za-z]\w{0,79}$/);
/** A phone number in the wrong field is a number too. */
const MOST = 1e9;
const number: Redact = (value, standIns) =>
  typeof value === 'number' ? Math.min(value, MOST) : unknownValue(value, standIns);
const durationText = ofForm(/^\d[\d.]{0,9} ?[a-z]{1,12}$/i);
const message: Redact = (value, standIns) => {
  if (Array.isArray(value)) return value.map((entry: unknown) => message(entry, standIns));
  return isRecord(value) ? fieldsOf(value, standIns) : unknownValue(value, standIns);
};

const PLAIN: Record<PlainKind, Redact> = {
  accessToken: ofText((token, standIns) => standIns.token(token)),
  code: ofText((value, standIns) => standIns.code(value)),
  newValue: ofText((value, standIns) => standIns.newValue(value)),
  // The stand-in for a token in the wrong field, or for what is no reference, is refused as the original was.
  tokenReference: ofText((value, standIns) =>
    /^[\x21-\x7e]{1,512}$/.test(value) && !/^(Bearer)?eyJ/.test(value) ? standIns.id(value) : standIns.keep(value, ''),
  ),
  clientMetadata: (value, standIns) =>
    isRecord(value)
      ? Object.fromEntries(
          Object.values(value).map((entry, index) => [
            `key${index + 1}`,
            typeof entry === 'string' ? standIns.opaque(entry) : unknownValue(entry, standIns),
          ]),
        )
      : unknownValue(value, standIns),
  reference: ofText((value, standIns) => standIns.opaque(value)),
  valueDigest: ofText((value, standIns) => standIns.id(value)),
  valueSalt: ofText((value, standIns) => standIns.id(value)),
  destination: ofForm(FORMS.destination),
  userPoolId: ofForm(USER_POOL_ID_FORM),
  sub: ofForm(SUB_FORM),
  uuid: ofForm(FORMS.uuid),
  updateId: ofText((id, standIns) => standIns.updateId(id)),
  nonce: ofText((value, standIns) => standIns.id(value)),
  time: ofForm(FORMS.time),
  flag: (value, standIns) => (typeof value === 'boolean' ? value : unknownValue(value, standIns)),
  text: ofText((value, standIns) => standIns.text(value)),
  failureName: word,
  fieldName: ofText((value) =>
    value.startsWith('clientMetadata.') ? 'clientMetadata.key1' : value.replaceAll(/[^\w.]/g, ''),
  ),
};

function redactOf(field: FieldKind): Redact {
  if (typeof field === 'string') return PLAIN[field];
  switch (field.kind) {
    case 'duration':
      return (value, standIns) => (typeof value === 'number' ? number : durationText)(value, standIns);
    case 'count':
      return number;
    case 'choice':
      return ofText((text, standIns) => (field.words.includes(text) ? text : standIns.opaque(text)));
    case 'word':
      // A history of another build may have words that this one does not know.
      return word;
    case 'message':
    case 'messages':
      return message;
    default:
      return field satisfies never;
  }
}

/** By name alone, because a history may hold messages of any shape: a name means the same in every message but for one. */
const FIELDS: ReadonlyMap<string, Redact> = new Map([
  ...Object.values(PAYLOADS_OF_ALL).flatMap(redactsIn),
  // The name of a failure in some messages, and a message itself in others.
  ['failure', (value, standIns) => (typeof value === 'string' ? word : message)(value, standIns)],
]);

function redactsIn(fields: Fields): [string, Redact][] {
  return Object.entries(fields).flatMap(([name, field]) => [
    [name, redactOf(field)],
    ...(typeof field !== 'string' && 'fields' in field ? redactsIn(field.fields) : []),
  ]);
}

/** The stand-in for what a payload holds. */
export function redactMessage(value: unknown, standIns: StandIns): unknown {
  return typeof value === 'string' ? standIns.text(value) : message(value, standIns);
}

function fieldsOf(fields: Record<string, unknown>, standIns: StandIns): Record<string, unknown> {
  let unknown = 0;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const redact = FIELDS.get(name);
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
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.values(value).map((entry, index) => [`unknown${index + 1}`, unknownValue(entry, standIns)]),
  );
}
