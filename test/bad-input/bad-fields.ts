/**
 * Invalid values of every field of every message, derived from the contract's own tables: a field that a message gains is in
 * them, and a kind of value that the contract gains does not compile until it has invalid values here.
 */
import {
  BOUNDS,
  isRecord,
  METADATA_BOUNDS,
  parseAwaitDelivery,
  parseCodeConfirmed,
  parseDuration,
  parseRenewAccessToken,
  parseRequest,
  parseResendCode,
  parseSubmitCode,
} from '@cognito-verification/contract';
import { type FieldKind, type Fields, PAYLOADS, type PlainKind } from '@cognito-verification/contract/fields';
import { codeAsSent } from '../../client/typed-code.js';
import { CLAIMS, SUB, TOKEN, tokenOf } from '../sample-token.js';

/** Invalid values by what is wrong with them. */
export interface BadValues {
  readonly type: readonly unknown[];
  /** Too long by one, too many by one, out of range. */
  readonly size: readonly unknown[];
  /** Control, escape and bidirectional characters, and otherwise of another form. */
  readonly form: readonly unknown[];
}

/** Client and command line take a code as people type and paste it; nobody else does. */
export const isTypedCode = (message: unknown): boolean =>
  isRecord(message) &&
  typeof message['code'] === 'string' &&
  message['code'] !== '' &&
  codeAsSent(message['code']) !== message['code'];

/** What a terminal obeys, hides, or reads from right to left. */
const CHARACTERS = ['\u0000', '\u001b[2J', '\u009b31m', '\u202E', '\u2066', '\u200F', '\u2028', '\uFEFF'];
const NO_TEXT = [true, 7, [], {}, ['x']];
const NO_OBJECT = [true, 7, 'x', [], ['x']];
const x = (length: number) => 'x'.repeat(length);
const spoilt = (good: string) => CHARACTERS.map((character) => `${good.slice(0, 3)}${character}${good.slice(3)}`);

const textOf = (good: string, most: number, form: readonly string[] = []): BadValues => ({
  type: NO_TEXT,
  size: [x(most + 1)],
  form: [...spoilt(good), ...form],
});

/** In no message: only the worker writes it. */
const NOT_TAKEN: BadValues = { type: [true, 7, 'x', [], {}], size: [], form: [] };

const PLAIN: Record<PlainKind, BadValues> = {
  accessToken: {
    type: NO_TEXT,
    size: [tokenOf({ ...CLAIMS, more: x(BOUNDS.accessToken) }), ''],
    form: [...spoilt(TOKEN), `Bearer ${TOKEN}`],
  },
  tokenReference: textOf('session-1', BOUNDS.accessTokenReference, ['', 'a b', TOKEN]),
  code: textOf('123456', BOUNDS.code, ['', '123 456']),
  newValue: textOf('zoe@bakery.example', BOUNDS.newValue, ['', 'zoe', 'a b@c', '5555550123']),
  userPoolId: textOf('eu-west-1_AbC', 55, ['', 'a/b']),
  sub: textOf(SUB, 128, ['', 'a/b']),
  destination: textOf('z***@e***', BOUNDS.destination),
  reference: textOf('signup-4711', BOUNDS.reference),
  clientMetadata: {
    type: [...NO_OBJECT, { a: 7 }, { a: {} }, { a: ['b'] }],
    size: [
      { a: x(METADATA_BOUNDS.value + 1) },
      { [x(METADATA_BOUNDS.name + 1)]: 'b' },
      Object.fromEntries(Array.from({ length: METADATA_BOUNDS.entries + 1 }, (_, at) => [`k${at}`, ''])),
      Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`k${at}`, x(METADATA_BOUNDS.value - 8)])),
    ],
    // Any text may go to the triggers of the pool: it is shown nowhere.
    form: [],
  },
  valueDigest: NOT_TAKEN,
  valueSalt: NOT_TAKEN,
  uuid: textOf('0b1f7a52-6c1d-4f43-9d5e-2f9e6a7b8c9d', BOUNDS.previousRunId, ['', x(BOUNDS.previousRunId)]),
  updateId: NOT_TAKEN,
  nonce: NOT_TAKEN,
  time: NOT_TAKEN,
  // `true` and `false` are right for the one flag that a message takes.
  flag: { type: [7, 'x', 'true', [], {}], size: [], form: [] },
  text: NOT_TAKEN,
  failureName: NOT_TAKEN,
  fieldName: NOT_TAKEN,
};

/** The invalid values of a field of this kind. */
export function badOf(field: FieldKind): BadValues {
  if (typeof field === 'string') return PLAIN[field];
  switch (field.kind) {
    case 'duration': {
      const { least, most } = field as unknown as { least: string; most: string };
      const outside = [(parseDuration(least) ?? 0) - 1, (parseDuration(most) ?? 0) + 1, -1, 1e308];
      return { type: [true, [], {}], size: outside, form: ['', 'soon', '1 fortnight', ...spoilt('10 minutes')] };
    }
    case 'count':
      return { type: [true, '3', [], {}], size: [0, field.most + 1, -1, 1e308], form: [1.5] };
    case 'choice': {
      const [word = ''] = field.words;
      return { type: NO_TEXT, size: [x(1_000)], form: ['maybe', `${word} `, ...spoilt(word)] };
    }
    case 'message': {
      const nested = badFields(field.fields);
      const of = (kind: keyof BadValues) =>
        nested.flatMap(([name, bad]) => bad[kind].map((value) => ({ [name]: value })));
      return { type: [...NO_OBJECT, { unknown: 1 }, ...of('type')], size: of('size'), form: of('form') };
    }
    case 'word':
    case 'messages':
      return NOT_TAKEN;
    default:
      return field satisfies never;
  }
}

function badFields(fields: Fields): [name: string, bad: BadValues][] {
  return Object.entries(fields).map(([name, kind]) => [name, badOf(kind)]);
}

/** A message: how the contract reads it, and one that is right and has each of its fields. */
interface Message {
  readonly parse: (input: unknown) => unknown;
  readonly good: Readonly<Record<string, unknown>>;
}

const REFERENCE = { accessTokenReference: 'session-1' };
const ALREADY_SENT = { destination: 'z***@e***', deliveryMedium: 'EMAIL' };

export const MESSAGES = {
  request: {
    parse: parseRequest,
    good: {
      ...REFERENCE,
      userPoolId: 'eu-west-1_AbC',
      sub: SUB,
      attributeName: 'email',
      alreadySent: ALREADY_SENT,
      clientMetadata: { locale: 'de' },
      policy: { deadline: '1 hour', codeLifetime: 600_000, resendAfter: '2 minutes', maxSends: 2, maxAttempts: 3 },
    },
  },
  awaitDelivery: {
    parse: (input) => parseAwaitDelivery(input, 'email'),
    good: {
      ...REFERENCE,
      alreadySent: ALREADY_SENT,
      clientMetadata: { locale: 'de' },
      policy: { deadline: '1 hour', maxSends: 2 },
    },
  },
  submitCode: { parse: (input) => parseSubmitCode(input), good: { ...REFERENCE, code: '123456' } },
  resendCode: { parse: parseResendCode, good: { ...REFERENCE, clientMetadata: { locale: 'de' } } },
  renewAccessToken: { parse: parseRenewAccessToken, good: REFERENCE },
  codeConfirmed: {
    // As the client reads it: the workflow leaves a wrong token out, since the sender of a signal cannot be told.
    parse: (input) => {
      const parsed = parseCodeConfirmed(input);
      if (parsed.ignored) throw parsed.ignored;
      return parsed;
    },
    good: { ...REFERENCE, reference: 'signup-4711' },
  },
} as const satisfies Record<string, Message>;

export type MessageName = keyof typeof MESSAGES;

/** One invalid message. */
export interface BadMessage {
  readonly message: MessageName;
  readonly field: string;
  readonly wrong: keyof BadValues;
  readonly input: Record<string, unknown>;
}

/** A right message but for this field. A token takes the place of what names its user otherwise. */
export function withField(message: MessageName, field: string, value: unknown): Record<string, unknown> {
  const good: Record<string, unknown> = { ...MESSAGES[message].good };
  if (field === 'accessToken') for (const name of ['accessTokenReference', 'userPoolId', 'sub']) delete good[name];
  return { ...good, [field]: value };
}

/** Whether the message has the field; every other field is refused by its name. */
export function takes(message: MessageName, field: string): boolean {
  try {
    MESSAGES[message].parse(withField(message, field, null));
    return true;
  } catch (error) {
    return !String(error).includes('is not a field of');
  }
}

/** Every field of every message with each of its invalid values. */
export const BAD_MESSAGES: readonly BadMessage[] = Object.keys(MESSAGES).flatMap((name) => {
  const message = name as MessageName;
  return badFields(PAYLOADS.input).flatMap(([field, bad]) => {
    // One value says that a message does not have the field.
    const values = takes(message, field) ? bad : { type: bad.type.slice(0, 1), size: [], form: [] };
    return (['type', 'size', 'form'] as const).flatMap((wrong) =>
      values[wrong].map((value) => ({ message, field, wrong, input: withField(message, field, value) })),
    );
  });
});

/** The name of an invalid message in a report. */
export function nameOf({ message, field, wrong, input }: BadMessage): string {
  return `${message}.${field} (${wrong}): ${JSON.stringify(input[field])?.slice(0, 60)}`;
}

/** One for each message, field (also within a field) and kind of mistake, for what is slow. */
export const FEW_BAD_MESSAGES: readonly BadMessage[] = [
  ...new Map(
    BAD_MESSAGES.map((bad) => {
      const value = bad.input[bad.field];
      const within =
        PAYLOADS.input[bad.field as 'policy'].kind === 'message' ? Object.keys(Object(value)).join(' ') : '';
      return [`${bad.message} ${bad.field} ${within} ${bad.wrong}`, bad] as const;
    }),
  ).values(),
];
