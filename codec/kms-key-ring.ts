/**
 * Envelope encryption with AWS KMS: KMS makes a data key, payloads are sealed with it, and the wrapped data key stands
 * beside each of them, so that whoever may use the KMS key can open them and nobody else. Data keys are cached: KMS
 * is asked when a process starts, once an hour, and for each data key of another process.
 */
import { type ClientFor, DataKeyService } from './data-key-service.js';
import { UnknownKeyError } from './errors.js';
import type { EncryptionKey, KeyRing } from './key-ring.js';
import { UnwrappedKeys } from './unwrapped-keys.js';

/** How to use KMS. */
export interface KmsKeyRingOptions {
  /**
   * ARNs of symmetric KMS keys. The first seals, all open; others are never asked for. No aliases: a payload names its
   * key, and an alias that comes to name another would open nothing any more.
   */
  keyIds: readonly string[];
  /** Opens what was sealed before KMS came into use. */
  older?: KeyRing;
  /** The client for a region; default one with the AWS SDK's own settings and credentials, loaded when first used. */
  clientFor?: ClientFor;
  /** How long one data key seals before another is asked for, in milliseconds. Default an hour. */
  dataKeyLifetimeMs?: number;
  /** Is told when KMS gives no other data key, and the one of before stays in use. */
  onProblem?: (problem: string) => void;
}

const HOUR_MS = 3_600_000;
const RETRY_MS = 60_000;

interface DataKey {
  key: EncryptionKey;
  /** When another is asked for. */
  renewAt: number;
}

/** @throws RangeError when no key is named. */
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
  /** One call for everybody who waits. */
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
        // Nobody waits for it, and nothing fails for it, however long KMS is away: a call to Cognito that was made already
        // must not go unanswered because its answer cannot be sealed.
        renew().catch((error: unknown) => {
          onProblem(`${error instanceof Error ? error.message : String(error)} The data key of before stays in use.`);
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
  };
}
