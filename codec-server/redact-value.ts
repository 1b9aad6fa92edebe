/** How single values are shown by the codec server. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isRecord } from '@cognito-verification/contract';
import { decodeJwt } from 'jose';
import { redactText } from '../log/redact-text.js';

/** Turns a value into what may be seen of it. */
export type Show = (value: unknown) => unknown;

/** Stands where something is hidden. */
export const HIDDEN = '••••••';

/** Nothing but how much there is, where that says something. */
export const hidden: Show = (value) => {
  if (value === null) return null;
  if (Array.isArray(value))
    return value.length === 0 ? value : `${HIDDEN} (${counted(value.length, 'entry', 'entries')})`;
  if (!isRecord(value)) return HIDDEN;
  const length = Object.keys(value).length;
  return length === 0 ? value : `${HIDDEN} (${counted(length, 'entry', 'entries')})`;
};

/** Free text, without the tokens, addresses, numbers and codes that may stand in it. */
export const text: Show = (value) =>
  typeof value === 'string' ? (describeJwt(value) ?? redactText(value)) : hidden(value);

/** A text of a form that holds no secret; any other is hidden. */
export function matching(form: RegExp): Show {
  return (value) => (typeof value === 'string' && form.test(value) ? value : hidden(value));
}

/** A word of a list; any other is hidden. */
export function oneOf(words: readonly string[]): Show {
  return (value) => (typeof value === 'string' && words.includes(value) ? value : hidden(value));
}

/** The entries of a list. */
export function list(show: Show): Show {
  return (value) => (Array.isArray(value) ? value.map((entry) => show(entry)) : hidden(value));
}

/** The fields that are known. Of others not even the name is shown: it may be data. */
export function objectOf(fields: Readonly<Record<string, Show>>): Show {
  return (value) => {
    if (!isRecord(value)) return hidden(value);
    const shown: Record<string, unknown> = {};
    let unknown = 0;
    for (const [name, content] of Object.entries(value)) {
      const show = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (show) shown[name] = show(content);
      else unknown += 1;
    }
    if (unknown > 0) shown[HIDDEN] = `${HIDDEN} (${counted(unknown, 'field', 'fields')})`;
    return shown;
  };
}

/** Whose token it is, until when it lasts, and whether it is the same as another one. */
export const accessToken: Show = (value) =>
  // What is no token may be short enough to be found by trying: it gets no digest.
  (typeof value === 'string' ? describeJwt(value) : undefined) ?? hidden(value);

/** Chosen anew with each start. */
const PROCESS_KEY = randomBytes(32);

/**
 * Tells one value from another that could be found by trying, as the digest of a phone number or the id of a session can
 * be. Comparable until the codec server is started again, and by no other one.
 */
export function pseudonym(what: string): Show {
  return (value) =>
    typeof value === 'string'
      ? `${what} ${createHmac('sha256', PROCESS_KEY).update(value).digest('hex').slice(0, 8)}…`
      : hidden(value);
}

function describeJwt(value: string): string | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) return undefined;
  try {
    const { sub, exp } = decodeJwt(value);
    const whose = sub !== undefined && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(sub) ? ` of ${sub}` : '';
    const expires = typeof exp === 'number' ? new Date(exp * 1000) : undefined;
    const until =
      expires && !Number.isNaN(expires.getTime()) ? `, expires ${expires.toISOString().replace(/\.\d+Z$/, 'Z')}` : '';
    return `access token ${digest(value)}…${whose}${until}`;
  } catch {
    return undefined;
  }
}

/**
 * Without a key, so that every codec server shows the same: the signature in a token is far beyond guessing.
 */
function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 8);
}

function counted(count: number, singular: string, plural: string): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
