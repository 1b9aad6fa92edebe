import { readFileSync } from 'node:fs';
import { describeSecretFile, isTrivialKey, KEY_BYTES, SettingError } from '@cognito-verification/codec';

/** The variables that name the key of the pseudonyms. */
export const GUARD_KEY_SETTINGS = {
  key: 'VERIFICATION_GUARD_KEY',
  /** The path of a file with the same text. */
  file: 'VERIFICATION_GUARD_KEY_FILE',
} as const;

const FORM = `${KEY_BYTES} bytes in base64, the same for all workers, and no key of the payloads. This makes one: openssl rand -base64 ${KEY_BYTES}`;

/**
 * The key that the environment names. It is another than the keys that seal, so that their rotation forgets no counter; a new one
 * of these forgets the counters of destinations, and no brake or budget.
 * @param isRequired without a key, processes would not know each other's pseudonyms
 * @throws SettingError
 */
export function guardKeyFromSettings(env: NodeJS.ProcessEnv, isRequired: boolean): Uint8Array | undefined {
  const { key, file } = GUARD_KEY_SETTINGS;
  const text = env[key];
  const path = env[file];
  if (text && path) throw wrong(file, `a value beside ${key}`, 'one of the two');
  if (text) return parseKey(text, key, 'a text');
  if (path) return parseKey(readKeyFile(path), file, describeSecretFile(path));
  if (!isRequired) return undefined;
  throw wrong(key, 'nothing beside VERIFICATION_GUARD_STORE', `${FORM}. Or name a file with it in ${file}`);
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'for an unknown reason';
    const found = `${describeSecretFile(path)} that ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`;
    throw wrong(GUARD_KEY_SETTINGS.file, found, `the path of a file with ${FORM}`);
  }
}

function parseKey(text: string, name: string, source: string): Uint8Array {
  const base64 = text.trim();
  const bytes = /^[\w+/-]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
  if (bytes.byteLength !== KEY_BYTES) throw wrong(name, `${source} that is no such key`, FORM);
  if (isTrivialKey(bytes)) throw wrong(name, `${source} with bytes that repeat`, FORM);
  return bytes;
}

function wrong(name: string, found: string, allowed: string): SettingError {
  return new SettingError([{ name, found, allowed }]);
}
