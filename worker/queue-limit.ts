/** Keeps the allowance of a worker process within what the server lets through the task queue of calls. */
import { GRPC_STATUS, isRecord } from '@cognito-verification/contract';
import type { NativeConnection } from '@temporalio/worker';
import type { Allowance } from '../activities/allowance.js';

/** So soon does a limit that somebody sets take hold of direct calls. */
const READ_EVERY_MS = 3_000;
const READ_TIMEOUT_MS = 2_000;

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITIES = 2;

/** The task queue of calls. */
export interface WatchedQueue {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
}

/**
 * Reads the queue's limit for the first time, before the process takes work: a limit that is not known may be 0, so that there
 * are no direct calls until it is.
 * @returns why it is not known, if it is not
 */
export async function readLimit(queue: WatchedQueue, allowance: Allowance): Promise<unknown> {
  try {
    allowance.limitQueue(await limitOf(queue));
    return undefined;
  } catch (error) {
    allowance.limitQueue(0);
    return error;
  }
}

/** Reads the queue's limit every few seconds while the work lasts. What cannot be read stays as it was. */
export async function whileWatching<T>(queue: WatchedQueue, allowance: Allowance, work: () => Promise<T>): Promise<T> {
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
async function limitOf(queue: WatchedQueue): Promise<number | undefined> {
  const config = await configOf(queue).catch((error: unknown) => {
    if (isRecord(error) && error['code'] === GRPC_STATUS.UNIMPLEMENTED) return undefined;
    throw error;
  });
  const limits = [config?.queueRateLimit, config?.fairnessKeysRateLimitDefault].flatMap(
    (limit) => limit?.rateLimit?.requestsPerSecond ?? [],
  );
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

async function configOf({ connection, namespace, taskQueue }: WatchedQueue) {
  const { config } = await connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
      taskQueueType: ACTIVITIES,
      reportConfig: true,
    }),
  );
  return config;
}
