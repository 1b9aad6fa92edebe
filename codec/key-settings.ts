/** Keys from the environment, from a file, or from AWS KMS. */
import { fileKeyRing } from './file-key-ring.js';
import { KEY_BYTES, type KeyRing, keyRingOf } from './key-ring.js';
import { kmsKeyRing } from './kms-key-ring.js';
import { KEYS_FORM, parseKeys } from './parse-keys.js';
import { SettingError } from './setting-error.js';

/**
 * The variables that name keys. One key should seal fewer than 2^32 payloads: beyond that, two random nonces may be equal
 * (NIST SP 800-38D, 8.3). That is about 150 million verifications. Data keys of KMS change by themselves.
 */
export const KEY_SETTINGS = {
  /** `id:base64,id:base64`, 32 bytes each; the first seals, all open. */
  keys: 'VERIFICATION_ENCRYPTION_KEYS',
  /** The path of a file with the same text, which may have line breaks instead of commas; read again when it changes. */
  file: 'VERIFICATION_ENCRYPTION_KEYS_FILE',
  /** `arn,arn`: keys of AWS KMS that wrap data keys; the first seals, all open. Takes precedence over the other two. */
  kms: 'VERIFICATION_ENCRYPTION_KMS_KEYS',
} as const;

/**
 * The key ring that the environment names. Where KMS seals, the keys of `VERIFICATION_ENCRYPTION_KEYS` or of its file
 * still open, so that a deployment can move from one to the other.
 * @param onProblem receives a sentence when keys cannot be renewed and the previous ones stay in use: the file has changed
 *   and cannot be read, or KMS returns no new data key
 * @throws SettingError
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
    throw new SettingError([{ name: file, found: `a value beside ${keys}`, allowed: 'one of the two' }]);
  }
  const local = text ? keyRingOf(...parseKeys(text, keys)) : path ? fileKeyRing(path, file, onProblem) : undefined;
  if (kmsKeys) return kmsKeyRing({ keyIds: parseKmsKeys(kmsKeys), onProblem, older: local });
  if (local) return local;
  throw new SettingError([
    {
      name: keys,
      found: 'nothing',
      allowed: `${KEYS_FORM}. Payloads carry access tokens and codes, so nothing runs without a key. This makes one: echo "key-1:$(openssl rand -base64 ${KEY_BYTES})". Or name a file in ${file}, or keys of AWS KMS in ${kms}; a local stack (npm start in a clone) makes its own, which a shell in the clone gets by: . .stack/env`,
    },
  ]);
}

const KMS_ARN = /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/;

function parseKmsKeys(text: string): string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const wrong = ids.findIndex((id) => !KMS_ARN.test(id));
  if (wrong < 0 && ids.length > 0) return ids;
  const id = ids[wrong];
  // Anything else may be a key that belongs in one of the other variables, so it is not shown.
  const what = id?.startsWith('arn:')
    ? `, ${JSON.stringify(id.slice(0, 120))}, that is not one of a key`
    : ' that is no ARN';
  throw new SettingError([
    {
      name: KEY_SETTINGS.kms,
      found: id === undefined ? 'no ARN' : `entry ${wrong + 1} of ${ids.length}${what}`,
      allowed:
        'ARNs of symmetric keys of AWS KMS (arn:aws:kms:REGION:ACCOUNT:key/ID), separated by commas. No aliases: a payload names its key, and once an alias names another key, it opens nothing',
    },
  ]);
}
