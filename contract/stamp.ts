/**
 * What each message says about itself, as a field of its value and so under its seal: what it is, for which run and which
 * update, and when it was sent. A service in another language writes it too. Somebody who may write to the namespace and has
 * no key can send again what they have seen there, and cannot change what it says.
 */
import { FORMS } from './forms.js';
import { InvalidInputError, object, show } from './input-fields.js';
import { MESSAGE_KINDS, type MessageKind } from './names.js';

/** Only `kind` and `at` are in every stamp. */
export interface Stamp {
  /** The name of the message; of the request the workflow type. */
  kind: MessageKind;
  /**
   * The id of the update, as Temporal has it. Required in an update. A request may have that of the `awaitDelivery` that comes
   * with it, so that its answer can say whether the start joined.
   */
  id?: string | undefined;
  /** When it was sent, by the sender's clock: ISO 8601 in UTC, with a `Z` at its end. */
  at: string;
  /**
   * The first run id of the verification that it is for. A sender that knows it says so: the message then counts in no
   * other verification. Required in a `codeConfirmed` that the policy trusts. Default: any verification that has not been
   * started after `at`.
   */
  runId?: string | undefined;
  /** Random, for this one question. Required in a query, whose answer repeats it, and in no other message. */
  nonce?: string | undefined;
  /** What an update asks for. Its answer repeats that of the first message with the same id. Default: the sender does not compare. */
  asked?: AskedDigest | undefined;
  /** The sender has checked the signature of the access token in the message. Default: it has not. */
  proven?: true | undefined;
}

/** What a message asks for, apart from its token, as only the sender can recompute it. */
export interface AskedDigest {
  /** Random, and of this message alone. Of the form of a nonce. */
  key: string;
  /** HMAC-SHA256, keyed with the text of `key`; base64url without padding. */
  digest: string;
}

/** A message as it crosses Temporal. */
export type Stamped<Message> = Message & { stamp: Stamp };

/** The form of a nonce, a key and a digest in a stamp: 16 to 64 characters of base64url. */
const RANDOM = /^[\w-]{16,64}$/;
/** The name of a message, a slash, and what the client takes as an id; of other clients any printable ASCII. */
const UPDATE_ID = /^[\x21-\x7e]{1,256}$/;

/**
 * Reads a stamp.
 * @throws InvalidInputError naming the first field that is wrong.
 */
export function parseStamp(value: unknown): Stamp {
  if (value === undefined || value === null) {
    throw new InvalidInputError(
      'stamp',
      'is missing: each message says { kind, at } under its seal, an update its id too, and a query a nonce',
    );
  }
  const fields = object(value, 'stamp', ['kind', 'id', 'at', 'runId', 'nonce', 'asked', 'proven'], 'stamp.');
  const kind = MESSAGE_KINDS.find((name) => name === fields['kind']);
  if (!kind) {
    throw new InvalidInputError(
      'stamp.kind',
      `must be one of ${MESSAGE_KINDS.join(', ')}; found ${kindFound(fields['kind'])}`,
    );
  }
  const { at } = fields;
  if (typeof at !== 'string' || !FORMS.time.test(at) || Number.isNaN(Date.parse(at))) {
    throw new InvalidInputError('stamp.at', `must be a time as in 2026-01-31T23:59:59.999Z; found ${kindFound(at)}`);
  }
  const { proven } = fields;
  if (proven !== undefined && proven !== true) {
    throw new InvalidInputError('stamp.proven', `must be true where it is there; found ${show(proven)}`);
  }
  return {
    kind,
    id: optional(
      fields['id'],
      'stamp.id',
      UPDATE_ID,
      'an update id: 1 to 256 printable ASCII characters without spaces',
    ),
    at,
    runId: optional(fields['runId'], 'stamp.runId', FORMS.uuid, 'the id of a run: a UUID'),
    nonce: optional(fields['nonce'], 'stamp.nonce', RANDOM, RANDOM_TEXT),
    asked: askedDigest(fields['asked']),
    proven,
  };
}

const RANDOM_TEXT = 'a text of 16 to 64 characters of base64url';

function askedDigest(value: unknown): AskedDigest | undefined {
  if (value === undefined) return undefined;
  const fields = object(value, 'stamp.asked', ['key', 'digest'], 'stamp.asked.');
  return {
    key: required(fields['key'], 'stamp.asked.key', RANDOM, RANDOM_TEXT),
    digest: required(fields['digest'], 'stamp.asked.digest', RANDOM, RANDOM_TEXT),
  };
}

function optional(value: unknown, field: string, form: RegExp, what: string): string | undefined {
  return value === undefined ? undefined : required(value, field, form, what);
}

function required(value: unknown, field: string, form: RegExp, what: string): string {
  if (typeof value === 'string' && form.test(value)) return value;
  throw new InvalidInputError(field, `must be ${what}; found ${kindFound(value)}`);
}

/** Not the value: it may be a secret in the wrong field. */
function kindFound(value: unknown): string {
  return typeof value === 'string' ? 'a text of another form' : show(value);
}

/** A message without its stamp, for the parsers, and the stamp. What is no object has none, and the parsers refuse it. */
export function unstamped(input: unknown): { message: unknown; stamp: unknown } {
  if (typeof input !== 'object' || input === null || Array.isArray(input) || input instanceof Error) {
    return { message: input, stamp: undefined };
  }
  const { stamp, ...message } = input as Record<string, unknown>;
  return { message, stamp };
}
