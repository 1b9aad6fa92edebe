/**
 * What may be seen of a verification without the permission to reveal. The contract says what kind of value each field holds;
 * this says how each kind is shown. A field that the contract does not have is hidden together with its name.
 */
import {
  CALL_FAILURE_TYPES,
  FAILURE_TYPES,
  HELD_REASONS,
  isRecord,
  POLICY_FIELDS,
  PROOF_FAILURE_TYPES,
  parseDuration,
  REFUSED_REASONS,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import { type FieldKind, type Fields, FORMS, PAYLOADS, type PlainKind } from '@cognito-verification/contract/fields';
import { accessToken, hidden, list, matching, objectOf, oneOf, type Show, text } from './redact-value.js';

const OUR_FAILURES: readonly unknown[] = [
  'Error',
  ...Object.values(FAILURE_TYPES),
  ...Object.values(CALL_FAILURE_TYPES),
  ...Object.values(PROOF_FAILURE_TYPES),
  ...HELD_REASONS,
  ...REFUSED_REASONS,
];
/** The names that Cognito, the network and TLS give to failures. */
const failureName = matching(
  /^(?:[A-Z][A-Za-z]{1,70}(?:Exception|Error|Failure|Fault)|E[A-Z]{2,}(?:_[A-Z\d]+)*|(?:ERR|CERT|UNABLE|SELF|DEPTH)_[A-Z\d_]{3,60}|HTTP \d{3})$/,
);

const uuid = matching(FORMS.uuid);
const SHOWN: Record<PlainKind, Show> = {
  accessToken,
  code: hidden,
  newValue: hidden,
  // It may be a short id of a session, and could be found by trying.
  tokenReference: hidden,
  clientMetadata: hidden,
  reference: text,
  // A number has few digits. Whatever is shown of its digest, a keyed digest of that too, tells a right guess from wrong ones.
  valueDigest: hidden,
  valueSalt: hidden,
  // Any text that Cognito has not masked is free text.
  destination: (value) => (typeof value === 'string' && FORMS.destination.test(value) ? value : text(value)),
  // As Cognito makes them. The contract also takes those of other endpoints, which may hold anything.
  userPoolId: matching(/^[a-z][a-z\d-]{0,30}_[\dA-Za-z]{1,40}$/),
  sub: uuid,
  uuid,
  // With the random id that our client makes. What a caller chose may be anything.
  updateId: matching(/^[A-Za-z]{1,40}\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
  nonce: hidden,
  time: matching(FORMS.time),
  flag: (value) => (typeof value === 'boolean' ? value : hidden(value)),
  text,
  failureName: (value) => (OUR_FAILURES.includes(value) ? value : failureName(value)),
  // As in `policy.maxSends`. It has no digits, since no field has any.
  fieldName: matching(/^[A-Za-z]{1,40}(?:\.[A-Za-z]{1,40})?$/),
};

const durationText = matching(
  /^\d{1,5}(?:\.\d{1,2})? ?(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/i,
);
const LONGEST_MS = parseDuration(POLICY_FIELDS.deadline.most) ?? 0;
/** Whole seconds in milliseconds, or as in `10 minutes`: other numbers may be a code. */
const duration: Show = (value) => (typeof value === 'number' ? bounded(value, LONGEST_MS, 1_000) : durationText(value));

function bounded(value: unknown, most: number, step: number): unknown {
  const plausible = typeof value === 'number' && value >= 0 && value <= most && value % step === 0;
  return plausible ? value : hidden(value);
}

function showOf(field: FieldKind): Show {
  if (typeof field === 'string') return SHOWN[field];
  switch (field.kind) {
    case 'duration':
      return duration;
    case 'count':
      return (value) => bounded(value, field.most, 1);
    case 'choice':
    case 'word':
      return oneOf(field.words);
    case 'message':
      return fieldsOf(field.fields);
    case 'messages':
      return list(fieldsOf(field.fields));
    default:
      return field satisfies never;
  }
}

function fieldsOf(fields: Fields): Show {
  return objectOf(Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, showOf(kind)])));
}

const definition = objectOf({ name: text, description: text });
/** The answer to Temporal's own query for the page of a workflow. */
const workflowMetadata = objectOf({
  definition: objectOf({
    type: oneOf([WORKFLOW_TYPE]),
    description: text,
    queryDefinitions: list(definition),
    signalDefinitions: list(definition),
    updateDefinitions: list(definition),
  }),
  currentDetails: text,
});

const isOneOf = (words: readonly string[], value: unknown) => words.includes(String(value));

/** What a payload holds, and how to recognize it. The first entry that applies is used. */
const MESSAGES: readonly { is: (value: Record<string, unknown>) => boolean; show: Show }[] = [
  {
    is: ({ message, stack_trace: stack }) => typeof message === 'string' && stack !== undefined,
    show: fieldsOf(PAYLOADS.failureAttributes),
  },
  { is: (value) => isRecord(value['definition']), show: workflowMetadata },
  {
    is: ({ result, status }) => typeof result === 'string' && isRecord(status),
    show: fieldsOf(PAYLOADS.submitCodeAnswer),
  },
  {
    is: ({ state, expiresAt }) => typeof state === 'string' && typeof expiresAt === 'string',
    show: fieldsOf(PAYLOADS.status),
  },
  { is: ({ outcome }) => isOneOf(PAYLOADS.outcome.outcome.words, outcome), show: fieldsOf(PAYLOADS.outcome) },
  {
    is: ({ delivery, alreadyVerified }) => isRecord(delivery) || alreadyVerified === true,
    show: fieldsOf(PAYLOADS.sendCodeResult),
  },
  { is: ({ accepted }) => accepted === true, show: fieldsOf(PAYLOADS.verifyCodeResult) },
  { is: ({ notCalled }) => notCalled === true, show: fieldsOf(PAYLOADS.notCalled) },
  {
    is: ({ salt, userPoolId }) => salt !== undefined && userPoolId === undefined,
    show: fieldsOf(PAYLOADS.readAttributeResult),
  },
  {
    is: ({ sends, attempts }) => Array.isArray(sends) && Array.isArray(attempts),
    show: fieldsOf(PAYLOADS.countEarlierCallsResult),
  },
  { is: ({ failure }) => typeof failure === 'string', show: fieldsOf(PAYLOADS.callFailure) },
  {
    is: ({ reason }) => isOneOf(PAYLOADS.resendRefusal.reason.words, reason),
    show: fieldsOf(PAYLOADS.resendRefusal),
  },
  { is: ({ field }) => typeof field === 'string', show: fieldsOf(PAYLOADS.invalidRequest) },
  { is: ({ retryAt }) => typeof retryAt === 'string', show: fieldsOf(PAYLOADS.tooManyMessages) },
  {
    is: (value) => Object.keys(value).some((name) => Object.hasOwn(PAYLOADS.input, name)),
    show: fieldsOf(PAYLOADS.input),
  },
];

/** Shows what a payload holds. A payload that is no message of a verification is hidden whole. */
export const showMessage: Show = (value) => {
  if (typeof value === 'string') return text(value);
  if (!isRecord(value) || Object.keys(value).length === 0) return hidden(value);
  return (MESSAGES.find(({ is }) => is(value))?.show ?? hidden)(value);
};
