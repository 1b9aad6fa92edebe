/**
 * Envelope encryption with AWS KMS: KMS makes a data key, the data key seals payloads, and the wrapped data key stands
 * beside each payload. So only those who may use the KMS key can open them. Data keys are cached: a process calls KMS
 * when it starts, once an hour, and for each data key of another process.
 */
import { type ClientFor, DataKeyService } from './data-key-service.js';
import { UnknownKeyError } from './errors.js';
import type { EncryptionKey, KeyRing } from './key-ring.js';
import { UnwrappedKeys } from './unwrapped-keys.js';

/** Only `keyIds` is required. */
export interface KmsKeyRingOptions {
  /**
   * ARNs of symmetric KMS keys. The first seals, all open; KMS is never asked for any other. No aliases: a payload names
   * its key, and once an alias names another key, it opens nothing.
   */
  keyIds: readonly string[];
  /** Opens payloads that were sealed before the deployment used KMS. Default: none. */
  older?: KeyRing | undefined;
  /** The client for a region. Default: one with the AWS SDK's own settings and credentials, loaded when first used. */
  clientFor?: ClientFor | undefined;
  /** How long one data key seals before KMS is asked for the next, in milliseconds. Default: an hour. */
  dataKeyLifetimeMs?: number | undefined;
  /** Receives a sentence when KMS returns no new data key and the previous one stays in use. Default: ignored. */
  onProblem?: ((problem: string) => void) | undefined;
}

const HOUR_MS = 3_600_000;
const RETRY_MS = 60_000;

interface DataKey {
  key: EncryptionKey;
  /** In milliseconds of `performance.now()`. */
  renewAt: number;
}

/**
 * A ring whose keys AWS KMS makes and unwraps.
 * @throws RangeError if `keyIds` is empty
 */
export function kmsKeyRing(options: KmsKeyRingOptions): KeyRing {
  const { keyIds, older, clientFor, dataKeyLifetimeMs = HOUR_MS, onProblem = () => undefined } = options;
  const [sealing] = keyIds;
  if (sealing === undefined) throw new RangeError('A key ring needs a key.');
  const service = new DataKeyService(clientFor);
  const unwrapped = new UnwrappedKeys(service);
  let dataKey: DataKey | undefined;
  let renewing: Promise<EncryptionKey> | undefined;

  const generate = async (): Promise<EncryptionKey> => {
    const key = await service.generate(sealing);
    if (key.wrapped) unwrapped.keep(key.wrapped, key);
    dataKey = { key, renewAt: performance.now() + dataKeyLifetimeMs };
    return key;
  };
  /** All callers that wait share one call. */
  const renew = (): Promise<EncryptionKey> => {
    renewing ??= generate().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  return {
    async current() {
      const now = performance.now();
      if (!dataKey) return await renew();
      if (now >= dataKey.renewAt) {
        dataKey.renewAt = now + RETRY_MS;
        // Nobody waits for this and nothing fails because of it, however long KMS is unavailable: Cognito has already
        // answered a call, and that answer must not be lost because nothing can seal it.
        renew().catch((error: unknown) => {
          onProblem(`${error instanceof Error ? error.message : String(error)} The previous data key stays in use.`);
        });
      }
      return dataKey.key;
    },
    async find(id, wrapped) {
      if (!wrapped) {
        if (older) return await older.find(id);
        throw new UnknownKeyError(id, keyIds);
      }
      if (!keyIds.includes(id)) throw new UnknownKeyError(id, keyIds);
      return await unwrapped.get(id, wrapped);
    },
    async check() {
      // The data key of this process, as another process has it unwrapped.
      const { wrapped } = dataKey?.key ?? (await renew());
      if (wrapped) await service.unwrap(sealing, wrapped);
      await older?.check?.();
    },
  };
}
