import { FORMS } from './forms.js';
import { InvalidInputError, object, show } from './input-fields.js';
import { MESSAGE_KINDS } from './names.js';
import type { AskedDigest, Stamp } from './stamp.js';

/** The form of a nonce, a key and a digest in a stamp: 16 to 64 characters of base64url. */
const RANDOM = /^[\w-]{16,64}$/;
/** The name of a message, a slash, and what the client takes as an id; of other clients any printable ASCII. */
const UPDATE_ID = /^[\x21-\x7e]{1,256}$/;

/**
 * Reads the stamp of a message.
 * @param called what the message is called in an error
 * @throws InvalidInputError when it is no object, and naming the first field of the stamp that is wrong.
 */
export function parseStamp(message: unknown, called: string): Stamp {
  const value = object(message, called)['stamp'];
  if (value === undefined) {
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
    throw new InvalidInputError('stamp.proven', `must be true or absent; found ${show(proven)}`);
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
