/** Keeps the allowance of a worker process to its part of what the server lets through the task queue of calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Allowance, WINDOW_MS } from '../activities/allowance.js';
import { readEndedWorkers } from '../temporal/pollers.js';
import { type GovernedQueue, READ_TIMEOUT_MS, readQueueLimits } from '../temporal/queue-limits.js';

/** So soon does a limit that somebody sets take hold of direct calls. */
export const READ_EVERY_MS = 1_500;
/** A process that makes no direct calls yet asks more often. */
export const READ_SOON_MS = 250;
/** The server answers ten searches a second in a namespace, and counts this question as one of them. */
const ENDED_READ_EVERY_MS = 30_000;
/** A part holds for so long after the read that gave it. */
export const HOLDS_MS = READ_EVERY_MS + 1_000;
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
  /** Workers that end or have ended, as far as is known. The server lists them as pollers for minutes more. */
  readonly ended: ReadonlySet<string>;
  /** When it was asked for and when it came, on the monotonic clock. */
  readonly askedMs: number;
  readonly cameMs: number;
}

/** What a process knows of the others by its latest read. Times are of the monotonic clock. */
export interface Seen {
  /** When the latest read was asked for. */
  readonly askedMs: number;
  /** The server has listed somebody before: so an empty list is one that it has forgotten. */
  readonly hasListed: boolean;
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
  const others = new Map<string, number | undefined>();
  for (const worker of [...(before?.others.keys() ?? []), ...workers]) {
    const works = workers.includes(worker) && !ended.has(worker);
    if (worker !== identity) others.set(worker, works ? undefined : (before?.others.get(worker) ?? cameMs));
  }
  const isOver = (goneMs: number | undefined) => goneMs !== undefined && askedMs - goneMs >= SETTLED_MS;
  for (const [worker, goneMs] of others) if (isOver(goneMs) && !workers.includes(worker)) others.delete(worker);
  // Nobody knows what has become of the list in a longer time.
  const sinceMs = before && cameMs - before.askedMs <= HOLDS_MS ? before.listedSinceMs : undefined;
  const listedSinceMs = workers.includes(identity) ? (sinceMs ?? cameMs) : undefined;
  const isKnown = listedSinceMs !== undefined && cameMs - listedSinceMs >= SETTLED_MS;
  const hasListed = before?.hasListed === true || workers.length > 0;
  // Nobody has a part that this process could take. Others that start in the same moment do not see each other yet.
  const isAlone = others.size === 0 && (workers.length > 0 || !hasListed);
  const working = [...others.values()].filter((goneMs) => !isOver(goneMs));
  return {
    askedMs,
    hasListed,
    listedSinceMs,
    others,
    sharing: isKnown || isAlone ? 1 + working.length : undefined,
  };
}

/** Follows the queue for as long as a process works. */
export class QueueFollower {
  private seen: Seen | undefined;
  private ended: ReadonlySet<string> = new Set();
  private endedAskedMs = Number.NEGATIVE_INFINITY;

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

  /**
   * Reads the queue's state every few seconds while the work lasts. While it cannot be read there are no direct calls.
   * @param takesWork false once the process ends: the others may take its part, while it still does what it has begun
   */
  async whileWorking<T>(work: () => Promise<T>, takesWork: () => boolean): Promise<T> {
    const end = new AbortController();
    void this.keepReading(end.signal, takesWork);
    try {
      return await work();
    } finally {
      end.abort();
    }
  }

  private async keepReading(end: AbortSignal, takesWork: () => boolean): Promise<void> {
    const pause = (ms: number) => sleep(ms, undefined, { signal: end }).catch(() => undefined);
    await pause(READ_SOON_MS);
    for (let failures = 0; !end.aborted && takesWork(); ) {
      const askedMs = performance.now();
      failures = await this.read().then(
        () => 0,
        () => failures + 1,
      );
      // A part outlives one read that fails.
      const isSoon = failures === 1 || (failures === 0 && this.seen?.sharing === undefined);
      await pause(Math.max(0, askedMs + (isSoon ? READ_SOON_MS : READ_EVERY_MS) - performance.now()));
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
    if (workers.some((worker) => worker !== identity)) {
      const told = this.askWhoHasEnded(askedMs);
      // Who ended before this process came is out as soon as the others know of it. Later answers are for the reads that follow.
      if (this.seen === undefined) await told;
    }
    const rates = [state?.queueRate.perSecond, state?.poolRate.perSecond].filter((rate) => rate !== undefined);
    this.seen = seenAfter(this.seen, { workers, ended: this.ended, askedMs, cameMs: performance.now() }, identity);
    const perSecond = rates.length > 0 ? Math.min(...rates) : undefined;
    allowance.follow({ perSecond, workers: this.seen.sharing }, askedMs + HOLDS_MS);
  }

  /** Without an answer, who has ended counts on. */
  private async askWhoHasEnded(nowMs: number): Promise<void> {
    if (nowMs - this.endedAskedMs < ENDED_READ_EVERY_MS) return;
    this.endedAskedMs = nowMs;
    const { connection, namespace, taskQueue } = this.followed.queue;
    const read = () => readEndedWorkers(connection, { namespace, taskQueue });
    this.ended = await connection.withDeadline(Date.now() + READ_TIMEOUT_MS, read);
  }
}
