/** How the codec server shows single values. */
import { createHash } from 'node:crypto';
import { isRecord, printableLines } from '@cognito-verification/contract';
import { decodeJwt } from 'jose';
import { redactText } from '../log/redact-text.js';

/** Returns what may be seen of a value. */
export type Show = (value: unknown) => unknown;

/** Replaces what is hidden. */
const HIDDEN = '••••••';

/** Hides a value. Only the number of its entries is shown. */
export const hidden: Show = (value) => {
  if (value === null) return null;
  if (Array.isArray(value))
    return value.length === 0 ? value : `${HIDDEN} (${counted(value.length, 'entry', 'entries')})`;
  if (!isRecord(value)) return HIDDEN;
  const length = Object.keys(value).length;
  return length === 0 ? value : `${HIDDEN} (${counted(length, 'entry', 'entries')})`;
};

/** Shows free text without the tokens, addresses, numbers and codes in it. */
export const text: Show = (value) =>
  typeof value === 'string' ? (describeJwt(value) ?? printableLines(redactText(value))) : hidden(value);

/** Shows a text that has a form without secrets, and hides any other value. */
export function matching(form: RegExp): Show {
  return (value) => (typeof value === 'string' && form.test(value) ? value : hidden(value));
}

/** Shows a word of a list, and hides any other value. */
export function oneOf(words: readonly string[]): Show {
  return (value) => (typeof value === 'string' && words.includes(value) ? value : hidden(value));
}

/** Shows each entry of a list. */
export function list(show: Show): Show {
  return (value) => (Array.isArray(value) ? value.map((entry) => show(entry)) : hidden(value));
}

/** Shows the fields that are known. Of the others not even the name is shown, because it may be data. */
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

/**
 * Shows the user of a token, when it expires, and a digest that tells it from other tokens. No other secret gets a digest or
 * a pseudonym: with `/encode` a reader can have guesses shown in the same way, and compare.
 */
export const accessToken: Show = (value) =>
  (typeof value === 'string' ? describeJwt(value) : undefined) ?? hidden(value);

function describeJwt(value: string): string | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) return undefined;
  try {
    const { sub, exp } = decodeJwt(value);
    const whose = sub !== undefined && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(sub) ? ` of ${sub}` : '';
    const expires = typeof exp === 'number' ? new Date(exp * 1000) : undefined;
    const until =
      expires && !Number.isNaN(expires.getTime()) ? `, expires ${expires.toISOString().replace(/\.\d+Z$/, 'Z')}` : '';
    return `access token${digest(value)}${whose}${until}`;
  } catch {
    return undefined;
  }
}

/** The shortest signature of 256 bits, in base64url. */
const UNGUESSABLE = /\.[\w-]{43,}$/;

/** It has no key, so that every codec server shows the same. Without a whole signature the claims could be found by trying. */
function digest(token: string): string {
  return UNGUESSABLE.test(token) ? ` ${createHash('sha256').update(token).digest('hex').slice(0, 8)}…` : '';
}

function counted(count: number, singular: string, plural: string): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
