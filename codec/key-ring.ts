import { createSecretKey, type KeyObject } from 'node:crypto';
import { UnknownKeyError } from './errors.js';

/** A key that seals and opens. Printing one shows no key: `KeyObject` sees to that. */
export interface EncryptionKey {
  /** Written in plain text beside each payload that it has sealed. */
  readonly id: string;
  /** 256 bits, for AES-256-GCM. */
  readonly secret: KeyObject;
  /** Of a data key: the key itself, as the key service has wrapped it. Written beside each payload too. */
  readonly wrapped?: Uint8Array;
}

/** Where the codec gets its keys. */
export interface KeyRing {
  /** The key that seals. */
  current(): Promise<EncryptionKey>;
  /**
   * The key that opens a payload.
   * @param wrapped what stands beside the payload, if it was sealed with a data key
   * @throws UnknownKeyError, KeyServiceError
   */
  find(id: string, wrapped?: Uint8Array): Promise<EncryptionKey>;
}

/** Length of every key, in bytes. */
export const KEY_BYTES = 32;

/** @throws RangeError when the key has another length than 32 bytes. */
export function encryptionKey(id: string, bytes: Uint8Array, wrapped?: Uint8Array): EncryptionKey {
  if (bytes.byteLength !== KEY_BYTES) {
    throw new RangeError(`A key must have ${KEY_BYTES} bytes; "${id}" has ${bytes.byteLength}.`);
  }
  return { id, secret: createSecretKey(bytes), ...(wrapped ? { wrapped } : {}) };
}

/**
 * A ring of keys that are known from the start: the first seals, all open.
 * @throws RangeError when there is none, or two have one id: what one of them seals would not be opened.
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
