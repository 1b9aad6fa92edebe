/** Keeps the allowance of a worker process within what the server lets through the task queue of calls. */
import type { NativeConnection } from '@temporalio/worker';
import type { Allowance } from '../activities/allowance.js';

/** So soon does a limit that somebody sets take hold of direct calls. */
const READ_EVERY_MS = 3_000;
const READ_TIMEOUT_MS = 2_000;

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITIES = 2;

/** The task queue of calls. */
interface Queue {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** Reads the queue's limit every few seconds while the work lasts. What cannot be read stays as it was. */
export async function whileWatching<T>(queue: Queue, allowance: Allowance, work: () => Promise<T>): Promise<T> {
  const read = async () => {
    try {
      allowance.limitQueue(await limitOf(queue));
    } catch {
      // Servers without the configuration of task queues have no limit; one that is away has calls of no kind.
    }
  };
  const reading = setInterval(() => void read(), READ_EVERY_MS);
  try {
    void read();
    return await work();
  } finally {
    clearInterval(reading);
  }
}

/** Undefined where none is set. */
async function limitOf({ connection, namespace, taskQueue }: Queue): Promise<number | undefined> {
  const { config } = await connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
      taskQueueType: ACTIVITIES,
      reportConfig: true,
    }),
  );
  return config?.queueRateLimit?.rateLimit?.requestsPerSecond ?? undefined;
}
