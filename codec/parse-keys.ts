/** `id:base64` pairs, as an environment variable or a file holds them. */
import { type EncryptionKey, encryptionKey, isTrivialKey, KEY_BYTES } from './key-ring.js';
import { SettingError } from './setting-error.js';

/** The form of such a text, for the `allowed` of a problem. */
export const KEYS_FORM = `id:key pairs, the key ${KEY_BYTES} bytes in base64, the first to seal and all to open`;

const RANDOM_BYTES = `${KEY_BYTES} random bytes, as openssl rand -base64 ${KEY_BYTES} makes them`;

const ID = /^[\w.-]{1,64}$/;
const BASE64 = /^[\w+/-]+={0,2}$/;
const HEXADECIMAL = /^[\da-f]{64}$/i;

/**
 * Reads `id:base64` pairs, separated by commas or line breaks. Ignores empty lines and lines that begin with `#`.
 * An error names the place of a wrong pair and shows nothing of its text: someone may have swapped the two halves, and
 * then the key stands where the id belongs.
 * @param name the setting, for the error
 * @throws SettingError
 */
export function parseKeys(text: string, name: string): EncryptionKey[] {
  const entries = text
    .split('\n')
    // Before the split at commas: a comment may contain commas, and a comment that disables two keys must disable both.
    .filter((line) => !line.trim().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) throw new SettingError([{ name, found: 'no key', allowed: KEYS_FORM }]);
  const places = new Map<string, number>();
  return entries.map((entry, index) => {
    const refuse = (found: string, allowed = KEYS_FORM) =>
      new SettingError([{ name, found: `key ${index + 1} of ${entries.length} ${found}`, allowed }]);
    const colon = entry.indexOf(':');
    if (colon < 0) throw refuse('without an id');
    const id = entry.slice(0, colon);
    if (!ID.test(id)) throw refuse('with an id of another form', 'ids of 1 to 64 letters, digits and _ . -');
    // Every payload carries the id of its key in plain text.
    if (looksLikeKey(id)) throw refuse('with a key for its id', 'the id first, then the key');
    const other = places.get(id);
    if (other !== undefined) throw refuse(`with the id of key ${other}`, 'each id once');
    places.set(id, index + 1);
    const base64 = entry.slice(colon + 1);
    if (HEXADECIMAL.test(base64)) throw refuse('in hexadecimal digits');
    if (!BASE64.test(base64)) throw refuse('not in base64');
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.byteLength !== KEY_BYTES) throw refuse(`with ${bytes.byteLength} bytes`);
    if (isTrivialKey(bytes)) throw refuse('with bytes that repeat', RANDOM_BYTES);
    return encryptionKey(id, bytes);
  });
}

function looksLikeKey(text: string): boolean {
  return HEXADECIMAL.test(text) || (BASE64.test(text) && Buffer.from(text, 'base64').byteLength === KEY_BYTES);
}
