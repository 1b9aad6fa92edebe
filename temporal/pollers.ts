/** Who polls a task queue, as the server remembers it. */
import type { ConnectionLike } from '@temporalio/client';

/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const TASK_QUEUE_TYPES = { workflows: 1, calls: 2 } as const;
/** `WORKER_VERSIONING_MODE_VERSIONED` of Temporal's API. */
const VERSIONED = 2;

/** Workers poll two task queues: that of the verifications, and that of the calls to Cognito. */
export type Half = keyof typeof TASK_QUEUE_TYPES;

/** Who has polled within that time polls now: a poll lasts a minute at most, and counts from its beginning. */
export const POLLED_WITHIN_MS = 75_000;

/** A worker that has polled a task queue within five minutes. */
export interface Poller {
  readonly identity: string;
  /** When its last poll began, by the clock of the server, in milliseconds of the epoch. */
  readonly polledAtMs: number;
  /** What it runs: of our workers the SDK's package and, with verifications, the digest of the workflow bundle; or the build id of its version. */
  readonly build: string;
  /** The version of a Worker Deployment that it is. Absent where it is unversioned. */
  readonly version?: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

/** `WORKER_STATUS_RUNNING` of Temporal's API; the higher ones are of workers that end or have ended. */
const RUNNING = 1;

/**
 * The identities of workers that end or have ended. They take no more work, and the server lists them as pollers for minutes more.
 * @returns nobody where the server keeps no list of workers, or does not tell
 */
export async function readEndedWorkers(
  { workflowService }: Pick<ConnectionLike, 'workflowService'>,
  { namespace, taskQueue }: { namespace: string; taskQueue: string },
): Promise<ReadonlySet<string>> {
  try {
    const query = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
    const ended = new Set<string>();
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await workflowService.listWorkers({ namespace, query, ...(nextPageToken && { nextPageToken }) });
      for (const { status, workerIdentity } of page.workers ?? [])
        if (Number(status) > RUNNING && workerIdentity) ended.add(workerIdentity);
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
    } while (nextPageToken);
    return ended;
  } catch {
    return new Set();
  }
}

/** @throws the service's error */
export async function readPollers(
  service: Pick<ConnectionLike['workflowService'], 'describeTaskQueue'>,
  { namespace, taskQueue, half }: { namespace: string; taskQueue: string; half: Half },
): Promise<Poller[]> {
  const { pollers } = await service.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
    taskQueueType: TASK_QUEUE_TYPES[half],
  });
  return (pollers ?? []).map(({ identity, lastAccessTime, workerVersionCapabilities, deploymentOptions }) => ({
    identity: identity || 'unknown',
    polledAtMs: Number(lastAccessTime?.seconds ?? 0) * 1_000 + Math.floor((lastAccessTime?.nanos ?? 0) / 1_000_000),
    build: workerVersionCapabilities?.buildId || 'unknown',
    version:
      deploymentOptions && Number(deploymentOptions.workerVersioningMode) === VERSIONED
        ? { deploymentName: deploymentOptions.deploymentName ?? '', buildId: deploymentOptions.buildId ?? '' }
        : undefined,
  }));
}
