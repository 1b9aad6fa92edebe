/** Keeps the allowance of a worker process within what the server lets through the task queue of calls. */
import type { Allowance } from '../activities/allowance.js';
import { type GovernedQueue, readQueueLimits } from '../temporal/queue-limits.js';

/** So soon does a limit that somebody sets take hold of direct calls. */
const READ_EVERY_MS = 3_000;

/**
 * Reads the queue's limit for the first time, before the process takes work: a limit that is not known may be 0, so that there
 * are no direct calls until it is.
 * @returns why it is not known, if it is not
 */
export async function readLimit(queue: GovernedQueue, allowance: Allowance): Promise<unknown> {
  try {
    allowance.limitQueue(await limitOf(queue));
    return undefined;
  } catch (error) {
    allowance.limitQueue(0);
    return error;
  }
}

/** Reads the queue's limit every few seconds while the work lasts. What cannot be read stays as it was. */
export async function whileWatching<T>(queue: GovernedQueue, allowance: Allowance, work: () => Promise<T>): Promise<T> {
  const read = async () => allowance.limitQueue(await limitOf(queue));
  const reading = setInterval(() => void read().catch(() => undefined), READ_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(reading);
  }
}

/**
 * The lower one of the limits of the queue and of each fairness key, since one pool may make all calls of a process. Undefined where
 * none is set, or the server knows none.
 */
async function limitOf(queue: GovernedQueue): Promise<number | undefined> {
  const limits = await readQueueLimits(queue);
  const rates = [limits?.queueRate.perSecond, limits?.poolRate.perSecond].filter((rate) => rate !== undefined);
  return rates.length > 0 ? Math.min(...rates) : undefined;
}
