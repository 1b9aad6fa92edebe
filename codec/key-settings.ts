/** Keys from the environment, from a file, or from AWS KMS: what a deployment sets, read and checked in one place. */
import { readFileSync, statSync } from 'node:fs';
import { UnknownKeyError } from './errors.js';
import { type EncryptionKey, encryptionKey, KEY_BYTES, type KeyRing, keyRingOf } from './key-ring.js';
import { kmsKeyRing } from './kms-key-ring.js';

/** The variables that name keys. */
export const KEY_SETTINGS = {
  /** `id:base64,id:base64`, 32 bytes each; the first seals, all open. */
  keys: 'VERIFICATION_ENCRYPTION_KEYS',
  /** A file with the same, where a line break does for a comma; read again when it changes. */
  file: 'VERIFICATION_ENCRYPTION_KEYS_FILE',
  /** `arn,arn`: keys of AWS KMS that wrap data keys; the first seals, all open. Before the other two. */
  kms: 'VERIFICATION_ENCRYPTION_KMS_KEYS',
} as const;

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

const FORM = `id:key pairs, the key ${KEY_BYTES} bytes in base64, the first to seal and all to open`;

/**
 * The key ring that the environment names. Keys of `VERIFICATION_ENCRYPTION_KEYS` or its file open beside those of KMS,
 * so that a deployment can move from the one to the other.
 * @param onProblem is told when the file has changed and cannot be read any more; the keys of before stay in use
 * @throws KeySettingsError
 */
export function keyRingFromSettings(
  environment: NodeJS.ProcessEnv = process.env,
  onProblem: (problem: string) => void = () => undefined,
): KeyRing {
  const { keys, file, kms } = KEY_SETTINGS;
  const text = environment[keys];
  const path = environment[file];
  const kmsKeys = environment[kms];
  if (text && path) {
    throw new KeySettingsError([{ name: file, found: `a value beside ${keys}`, allowed: 'one of the two' }]);
  }
  const local = text ? keyRingOf(...parseKeys(text, keys)) : path ? fileKeyRing(path, onProblem) : undefined;
  if (kmsKeys) return kmsKeyRing({ keyIds: parseKmsKeys(kmsKeys), ...(local ? { older: local } : {}) });
  if (local) return local;
  throw new KeySettingsError([
    {
      name: keys,
      found: 'nothing',
      allowed: `${FORM}. Payloads carry access tokens and codes, so nothing runs without a key. One is made by: echo "key-1:$(openssl rand -base64 ${KEY_BYTES})". Or name a file in ${file}, or keys of AWS KMS in ${kms}; a local stack (cognito-verification up) makes its own`,
    },
  ]);
}

/**
 * Reads `id:base64` pairs, separated by commas or line breaks; empty lines and `#` comments are left out.
 * @param name the setting, for the error
 * @throws KeySettingsError
 */
export function parseKeys(text: string, name: string): EncryptionKey[] {
  const refuse = (found: string, allowed = FORM) => new KeySettingsError([{ name, found, allowed }]);
  const entries = text
    .split(/[\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'));
  if (entries.length === 0) throw refuse('no key');
  const seen = new Set<string>();
  return entries.map((entry, index) => {
    const which = `key ${index + 1} of ${entries.length}`;
    const colon = entry.indexOf(':');
    // Without a colon the whole may be a key: nothing of it is shown.
    if (colon < 0) throw refuse(`${which} without an id`);
    const id = entry.slice(0, colon);
    if (!/^[\w.-]{1,64}$/.test(id))
      throw refuse(`${which} with an id of another form`, 'ids of 1 to 64 letters, digits and _ . -');
    if (seen.has(id)) throw refuse(`the id ${id} twice`);
    seen.add(id);
    const base64 = entry.slice(colon + 1);
    if (!/^[\w+/-]+={0,2}$/.test(base64)) throw refuse(`the key ${id} not in base64`);
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.byteLength !== KEY_BYTES) throw refuse(`the key ${id} with ${bytes.byteLength} bytes`);
    return encryptionKey(id, bytes);
  });
}

/** How often a file is looked at for a change, at most. */
const LOOK_INTERVAL_MS = 5_000;

/** A rotation reaches every process that reads the file, without a restart. */
function fileKeyRing(path: string, onProblem: (problem: string) => void): KeyRing {
  const name = KEY_SETTINGS.file;
  let { ring, version } = readKeyFile(path, name);
  let lookedAt = performance.now();

  const look = (): void => {
    lookedAt = performance.now();
    try {
      if (versionOf(path) !== version) ({ ring, version } = readKeyFile(path, name));
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return {
    current: async () => {
      if (performance.now() - lookedAt > LOOK_INTERVAL_MS) look();
      return await ring.current();
    },
    find: async (id) => {
      try {
        return await ring.find(id);
      } catch (error) {
        if (!(error instanceof UnknownKeyError)) throw error;
        // Another process has read the new file already and seals with it.
        look();
        return await ring.find(id);
      }
    },
  };
}

function readKeyFile(path: string, name: string): { ring: KeyRing; version: string } {
  try {
    return { version: versionOf(path), ring: keyRingOf(...parseKeys(readFileSync(path, 'utf8'), name)) };
  } catch (error) {
    if (error instanceof KeySettingsError) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    const found = `${JSON.stringify(path)}, which cannot be read${code}`;
    throw new KeySettingsError([{ name, found, allowed: `the path of a file with ${FORM}` }]);
  }
}

function versionOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}

const KMS_ARN = /^arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)\/[\w/-]+$/;

function parseKmsKeys(text: string): string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const wrong = ids.find((id) => !KMS_ARN.test(id));
  if (wrong !== undefined || ids.length === 0) {
    throw new KeySettingsError([
      {
        name: KEY_SETTINGS.kms,
        found: JSON.stringify((wrong ?? text).slice(0, 80)),
        allowed: 'ARNs of symmetric keys of AWS KMS, or of their aliases, separated by commas',
      },
    ]);
  }
  return ids;
}
