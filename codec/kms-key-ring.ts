/**
 * Envelope encryption with AWS KMS: KMS makes a data key, payloads are sealed with it, and the wrapped data key stands
 * beside each of them, so that whoever may use the KMS key can open them and nobody else. Data keys are cached: KMS
 * is asked when a process starts, once an hour, and for each data key of another process.
 */
import type { KMSClient } from '@aws-sdk/client-kms';
import { KeyServiceError, UnknownKeyError } from './errors.js';
import { type EncryptionKey, encryptionKey, type KeyRing } from './key-ring.js';

/** How to use KMS. */
export interface KmsKeyRingOptions {
  /** ARNs of symmetric KMS keys, or of their aliases. The first seals, all open; others are never asked for. */
  keyIds: readonly string[];
  /** Opens what was sealed before KMS came into use. */
  older?: KeyRing;
  /** The client for a region; default one with the AWS SDK's own settings and credentials, loaded when first used. */
  clientFor?: (region: string) => Pick<KMSClient, 'send'> | Promise<Pick<KMSClient, 'send'>>;
  /** How long one data key seals, in milliseconds. Default an hour. */
  dataKeyLifetimeMs?: number;
}

/** Shown in CloudTrail, and to be named in conditions of IAM policies (`kms:EncryptionContext:application`). */
const ENCRYPTION_CONTEXT = { application: 'cognito-verification' };
const HOUR_MS = 3_600_000;
/** While KMS is away the last data key goes on sealing, up to here; then a key that nobody renews is worth a failure. */
const MOST_OVERTIME_MS = 24 * HOUR_MS;
const RETRY_MS = 60_000;
/** Data keys of other processes that are kept unwrapped, the least used forgotten first. */
const MOST_CACHED = 1_000;

interface DataKey {
  key: EncryptionKey;
  bornAt: number;
  /** When another is asked for. */
  renewAt: number;
}

/** @throws RangeError when no key is named. */
export function kmsKeyRing(options: KmsKeyRingOptions): KeyRing {
  const { keyIds, older, clientFor = defaultClient, dataKeyLifetimeMs = HOUR_MS } = options;
  const [sealing] = keyIds;
  if (sealing === undefined) throw new RangeError('A key ring needs a key.');
  const clients = new Map<string, Promise<Pick<KMSClient, 'send'>>>();
  const unwrapped = new Map<string, Promise<EncryptionKey>>();
  let dataKey: DataKey | undefined;
  let renewing: Promise<DataKey> | undefined;

  const clientOf = async (keyId: string): Promise<Pick<KMSClient, 'send'>> => {
    const region = keyId.split(':')[3] ?? '';
    const client = clients.get(region) ?? Promise.resolve(clientFor(region));
    clients.set(region, client);
    return await client;
  };

  const remember = (wrapped: Uint8Array, key: Promise<EncryptionKey>): Promise<EncryptionKey> => {
    const name = Buffer.from(wrapped).toString('base64');
    // A Map keeps the order of insertion: what is used moves to its end.
    unwrapped.delete(name);
    unwrapped.set(name, key);
    // A failure is not remembered.
    key.catch(() => unwrapped.delete(name));
    const [oldest] = unwrapped.keys();
    if (unwrapped.size > MOST_CACHED && oldest !== undefined) unwrapped.delete(oldest);
    return key;
  };

  const generate = async (): Promise<DataKey> => {
    const { GenerateDataKeyCommand } = await loadKms();
    const command = new GenerateDataKeyCommand({
      KeyId: sealing,
      KeySpec: 'AES_256',
      EncryptionContext: ENCRYPTION_CONTEXT,
    });
    const client = await clientOf(sealing);
    const { Plaintext, CiphertextBlob } = await client.send(command).catch((error: unknown) => {
      throw keyServiceError('make a data key', sealing, error);
    });
    if (!Plaintext || !CiphertextBlob) throw keyServiceError('make a data key', sealing, 'an answer without a key');
    const key = encryptionKey(sealing, Plaintext, CiphertextBlob);
    await remember(CiphertextBlob, Promise.resolve(key));
    const bornAt = performance.now();
    return { key, bornAt, renewAt: bornAt + dataKeyLifetimeMs };
  };

  const renew = async (): Promise<DataKey> => {
    // One call for everybody who waits.
    renewing ??= generate().finally(() => {
      renewing = undefined;
    });
    return await renewing;
  };

  const unwrap = async (keyId: string, wrapped: Uint8Array): Promise<EncryptionKey> => {
    const { DecryptCommand } = await loadKms();
    const command = new DecryptCommand({
      // Named, so that a payload cannot have us ask for a key of somebody else's.
      KeyId: keyId,
      CiphertextBlob: wrapped,
      EncryptionContext: ENCRYPTION_CONTEXT,
    });
    const client = await clientOf(keyId);
    const { Plaintext } = await client.send(command).catch((error: unknown) => {
      throw keyServiceError('unwrap a data key', keyId, error);
    });
    if (!Plaintext) throw keyServiceError('unwrap a data key', keyId, 'an answer without a key');
    return encryptionKey(keyId, Plaintext, wrapped);
  };

  return {
    async current() {
      const now = performance.now();
      if (dataKey && now < dataKey.renewAt) return dataKey.key;
      try {
        dataKey = await renew();
      } catch (error) {
        if (!dataKey || now > dataKey.bornAt + MOST_OVERTIME_MS) throw error;
        dataKey.renewAt = now + RETRY_MS;
      }
      return dataKey.key;
    },
    async find(id, wrapped) {
      if (!wrapped) {
        if (older) return await older.find(id);
        throw new UnknownKeyError(id, keyIds);
      }
      if (!keyIds.includes(id)) throw new UnknownKeyError(id, keyIds);
      const known = unwrapped.get(Buffer.from(wrapped).toString('base64'));
      return await remember(wrapped, known ?? unwrap(id, wrapped));
    },
  };
}

async function defaultClient(region: string): Promise<KMSClient> {
  const { KMSClient: Client } = await loadKms();
  return new Client({ region });
}

/** Only when used: most deployments have no need of it, and the client may not even be installed. */
async function loadKms(): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms');
  } catch (cause) {
    throw new KeyServiceError('Keys of AWS KMS need the package @aws-sdk/client-kms: npm install @aws-sdk/client-kms', {
      cause,
    });
  }
}

function keyServiceError(what: string, keyId: string, error: unknown): KeyServiceError {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new KeyServiceError(
    `AWS KMS did not ${what} with ${keyId} (${said}). Check the key's state and that this process may call kms:GenerateDataKey and kms:Decrypt with it.`,
    { cause: error },
  );
}
