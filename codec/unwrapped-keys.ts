/**
 * Data keys as KMS has unwrapped them. Anyone who can have a payload opened chooses the wrapped key in it, and the request
 * quotas of KMS are shared by the whole account and Region: so what is made up costs little and pushes out nothing.
 */
import { createHash } from 'node:crypto';
import type { DataKeyService } from './data-key-service.js';
import { PayloadRefusedError } from './errors.js';
import type { EncryptionKey } from './key-ring.js';

/** The least used is forgotten first. */
const MOST_KEPT = 1_000;
/** How long KMS is not asked again about what it has refused. */
const REFUSED_MS = 60_000;
/** The oldest is forgotten first; 32 bytes and a little each. */
const MOST_REFUSED = 10_000;
/** Calls to KMS at the same time; the others wait in line. */
const MOST_AT_ONCE = 10;

export class UnwrappedKeys {
  private readonly keys = new Map<string, EncryptionKey>();
  /** Whoever asks for the same key at the same time waits for one answer. */
  private readonly asking = new Map<string, Promise<EncryptionKey>>();
  private readonly refused = new Map<string, { error: PayloadRefusedError; until: number }>();
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly service: Pick<DataKeyService, 'unwrap'>) {}

  /** @throws KeyServiceError; PayloadRefusedError where KMS has never wrapped it with that key */
  async get(id: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    const name = nameOf(id, wrapped);
    const known = this.keys.get(name);
    if (known) {
      // A Map keeps the order of insertion: what is used moves to its end.
      this.keys.delete(name);
      this.keys.set(name, known);
      return known;
    }
    const refusal = this.refused.get(name);
    if (refusal && performance.now() < refusal.until) throw refusal.error;
    let answer = this.asking.get(name);
    if (!answer) {
      answer = this.ask(name, id, wrapped).finally(() => this.asking.delete(name));
      this.asking.set(name, answer);
    }
    return await answer;
  }

  /** One that need not be asked for. */
  keep(wrapped: Uint8Array, key: EncryptionKey): void {
    put(this.keys, nameOf(key.id, wrapped), key, MOST_KEPT);
  }

  private async ask(name: string, id: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    // Whoever ends hands its place on, so that nobody gets in between.
    if (this.underWay < MOST_AT_ONCE) this.underWay += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      const key = await this.service.unwrap(id, wrapped);
      put(this.keys, name, key, MOST_KEPT);
      this.refused.delete(name);
      return key;
    } catch (error) {
      // What KMS could not say today it may say in a moment.
      if (error instanceof PayloadRefusedError) {
        put(this.refused, name, { error, until: performance.now() + REFUSED_MS }, MOST_REFUSED);
      }
      throw error;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.underWay -= 1;
    }
  }
}

/** A wrapped key may have 6 KB, also one that is made up. */
function nameOf(id: string, wrapped: Uint8Array): string {
  return createHash('sha256').update(`${id}\0`).update(wrapped).digest('base64');
}

function put<Value>(map: Map<string, Value>, name: string, value: Value, most: number): void {
  map.delete(name);
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
