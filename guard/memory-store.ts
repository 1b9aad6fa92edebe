import { LRUCache } from 'lru-cache';
import { type Changes, keptMs, type Records } from './records.js';
import { type Decide, type GuardStore, LIST_LIMIT } from './store.js';

/**
 * Records of one kind at most: about 20 MB of destinations. What was used longest ago is forgotten first, kind by kind, so that
 * nobody can have a place forgotten by asking for many destinations.
 */
const MOST_OF_A_KIND = 100_000;

interface Kept {
  readonly record: object;
  readonly untilMs: number;
}

/** The store of one process. */
export class MemoryStore implements GuardStore {
  private readonly kinds = new Map<string, LRUCache<string, Kept>>();

  /** @param most of one kind */
  constructor(
    private readonly now: () => number,
    private readonly most = MOST_OF_A_KIND,
  ) {}

  async transact<T>(of: readonly string[], decide: Decide<T>): Promise<T> {
    const nowMs = this.now();
    const records = new Map(of.map((key) => [key, this.read(key, nowMs)] as const));
    const { answer, changes } = decide(records, nowMs, this);
    this.keep(changes);
    return answer;
  }

  /** Takes records over as they are. */
  keep(changes: Changes): void {
    const nowMs = this.now();
    for (const [key, record] of changes) {
      const kind = this.kindOf(key);
      if (record === undefined) kind.delete(key);
      else kind.set(key, { record, untilMs: nowMs + keptMs(key, record, nowMs) });
    }
  }

  async list(prefix: string): Promise<Records> {
    const nowMs = this.now();
    const found = [...this.kindOf(prefix).keys()].filter((key) => key.startsWith(prefix)).slice(0, LIST_LIMIT);
    return new Map(found.map((key) => [key, this.read(key, nowMs)]));
  }

  async close(): Promise<void> {
    this.kinds.clear();
  }

  /** How many records there are. */
  get size(): number {
    return [...this.kinds.values()].reduce((sum, kind) => sum + kind.size, 0);
  }

  private read(key: string, nowMs: number): object | undefined {
    const kept = this.kindOf(key).get(key);
    return kept !== undefined && kept.untilMs > nowMs ? kept.record : undefined;
  }

  private kindOf(key: string): LRUCache<string, Kept> {
    const name = key.slice(0, key.indexOf(':'));
    const kind = this.kinds.get(name) ?? new LRUCache<string, Kept>({ max: this.most });
    this.kinds.set(name, kind);
    return kind;
  }
}
