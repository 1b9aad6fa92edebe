/**
 * Data keys that KMS has unwrapped. Anyone who can have a payload opened chooses the wrapped key in it, and the whole
 * account and Region share the request quotas of KMS. So a made-up key must cost little and push no real one out.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { DataKeyService } from './data-key-service.js';
import { PayloadRefusedError } from './errors.js';
import type { EncryptionKey } from './key-ring.js';

const MAX_KEYS = 1_000;
/** KMS is not asked again for this long about what it has refused. */
const REFUSED_MS = 60_000;
/** Each takes 32 bytes and a little. */
const MAX_REFUSED = 10_000;
/** Calls to KMS at the same time; the others wait in line. */
const MAX_CALLS = 10;

export class UnwrappedKeys {
  private readonly keys = new LRUCache<string, EncryptionKey>({ max: MAX_KEYS });
  private readonly refused = new LRUCache<string, PayloadRefusedError>({
    max: MAX_REFUSED,
    ttl: REFUSED_MS,
    // Reads the clock at each look-up, instead of starting a timer for each.
    ttlResolution: 0,
  });
  /**
   * Calls that have no answer yet: everyone who asks for the same key shares one. Not the `fetch` of lru-cache, where a
   * call takes a place among the keys before it has an answer, so that a flood of made-up keys would push real ones out.
   */
  private readonly asking = new Map<string, Promise<EncryptionKey>>();
  private readonly limit = pLimit(MAX_CALLS);

  constructor(private readonly service: Pick<DataKeyService, 'unwrap'>) {}

  /** @throws KeyServiceError; PayloadRefusedError if KMS has never wrapped it with that key */
  async get(id: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    const name = nameOf(id, wrapped);
    const key = this.keys.get(name);
    if (key) return key;
    const refusal = this.refused.get(name);
    if (refusal) throw refusal;
    let answer = this.asking.get(name);
    if (!answer) {
      answer = this.limit(() => this.ask(name, id, wrapped)).finally(() => this.asking.delete(name));
      this.asking.set(name, answer);
    }
    return await answer;
  }

  /** Adds a key that KMS need not be asked for. */
  keep(wrapped: Uint8Array, key: EncryptionKey): void {
    this.keys.set(nameOf(key.id, wrapped), key);
  }

  private async ask(name: string, id: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    try {
      const key = await this.service.unwrap(id, wrapped);
      this.keys.set(name, key);
      return key;
    } catch (error) {
      // Only a refusal is remembered: any other failure of KMS may be over in a moment.
      if (error instanceof PayloadRefusedError) this.refused.set(name, error);
      throw error;
    }
  }
}

/** A hash, because a wrapped key may have 6 KB, a made-up one too. */
function nameOf(id: string, wrapped: Uint8Array): string {
  return createHash('sha256').update(`${id}\0`).update(wrapped).digest('base64');
}
