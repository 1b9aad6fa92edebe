/**
 * The envelope of Temporal's published codec samples: metadata `encoding: binary/encrypted` and `encryption-key-id`;
 * data is nonce (12 bytes), ciphertext of the whole payload, tag (16 bytes). Go, Java, Python and TypeScript write this
 * order; the .NET sample puts the tag before the ciphertext. Both are opened.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, SerializationContext } from '@temporalio/common';
import { PayloadRefusedError } from './errors.js';
import type { EncryptionKey, KeyRing } from './key-ring.js';
import { decodePayload, encodePayload } from './payload-message.js';
import type { Provenance } from './provenance.js';

const ENCODING = 'encoding';
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const WRAPPED_KEY = 'encryption-wrapped-key';
/**
 * In the metadata under the seal: the workflow or activity that the payload is for. Temporal's samples do not know this
 * entry and ignore it; a payload without it counts as one of theirs.
 */
const SEALED_FOR = 'sealed-for';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PLACE_BYTES = 16;
/** Says which facts `digestOf` hashes. Other facts need another number, so that earlier payloads still open. */
const PLACE_VERSION = 1;

/**
 * Seals a whole payload, with its metadata.
 * @param place the workflow or activity that it is for: anywhere else it is refused. Default: it opens anywhere
 */
export function seal(payload: Payload, key: EncryptionKey, place?: SerializationContext): Payload {
  const inner: Record<string, Uint8Array> = { ...payload.metadata };
  const digest = place && digestOf(place);
  if (digest) inner[SEALED_FOR] = digest;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.secret, nonce);
  const data = Buffer.concat([
    nonce,
    cipher.update(encodePayload({ ...payload, metadata: inner })),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const metadata: Record<string, Uint8Array> = {
    [ENCODING]: Buffer.from(ENCRYPTED),
    [KEY_ID]: Buffer.from(key.id),
  };
  if (key.wrapped) metadata[WRAPPED_KEY] = key.wrapped;
  return { metadata, data };
}

/** Whether a payload claims to be sealed; only opening it proves that. */
export function isSealed(payload: Payload): boolean {
  return textOf(payload.metadata?.[ENCODING]) === ENCRYPTED;
}

/** An opened payload, and what its seal says. */
export interface Opened {
  readonly payload: Payload;
  readonly provenance: Provenance;
}

/**
 * Opens a payload.
 * @param place the workflow or activity that it came to; a payload that was sealed for another is refused
 * @throws PayloadRefusedError if no key will ever open it; UnknownKeyError or KeyServiceError if a key is missing
 */
export async function open(payload: Payload, keys: KeyRing, place?: SerializationContext): Promise<Payload> {
  return (await openSealed(payload, keys, place)).payload;
}

/** Opens a payload like `open`, and returns what its seal says as well. */
export async function openSealed(payload: Payload, keys: KeyRing, place?: SerializationContext): Promise<Opened> {
  if (!isSealed(payload)) throw new PayloadRefusedError('notSealed', 'a payload that came in plain text, not sealed');
  const id = textOf(payload.metadata?.[KEY_ID]);
  if (!id) throw new PayloadRefusedError('damaged', 'a sealed payload that does not name its key');
  const wrapped = payload.metadata?.[WRAPPED_KEY];
  const key = await keys.find(id, wrapped ? bytesOf(wrapped) : undefined);
  const sealed = bytesOf(payload.data);
  const inner = decrypted(sealed, key);
  const { [SEALED_FOR]: sealedFor, ...metadata } = inner.metadata ?? {};
  const digest = place && digestOf(place);
  if (sealedFor && digest && !digest.equals(sealedFor)) {
    throw new PayloadRefusedError('misplaced', 'a payload that was sealed for another workflow or activity');
  }
  return {
    payload: { metadata, data: inner.data ?? new Uint8Array() },
    provenance: { sealId: Buffer.from(sealed.subarray(0, NONCE_BYTES)).toString('base64') },
  };
}

function decrypted(sealed: Uint8Array, key: EncryptionKey): Payload {
  if (sealed.byteLength < NONCE_BYTES + TAG_BYTES) {
    throw new PayloadRefusedError('damaged', `a sealed payload of ${sealed.byteLength} bytes, too short to be one`);
  }
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const rest = sealed.subarray(NONCE_BYTES);
  const bytes =
    decipher(key, nonce, rest.subarray(0, -TAG_BYTES), rest.subarray(-TAG_BYTES)) ??
    decipher(key, nonce, rest.subarray(TAG_BYTES), rest.subarray(0, TAG_BYTES));
  try {
    if (bytes) return decodePayload(bytes);
  } catch {
    // The parser's message would quote the bytes that it could not read.
  }
  throw new PayloadRefusedError(
    'damaged',
    `a sealed payload that was changed on its way, or sealed with another key under the id "${key.id.slice(0, 200)}"`,
  );
}

/** Undefined if the tag does not belong to these bytes. */
function decipher(
  key: EncryptionKey,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Uint8Array | undefined {
  const cipher = createDecipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG_BYTES });
  cipher.setAuthTag(tag);
  try {
    return Buffer.concat([cipher.update(ciphertext), cipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * A digest of the place. It leaves out the namespace, because replays run under another one and proxies translate it.
 * Undefined if the SDK does not know the workflow.
 */
function digestOf(place: SerializationContext): Buffer | undefined {
  if (place.workflowId === undefined) return undefined;
  const activity = place.type === 'activity' ? (place.activityId ?? '') : '';
  const hash = createHash('sha256')
    .update(JSON.stringify([place.type, place.workflowId, activity]))
    .digest();
  return Buffer.concat([Buffer.of(PLACE_VERSION), hash.subarray(0, PLACE_BYTES)]);
}

function bytesOf(bytes: ArrayLike<number> | null | undefined): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes ?? []);
}

function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes ? Buffer.from(bytes).toString() : undefined;
}
