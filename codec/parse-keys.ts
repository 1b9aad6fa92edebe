/** `id:base64` pairs, as an environment variable or a file holds them. */
import { type EncryptionKey, encryptionKey, KEY_BYTES } from './key-ring.js';

/** One wrong setting; `found` never holds a key. */
export interface KeySettingProblem {
  name: string;
  found: string;
  allowed: string;
}

/** The settings name no usable key. Holds no key, nor a part of one. */
export class KeySettingsError extends Error {
  override readonly name = 'KeySettingsError';
  readonly code = 'Configuration';
  constructor(readonly problems: readonly KeySettingProblem[]) {
    super(problems.map(({ name, found, allowed }) => `${name}: found ${found}; allowed: ${allowed}`).join('\n'));
  }
}

/** What such a text must look like, for the `allowed` of a problem. */
export const KEYS_FORM = `id:key pairs, the key ${KEY_BYTES} bytes in base64, the first to seal and all to open`;

const ID = /^[\w.-]{1,64}$/;
const BASE64 = /^[\w+/-]+={0,2}$/;
const HEXADECIMAL = /^[\da-f]{64}$/i;

/**
 * Reads `id:base64` pairs, separated by commas or line breaks; empty lines and lines that begin with `#` are left out.
 * An error tells the place of what is wrong and shows nothing of it: whoever mixes up the two halves of a pair has put
 * a key where the id belongs.
 * @param name the setting, for the error
 * @throws KeySettingsError
 */
export function parseKeys(text: string, name: string): EncryptionKey[] {
  const entries = text
    .split('\n')
    // Before the commas: a comment may have some, and one that takes out two keys must not leave the second in use.
    .filter((line) => !line.trim().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) throw new KeySettingsError([{ name, found: 'no key', allowed: KEYS_FORM }]);
  const places = new Map<string, number>();
  return entries.map((entry, index) => {
    const refuse = (found: string, allowed = KEYS_FORM) =>
      new KeySettingsError([{ name, found: `key ${index + 1} of ${entries.length} ${found}`, allowed }]);
    const colon = entry.indexOf(':');
    if (colon < 0) throw refuse('without an id');
    const id = entry.slice(0, colon);
    if (!ID.test(id)) throw refuse('with an id of another form', 'ids of 1 to 64 letters, digits and _ . -');
    // Ids stand in plain text beside every payload.
    if (looksLikeKey(id)) throw refuse('with a key for its id', 'the id first, then the key');
    const other = places.get(id);
    if (other !== undefined) throw refuse(`with the id of key ${other}`, 'each id once');
    places.set(id, index + 1);
    const base64 = entry.slice(colon + 1);
    if (HEXADECIMAL.test(base64)) throw refuse('in hexadecimal digits');
    if (!BASE64.test(base64)) throw refuse('not in base64');
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.byteLength !== KEY_BYTES) throw refuse(`with ${bytes.byteLength} bytes`);
    return encryptionKey(id, bytes);
  });
}

function looksLikeKey(text: string): boolean {
  return HEXADECIMAL.test(text) || (BASE64.test(text) && Buffer.from(text, 'base64').byteLength === KEY_BYTES);
}
