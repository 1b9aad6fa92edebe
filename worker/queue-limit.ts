/** Keeps the allowance of a worker process to its part of what the server lets through the task queue of calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Allowance, WINDOW_MS } from '../activities/allowance.js';
import { readEndedWorkers } from '../temporal/pollers.js';
import { type GovernedQueue, READ_TIMEOUT_MS, readQueueLimits } from '../temporal/queue-limits.js';

/** So soon does a limit that somebody sets take hold of direct calls. */
const READ_EVERY_MS = 1_500;
/** A process that makes no direct calls yet asks more often. */
const READ_SOON_MS = 500;
/** A part holds for so long after the read that gave it. */
const HOLDS_MS = READ_EVERY_MS + 1_000;
/** By then all other processes know of a change, or have no part any more, and the second of their last calls is over too. */
const SETTLED_MS = HOLDS_MS + WINDOW_MS;

/** A worker process that follows the state of its task queue of calls. */
export interface FollowedQueue {
  readonly queue: GovernedQueue;
  readonly allowance: Allowance;
  /** By which the process polls. No other process has it. */
  readonly identity: string;
}

/** Who polls the queue, as one read says. */
export interface Listed {
  readonly workers: readonly string[];
  /** Those of them that end or have ended. */
  readonly ended: ReadonlySet<string>;
  /** When it was asked for and when it came, on the monotonic clock. */
  readonly askedMs: number;
  readonly cameMs: number;
}

/** What a process knows of the others by its latest read. Times are of the monotonic clock. */
export interface Seen {
  /** When the latest read was asked for. */
  readonly askedMs: number;
  /** Since when the server lists this process. Absent: it does not. */
  readonly listedSinceMs: number | undefined;
  /** All others, and since when each one has ended or is not listed any more. */
  readonly others: ReadonlyMap<string, number | undefined>;
  /** How many share the allowance. Absent: this process has no part. */
  readonly sharing: number | undefined;
}

/**
 * Takes a read into account. Together all processes must never have more than the whole. So one that comes waits until the others know
 * of it, and one that goes counts until its last calls are through.
 * @param before absent at the first read
 */
export function seenAfter(
  before: Seen | undefined,
  { workers, ended, askedMs, cameMs }: Listed,
  identity: string,
): Seen {
  const isListed = (worker: string) => workers.includes(worker) && !ended.has(worker);
  const others = new Map<string, number | undefined>();
  for (const worker of [...(before?.others.keys() ?? []), ...workers])
    if (worker !== identity) others.set(worker, isListed(worker) ? undefined : (before?.others.get(worker) ?? cameMs));
  const hasSettled = (sinceMs: number) => cameMs - sinceMs >= SETTLED_MS;
  for (const [worker, goneMs] of others)
    if (goneMs !== undefined && hasSettled(goneMs) && !workers.includes(worker)) others.delete(worker);
  // Nobody knows what has become of the list in a longer time.
  const sinceMs = before && cameMs - before.askedMs <= HOLDS_MS ? before.listedSinceMs : undefined;
  const listedSinceMs = isListed(identity) ? (sinceMs ?? cameMs) : undefined;
  const isKnown = listedSinceMs !== undefined && hasSettled(listedSinceMs);
  // Nobody has a part that this process could take. Others that start in the same moment do not see each other yet.
  const isAlone = others.size === 0 && !ended.has(identity);
  const working = [...others.values()].filter((goneMs) => goneMs === undefined || !hasSettled(goneMs));
  return { askedMs, listedSinceMs, others, sharing: isKnown || isAlone ? 1 + working.length : undefined };
}

/** Follows the queue for as long as a process works. */
export class QueueFollower {
  private seen: Seen | undefined;

  constructor(private readonly followed: FollowedQueue) {}

  /**
   * Reads the queue's state for the first time, before the process takes work: a limit that is not known may be 0, so that there
   * are no direct calls until it is.
   * @returns why it is not known, if it is not
   */
  async readFirst(): Promise<unknown> {
    try {
      await this.read();
      return undefined;
    } catch (error) {
      this.followed.allowance.follow({ perSecond: 0 });
      return error;
    }
  }

  /** Reads the queue's state every few seconds while the work lasts. While it cannot be read there are no direct calls. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    const end = new AbortController();
    void this.keepReading(end.signal);
    try {
      return await work();
    } finally {
      end.abort();
    }
  }

  private async keepReading(end: AbortSignal): Promise<void> {
    const pause = (ms: number) => sleep(ms, undefined, { signal: end }).catch(() => undefined);
    await pause(READ_SOON_MS);
    while (!end.aborted) {
      const askedMs = performance.now();
      const isRead = await this.read().then(
        () => true,
        () => false,
      );
      const everyMs = isRead && this.seen?.sharing === undefined ? READ_SOON_MS : READ_EVERY_MS;
      await pause(Math.max(0, askedMs + everyMs - performance.now()));
    }
  }

  /**
   * Takes over the lower one of the limits of the queue and of each fairness key, since one pool may make all calls of a process, and
   * the number of workers. A server that knows neither counts as one without a limit for one worker.
   */
  private async read(): Promise<void> {
    const { queue, allowance, identity } = this.followed;
    const askedMs = performance.now();
    const state = await readQueueLimits(queue);
    const workers = state?.workers ?? [];
    const ended = workers.length > 1 ? await endedOf(queue) : new Set<string>();
    const rates = [state?.queueRate.perSecond, state?.poolRate.perSecond].filter((rate) => rate !== undefined);
    const cameMs = performance.now();
    this.seen = seenAfter(this.seen, { workers, ended, askedMs, cameMs }, identity);
    const perSecond = rates.length > 0 ? Math.min(...rates) : undefined;
    allowance.follow({ perSecond, workers: this.seen.sharing }, HOLDS_MS - (cameMs - askedMs));
  }
}

function endedOf(queue: GovernedQueue): Promise<ReadonlySet<string>> {
  const { connection } = queue;
  return connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () => readEndedWorkers(connection, queue));
}
