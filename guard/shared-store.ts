import type { GuardLog } from './guard-log.js';
import type { MemoryStore } from './memory-store.js';
import { keys, type Records } from './records.js';
import type { Decide, GuardStore } from './store.js';

/** The store that all workers share is away, and this process is not to go on by itself. */
export class StoreAwayError extends Error {
  override readonly name = 'StoreAwayError';
  constructor(cause?: unknown) {
    super('The store of the guard is away', { cause });
  }
}

/** Options of `SharedStore`. */
export interface SharedStoreOptions {
  readonly shared: GuardStore;
  /** Holds what this process has last seen of the shared records, and goes on from there when the store is away. */
  readonly own: MemoryStore;
  readonly whenAway: 'go-on' | 'hold';
  readonly log: GuardLog;
  /** The store has gone away, or is back. */
  readonly onStore?: ((isAway: boolean) => void) | undefined;
  /** An absent store is looked for so often, in ms. Default: 5 s. */
  readonly lookMs?: number | undefined;
}

/** A shared store that may be away: nobody waits for it twice, for a person waits behind each message. */
export class SharedStore implements GuardStore {
  private awaySince: number | undefined;
  private looking: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: SharedStoreOptions) {}

  /** Connects before the first message comes, and says at once if it cannot. */
  async start(): Promise<void> {
    await this.ask().catch((error: unknown) => this.goAway(error));
  }

  /** @throws StoreAwayError */
  async transact<T>(of: readonly string[], decide: Decide<T>): Promise<T> {
    const { shared, own, whenAway } = this.options;
    let reason: unknown;
    if (this.awaySince === undefined) {
      try {
        return await shared.transact(of, decide);
      } catch (error) {
        reason = error;
        this.goAway(error);
      }
    }
    if (whenAway === 'hold') throw new StoreAwayError(reason);
    return await own.transact(of, decide);
  }

  async list(prefix: string): Promise<Records> {
    return await this.options.shared.list(prefix);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.looking);
    await this.options.shared.close();
  }

  private goAway(error: unknown): void {
    if (this.awaySince !== undefined || this.isClosed) return;
    this.awaySince = performance.now();
    const { log, whenAway, onStore } = this.options;
    const meanwhile =
      whenAway === 'hold'
        ? 'Messages are held until it is back'
        : 'This process counts messages by itself until it is back';
    log.warn(`The store of the guard is away. ${meanwhile}`, { reason: reasonOf(error) });
    onStore?.(true);
    this.lookAgain();
  }

  private lookAgain(): void {
    if (this.isClosed) return;
    this.looking = setTimeout(() => void this.look(), this.options.lookMs ?? 5_000);
    this.looking.unref();
  }

  private async ask(): Promise<void> {
    await lookAt(this.options.shared);
  }

  private async look(): Promise<void> {
    const { log, onStore } = this.options;
    try {
      await this.ask();
    } catch {
      this.lookAgain();
      return;
    }
    const durationMs = Math.round(performance.now() - (this.awaySince ?? 0));
    this.awaySince = undefined;
    log.info('The store of the guard is back, and counts for all workers again', { durationMs });
    onStore?.(false);
  }
}

/**
 * Asks a store for a record, and changes nothing.
 * @throws the error of the store
 */
export async function lookAt(store: GuardStore): Promise<void> {
  await store.transact([keys.spent('sms')], () => ({ answer: undefined, changes: new Map() }));
}

/** Why a store does not answer. What a driver says may name the server, and never a user or password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
