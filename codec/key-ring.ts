import { createSecretKey, type KeyObject } from 'node:crypto';
import { UnknownKeyError } from './errors.js';

/** A key that seals and opens. It can be printed: a `KeyObject` does not show its bytes. */
export interface EncryptionKey {
  /** Is stored in plain text with each payload that the key has sealed. */
  readonly id: string;
  /** 256 bits, for AES-256-GCM. */
  readonly secret: KeyObject;
  /** Only a data key has it: the key as the key service has wrapped it. Stands beside each payload too. */
  readonly wrapped?: Uint8Array | undefined;
}

/** Where the codec gets its keys. */
export interface KeyRing {
  /** The key that seals. */
  current(): Promise<EncryptionKey>;
  /**
   * The key that opens a payload.
   * @param wrapped the wrapped data key that stands beside the payload, if a data key sealed it
   * @throws UnknownKeyError, KeyServiceError
   */
  find(id: string, wrapped?: Uint8Array): Promise<EncryptionKey>;
  /**
   * Looks whether the keys can still be had where they come from. A process goes on with those that it has, for a while, and no
   * other one can start. Absent where they are in this process only.
   * @throws SettingError, KeyServiceError
   */
  check?(): Promise<void>;
}

/** Length of every key, in bytes. */
export const KEY_BYTES = 32;

/** A random key has about thirty different bytes, and not one of 10^20 has fewer than this. Zeros and digits have. */
const LEAST_DIFFERENT_BYTES = 12;

/** Whether bytes are no random key but something like 32 zeros, which the first guess finds. */
export function isTrivialKey(bytes: Uint8Array): boolean {
  return new Set(bytes).size < LEAST_DIFFERENT_BYTES;
}

/**
 * A key from its bytes.
 * @param wrapped the same key as a key service has wrapped it; default: the key is no data key
 * @throws RangeError if there are not exactly 32 bytes, or if they are nearly all equal
 */
export function encryptionKey(id: string, bytes: Uint8Array, wrapped?: Uint8Array): EncryptionKey {
  if (bytes.byteLength !== KEY_BYTES) {
    throw new RangeError(`A key must have ${KEY_BYTES} bytes; "${id}" has ${bytes.byteLength}.`);
  }
  if (isTrivialKey(bytes)) throw new RangeError(`A key must have ${KEY_BYTES} random bytes; those of "${id}" repeat.`);
  return { id, secret: createSecretKey(bytes), wrapped };
}

/**
 * A ring of keys that are known from the start: the first seals, all open.
 * @throws RangeError if there is no key, or if two have the same id: what one of them seals would never open
 */
export function keyRingOf(...keys: readonly EncryptionKey[]): KeyRing {
  const [first] = keys;
  if (!first) throw new RangeError('A key ring needs a key.');
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size < keys.length) throw new RangeError('The keys of a key ring need different ids.');
  return {
    current: () => Promise.resolve(first),
    find: (id) => {
      const key = byId.get(id);
      return key ? Promise.resolve(key) : Promise.reject(new UnknownKeyError(id, [...byId.keys()]));
    },
  };
}
