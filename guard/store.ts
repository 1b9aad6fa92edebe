import type { Outcome } from './decide.js';
import type { Records } from './records.js';

/**
 * A plain function of the records and of the store's clock, in ms since 1970; may be called more than once.
 * @param by the store that holds the records
 */
export type Decide<T> = (records: Records, nowMs: number, by: GuardStore) => Outcome<T>;

/** Where records are kept. */
export interface GuardStore {
  /**
   * Decides on the records of the keys and keeps what changes, as one step for all who use the store.
   * @throws the error of the store
   */
  transact<T>(of: readonly string[], decide: Decide<T>): Promise<T>;
  /** The records whose keys begin so, at most `LIST_LIMIT`. */
  list(prefix: string): Promise<Records>;
  close(): Promise<void>;
}

/** More places than an operator reads. */
export const LIST_LIMIT = 10_000;
