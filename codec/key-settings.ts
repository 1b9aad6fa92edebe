/** Keys from the environment, from a file, or from AWS KMS: what a deployment sets, read and checked in one place. */
import { fileKeyRing } from './file-key-ring.js';
import { KEY_BYTES, type KeyRing, keyRingOf } from './key-ring.js';
import { kmsKeyRing } from './kms-key-ring.js';
import { KEYS_FORM, KeySettingsError, parseKeys } from './parse-keys.js';

/**
 * The variables that name keys. One key should seal fewer than 2^32 payloads, whose random nonces could meet beyond (NIST SP
 * 800-38D, 8.3): some 150 million verifications, then it is time for another. Those of KMS change by themselves.
 */
export const KEY_SETTINGS = {
  /** `id:base64,id:base64`, 32 bytes each; the first seals, all open. */
  keys: 'VERIFICATION_ENCRYPTION_KEYS',
  /** A file with the same, where a line break does for a comma; read again when it changes. */
  file: 'VERIFICATION_ENCRYPTION_KEYS_FILE',
  /** `arn,arn`: keys of AWS KMS that wrap data keys; the first seals, all open. Before the other two. */
  kms: 'VERIFICATION_ENCRYPTION_KMS_KEYS',
} as const;

/**
 * The key ring that the environment names. Keys of `VERIFICATION_ENCRYPTION_KEYS` or its file open beside those of KMS,
 * so that a deployment can move from the one to the other.
 * @param onProblem is told when keys cannot be renewed, and those of before stay in use: the file has changed and cannot
 *   be read, or KMS gives no other data key
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
  const local = text ? keyRingOf(...parseKeys(text, keys)) : path ? fileKeyRing(path, file, onProblem) : undefined;
  if (kmsKeys) return kmsKeyRing({ keyIds: parseKmsKeys(kmsKeys), onProblem, ...(local ? { older: local } : {}) });
  if (local) return local;
  throw new KeySettingsError([
    {
      name: keys,
      found: 'nothing',
      allowed: `${KEYS_FORM}. Payloads carry access tokens and codes, so nothing runs without a key. One is made by: echo "key-1:$(openssl rand -base64 ${KEY_BYTES})". Or name a file in ${file}, or keys of AWS KMS in ${kms}; a local stack (cognito-verification up) makes its own`,
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
  // Anything else may be a key that belongs into another of the variables.
  const what = id?.startsWith('arn:')
    ? `, ${JSON.stringify(id.slice(0, 120))}, that is not one of a key`
    : ' that is no ARN';
  throw new KeySettingsError([
    {
      name: KEY_SETTINGS.kms,
      found: id === undefined ? 'no ARN' : `entry ${wrong + 1} of ${ids.length}${what}`,
      allowed:
        'ARNs of symmetric keys of AWS KMS (arn:aws:kms:REGION:ACCOUNT:key/ID), separated by commas. No aliases: a payload names its key, and an alias that comes to name another would open nothing any more',
    },
  ]);
}
