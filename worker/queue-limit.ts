/** Keeps the allowance of a worker process to its part of what the server lets through the task queue of calls. */
import type { Allowance } from '../activities/allowance.js';
import { type GovernedQueue, readQueueLimits } from '../temporal/queue-limits.js';

/** So soon does a limit that somebody sets, or a worker that comes, take hold of direct calls. */
const READ_EVERY_MS = 3_000;
/** By then the server knows that this process polls. */
const READ_SOON_MS = 1_000;

/** A worker process that follows the state of its task queue of calls. */
export interface QueueFollower {
  readonly queue: GovernedQueue;
  readonly allowance: Allowance;
  /** By which the process polls. No other process has it. */
  readonly identity: string;
}

/**
 * Reads the queue's state for the first time, before the process takes work: a limit that is not known may be 0, so that there
 * are no direct calls until it is.
 * @returns why it is not known, if it is not
 */
export async function readLimit(follower: QueueFollower): Promise<unknown> {
  try {
    await follow(follower);
    return undefined;
  } catch (error) {
    follower.allowance.follow({ perSecond: 0 });
    return error;
  }
}

/** Reads the queue's state every few seconds while the work lasts. What cannot be read stays as it was. */
export async function whileWatching<T>(follower: QueueFollower, work: () => Promise<T>): Promise<T> {
  const read = () => void follow(follower).catch(() => undefined);
  const first = setTimeout(read, READ_SOON_MS);
  const reading = setInterval(read, READ_EVERY_MS);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(reading);
  }
}

/**
 * Takes over the lower one of the limits of the queue and of each fairness key, since one pool may make all calls of a process, and
 * the number of workers. A server that knows neither counts as one without a limit for one worker.
 */
async function follow({ queue, allowance, identity }: QueueFollower): Promise<void> {
  const state = await readQueueLimits(queue);
  const workers = state?.workers ?? [];
  const rates = [state?.queueRate.perSecond, state?.poolRate.perSecond].filter((rate) => rate !== undefined);
  // Others that start in the same moment are not among them yet either. Alone it may begin at once.
  const isNew = workers.length > 0 && !workers.includes(identity);
  allowance.follow({
    perSecond: rates.length > 0 ? Math.min(...rates) : undefined,
    workers: isNew ? undefined : Math.max(1, workers.length),
  });
}
