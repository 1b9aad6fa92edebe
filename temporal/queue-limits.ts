/** Reads and sets the limits that the server keeps for a task queue of activities, live and for all workers. */
import { fairnessKeysOf, GRPC_STATUS, isRecord } from '@cognito-verification/contract';
import type { ConnectionLike } from '@temporalio/client';
import { POLLED_WITHIN_MS } from './pollers.js';

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITIES = 2;

/** The limit of each try of a read that is repeated anyway. A worker's connection tries again for ten seconds. */
export const READ_TIMEOUT_MS = 2_000;
const SET_TIMEOUT_MS = 10_000;

/** A task queue of activities, and the connection of a client or of a worker to its server. */
export interface GovernedQueue {
  readonly connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** One rate, and who changed it last. All fields are absent if nobody ever did. */
export interface QueueRate {
  /** Tasks in a second; 0 lets none through. Absent: no limit. */
  readonly perSecond?: number | undefined;
  /** The identity that set or cleared it. */
  readonly setBy?: string | undefined;
  /** ISO 8601. */
  readonly setAt?: string | undefined;
  readonly reason?: string | undefined;
}

/** What the server lets through a task queue. */
export interface QueueLimits {
  /** For the whole queue. */
  readonly queueRate: QueueRate;
  /** For each fairness key: for the sends of each user pool, and as much for its attempts and looks. */
  readonly poolRate: QueueRate;
  /** How often a user pool has its turn beside one with the weight 1, which is that of all others. */
  readonly poolWeights: Readonly<Record<string, number>>;
}

/** What waits in a task queue, and for whom. */
export interface QueueLoad {
  /** About so many tasks wait. */
  readonly backlog: number;
  /** How long the oldest waits. */
  readonly oldestMs: number;
  /** The identities of the workers that polled in the last minute. */
  readonly workers: readonly string[];
}

/** Changes of limits. What is absent stays as it is; `null` clears. */
export interface QueueLimitChanges {
  readonly queueRate?: number | null | undefined;
  readonly poolRate?: number | null | undefined;
  readonly poolWeights?: Readonly<Record<string, number | null>> | undefined;
  /** Shown to whoever reads the limits. */
  readonly reason?: string | undefined;
  /** Who changes them. */
  readonly identity: string;
}

/** The server does not keep such limits, or not for this caller, or not these. The message says what to do. */
export class QueueLimitsError extends Error {
  override readonly name = 'QueueLimitsError';
  constructor(
    message: string,
    /** `TemporalUnavailable`: for the moment. */
    readonly code: 'NotSetUp' | 'InvalidRequest' | 'TemporalUnavailable',
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * Reads the limits, and what waits.
 * @returns undefined from a server that knows no task queue of this kind (`UNIMPLEMENTED`)
 * @throws the connection's error for everything else; each try takes two seconds at most
 */
export async function readQueueLimits(queue: GovernedQueue): Promise<(QueueLimits & QueueLoad) | undefined> {
  const { connection, namespace, taskQueue } = queue;
  try {
    const { config, stats, pollers } = await connection.withDeadline(Date.now() + READ_TIMEOUT_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
        taskQueueType: ACTIVITIES,
        reportConfig: true,
        reportStats: true,
      }),
    );
    return {
      ...limitsOf(config),
      backlog: Number(stats?.approximateBacklogCount ?? 0),
      oldestMs: msOf(stats?.approximateBacklogAge),
      workers: workersOf(pollers ?? []),
    };
  } catch (error) {
    if (statusOf(error) === GRPC_STATUS.UNIMPLEMENTED) return undefined;
    throw error;
  }
}

/**
 * Changes limits. They hold at once for what waits, and over restarts of the server.
 * @returns all limits after the change
 * @throws QueueLimitsError if the server refuses or does not know them
 */
export async function setQueueLimits(queue: GovernedQueue, changes: QueueLimitChanges): Promise<QueueLimits> {
  const { connection, namespace, taskQueue } = queue;
  const { queueRate, poolRate, poolWeights = {}, reason, identity } = changes;
  const weights = Object.entries(poolWeights).flatMap(([pool, weight]) =>
    Object.values(fairnessKeysOf(pool)).map((key) => [key, weight] as const),
  );
  try {
    const { config } = await connection.withDeadline(Date.now() + SET_TIMEOUT_MS, () =>
      connection.workflowService.updateTaskQueueConfig({
        namespace,
        identity,
        taskQueue,
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
        taskQueueType: ACTIVITIES,
        updateQueueRateLimit: updateOf(queueRate, reason),
        updateFairnessKeyRateLimitDefault: updateOf(poolRate, reason),
        setFairnessWeightOverrides: Object.fromEntries(
          weights.flatMap(([key, weight]) => (weight === null ? [] : [[key, weight]])),
        ),
        unsetFairnessWeightOverrides: weights.flatMap(([key, weight]) => (weight === null ? key : [])),
      }),
    );
    return limitsOf(config);
  } catch (error) {
    throw refusalOf(error, queue);
  }
}

/** The error of a server that keeps no limits. */
export function noQueueLimits({ namespace }: Pick<GovernedQueue, 'namespace'>, cause?: unknown): QueueLimitsError {
  return new QueueLimitsError(
    `The Temporal Service of namespace "${namespace}" does not know limits of task queues (UpdateTaskQueueConfig). They need Temporal Server 1.29 or newer. Until then nothing keeps many workers within Cognito's quotas but Cognito's throttling.`,
    'NotSetUp',
    cause,
  );
}

/** Of a server that remembers a version of its own that it never stored. */
const STUCK = 'Expected exactly one row to be updated';

function refusalOf(error: unknown, queue: GovernedQueue): unknown {
  const status = statusOf(error);
  if (status === GRPC_STATUS.UNIMPLEMENTED) return noQueueLimits(queue, error);
  const details = isRecord(error) && typeof error['details'] === 'string' ? error['details'] : String(error);
  // By its words alone: its status is that of a wrong request.
  if (details.includes(STUCK))
    return new QueueLimitsError(
      `The Temporal Service changes no limits of task queue ${queue.taskQueue} for some minutes, because an earlier change was cut off in the middle (${details}). Nothing was changed. Try again every minute; a restart of the server ends it at once. If calls must stop now, stop the workers.`,
      'TemporalUnavailable',
      error,
    );
  if (status === GRPC_STATUS.INVALID_ARGUMENT)
    return new QueueLimitsError(`The Temporal Service refuses these limits: ${details}`, 'InvalidRequest', error);
  if (status === GRPC_STATUS.PERMISSION_DENIED)
    return new QueueLimitsError(
      `The Temporal Service does not let this caller set limits of task queues in namespace "${queue.namespace}": ${details}. Use credentials with the right to write in the namespace.`,
      'NotSetUp',
      error,
    );
  return error;
}

/** An update without a rate removes it; `null` leaves it. */
function updateOf(rate: number | null | undefined, reason: string | undefined) {
  if (rate === undefined) return null;
  return { ...(rate === null ? {} : { rateLimit: { requestsPerSecond: rate } }), reason: reason ?? '' };
}

type Described = Awaited<ReturnType<ConnectionLike['workflowService']['describeTaskQueue']>>;
type Config = Described['config'];
type Rate = NonNullable<Config>['queueRateLimit'];
type Time = NonNullable<NonNullable<Rate>['metadata']>['updateTime'];

/** The server lists who has polled within five minutes. */
function workersOf(pollers: NonNullable<Described['pollers']>): string[] {
  const latestMs = Math.max(0, ...pollers.map(({ lastAccessTime }) => msOf(lastAccessTime)));
  const polling = pollers.filter(({ lastAccessTime }) => msOf(lastAccessTime) > latestMs - POLLED_WITHIN_MS);
  return [...new Set(polling.flatMap(({ identity }) => identity || []))].sort();
}

function limitsOf(config: Config): QueueLimits {
  return {
    queueRate: rateOf(config?.queueRateLimit),
    poolRate: rateOf(config?.fairnessKeysRateLimitDefault),
    poolWeights: Object.fromEntries(
      Object.entries(config?.fairnessWeightOverrides ?? {}).filter(([key]) => !key.includes('/')),
    ),
  };
}

function rateOf(rate: Rate): QueueRate {
  const { reason, updateIdentity, updateTime } = rate?.metadata ?? {};
  return {
    perSecond: rate?.rateLimit ? (rate.rateLimit.requestsPerSecond ?? 0) : undefined,
    setBy: updateIdentity || undefined,
    setAt: updateTime ? new Date(msOf(updateTime)).toISOString() : undefined,
    reason: reason || undefined,
  };
}

function msOf(time: Time): number {
  return Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
}

/** The status of an error of gRPC, which a worker's connection throws in a class of its own. */
function statusOf(error: unknown): unknown {
  return isRecord(error) ? error['code'] : undefined;
}
