import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type KeyRing, UnknownKeyError } from '@cognito-verification/codec';
import { CONVERTER_PATHS, workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import { cognitoTaskQueue, defined, errorName, type ServedUserPool, TASK_QUEUE } from '@cognito-verification/contract';
import type { DataConverter, Duration, WorkerDeploymentVersion } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { type NativeConnection, Runtime, Worker, type WorkerOptions, type WorkerStatus } from '@temporalio/worker';
import type { AccessTokenSource } from '../activities/access-token-source.js';
import { Allowance } from '../activities/allowance.js';
import type { ActivitiesOptions } from '../activities/cognito-caller.js';
import type { CognitoClients } from '../activities/cognito-clients.js';
import { createActivities, createDirectActivities } from '../activities/create-activities.js';
import { createEarlierCalls } from '../activities/earlier-calls.js';
import type { MessageGuard } from '../guard/message-guard.js';
import type { WorkerTracing } from '../tracing/worker-tracing.js';
import { earlierRuns } from './earlier-runs.js';
import { cachedWithin, heapLimitFor, withHeapLimit } from './memory.js';
import { callCounter, meterOf } from './metrics.js';
import { QueueFollower } from './queue-limit.js';
import { RunAwareWorker } from './run-aware-worker.js';
import { type Pollers, WORKER_SETTINGS, type WorkerSettings } from './worker-settings.js';
import { buildIdOfFile, runnableBundle, WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js';

/** The two workers of a process: one for the verifications, one for the calls to Cognito, which have their own task queue. */
export interface VerificationWorker {
  /** Polls. Resolves when all work has ended after `shutdown`; rejects if a worker fails. */
  run(): Promise<void>;
  /** Stops polling. Work under way has the grace time to finish. */
  shutdown(): void;
  /** The version of a Worker Deployment that it is; undefined where it is unversioned. */
  readonly version: WorkerDeploymentVersion | undefined;
  /** For health and readiness. */
  status(): { workflows: WorkerStatus | undefined; cognito: WorkerStatus | undefined };
}

/** Required: `connection`, `namespace`, `keys`, `userPools` and `cognito`. */
export interface VerificationWorkerOptions extends WorkerSettings {
  connection: NativeConnection;
  namespace: string;
  /**
   * The keys that seal and open payloads. No process of a deployment starts without. `undefined` leaves all payloads in
   * plain text: benchmarks measure the cost of sealing with it, and tests make sure that they would find a secret.
   */
  keys: KeyRing | undefined;
  /**
   * The user pools to serve, as `userPoolsFromSettings` of the codec reads them. For another pool Cognito is never called:
   * the call is tried again on other workers until its budget ends. Read anew for each call.
   */
  userPools: Iterable<ServedUserPool>;
  /** The clients for the calls to Cognito. */
  cognito: CognitoClients;
  /** Finds the access tokens that references stand for. Default: none, and a verification with a reference fails. */
  accessTokenSource?: AccessTokenSource | undefined;
  /** Default: `TASK_QUEUE`. */
  taskQueue?: string | undefined;
  /** Default: the bundle of this build. */
  workflowBundlePath?: string | undefined;
  /** What the calls draw on that this process makes past the task queue of calls. Default: one of `directCallsPerSecond`. */
  allowance?: Allowance | undefined;
  /** What makes spans, as `startTracing` returns it; the caller closes it. Default: no tracing. */
  tracing?: WorkerTracing | undefined;
  /**
   * Asked before each message, and told of each code that was right: one of your own, or what `createMessageGuard` makes. Whoever
   * makes it closes it. Default: none, and every message leaves.
   */
  messageGuard?: MessageGuard | undefined;
}

/**
 * Makes the workers of a process; the caller runs them.
 * @throws the errors of `Worker.create`
 */
export async function createWorker(given: VerificationWorkerOptions): Promise<VerificationWorker> {
  const { connection, namespace, only, taskQueue = TASK_QUEUE } = given;
  const { directCallsPerSecond = WORKER_SETTINGS.directCallsPerSecond.default } = given;
  // Calls are a process of their own where this one decides only, and their rate is governed there.
  const allowance = only === 'workflows' ? new Allowance(0) : (given.allowance ?? new Allowance(directCallsPerSecond));
  const identity = ownIdentity(given.identity);
  const cognito = given.tracing?.cognito(given.cognito) ?? given.cognito;
  const version = await versionOf(given);
  const options = { ...given, cognito, identity, version };
  const queue = { connection, namespace, taskQueue: cognitoTaskQueue(taskQueue) };
  const follower = new QueueFollower({ queue, allowance, identity });
  // A half makes no direct calls.
  const isWhole = only === undefined;
  const limitRead = isWhole ? follower.readFirst() : undefined;
  const workflows = only === 'calls' ? undefined : await createWorkflowWorker(options, allowance);
  const calls =
    only === 'workflows'
      ? undefined
      : await createCallWorker(options, allowance).catch(async (error: unknown) => {
          // A worker holds the connection until it has run.
          const run = workflows?.run();
          workflows?.shutdown();
          await run;
          throw error;
        });
  const workers = [workflows, calls].filter((worker) => worker !== undefined);
  const unread = await limitRead;
  if (unread) Runtime.instance().logger.warn(LIMIT_UNREAD, { reason: errorName(unread) });
  const runAll = () => runTogether(workers, msToNumber(graceTimeOf(options)) + TO_SPARE_MS);
  return {
    version,
    run: () => (isWhole ? follower.whileWorking(runAll) : runAll()),
    shutdown: () => shutdownAll(workers),
    status: () => ({ workflows: workflows?.getStatus(), cognito: calls?.getStatus() }),
  };
}

/** The name that the operator has given, or the SDK's, made different from those of all other processes: they are counted by it. */
function ownIdentity(name = `${process.pid}@${hostname()}`): string {
  return `${name}#${randomBytes(4).toString('hex')}`;
}

const LIMIT_UNREAD =
  'The limit of the task queue of calls cannot be read, so that this worker makes no direct calls until it can';

/** The options, and what follows from them for both workers. */
interface Prepared extends VerificationWorkerOptions {
  version: WorkerDeploymentVersion | undefined;
}

async function versionOf(options: VerificationWorkerOptions): Promise<WorkerDeploymentVersion | undefined> {
  const { deploymentName, buildId, workflowBundlePath = WORKFLOW_BUNDLE_PATH } = options;
  return deploymentName === undefined
    ? undefined
    : { deploymentName, buildId: buildId ?? (await buildIdOfFile(workflowBundlePath)) };
}

async function createWorkflowWorker(options: Prepared, allowance: Allowance): Promise<Worker> {
  const { cognito } = options;
  const { workflowTaskPollers, workflowStackTraces } = options;
  const { taskQueue = TASK_QUEUE, workflowBundlePath = WORKFLOW_BUNDLE_PATH } = options;
  const { workerMemoryMb = WORKER_SETTINGS.workerMemoryMb.default } = options;
  const { maxCachedWorkflows: wanted = cachedWithin(workerMemoryMb) } = options;
  // Core takes no cache without two tasks at the same time, and then the second would evict the only one that is kept.
  const maxCachedWorkflows = wanted === 1 ? 0 : wanted;
  const { maxConcurrentWorkflowTasks = WORKER_SETTINGS.maxConcurrentWorkflowTasks.default } = options;
  const { stickyTimeout = WORKER_SETTINGS.stickyTimeout.default } = options;
  const bundle = await runnableBundle(workflowBundlePath, {
    stackTraces: workflowStackTraces === true,
    traced: options.tracing !== undefined,
  });
  let worker: RunAwareWorker | undefined;
  const isBusy = (runId: string) => worker?.isRunning(runId) ?? false;
  const untilBusyMs = (runId: string) => worker?.queryBeginsMs(runId) ?? 0;
  const calls = callsOf(options, allowance, 'direct');
  const create = () =>
    RunAwareWorker.create({
      ...commonOf(options),
      taskQueue,
      ...bundle,
      ...defined({ sinks: options.tracing?.sinks }),
      activities: createDirectActivities(cognito, { ...calls, isBusy, untilBusyMs }),
      maxCachedWorkflows,
      // Core (of SDK 1.24) without a cache evicts a verification while its local activity runs, once another task comes: the task is lost.
      maxConcurrentWorkflowTaskExecutions:
        maxCachedWorkflows === 0 ? 1 : Math.min(maxConcurrentWorkflowTasks, maxCachedWorkflows),
      stickyQueueScheduleToStartTimeout: stickyTimeout,
      ...defined({ workflowTaskPollerBehavior: pollerBehaviorOf(workflowTaskPollers) }),
    });
  worker = await withHeapLimit(heapLimitFor(maxCachedWorkflows), create);
  return worker;
}

async function createCallWorker(options: Prepared, allowance: Allowance): Promise<Worker> {
  const { connection, namespace, keys, cognito } = options;
  const { maxConcurrentCalls = WORKER_SETTINGS.maxConcurrentCalls.default } = options;
  const calls = callsOf(options, allowance, 'governed');
  return await Worker.create({
    ...commonOf(options),
    taskQueue: cognitoTaskQueue(options.taskQueue),
    activities: {
      ...createActivities(cognito, calls),
      ...createEarlierCalls(earlierRuns(connection, namespace, keys)),
    },
    maxConcurrentActivityTaskExecutions: maxConcurrentCalls,
    ...defined({ activityTaskPollerBehavior: pollerBehaviorOf(options.callPollers) }),
  });
}

/** @param path how the calls come to the worker */
function callsOf(
  options: VerificationWorkerOptions,
  allowance: Allowance,
  path: 'direct' | 'governed',
): ActivitiesOptions {
  const { userPools, accessTokenSource, messageGuard } = options;
  const onCallEnd = callCounter(meterOf(options), path, userPools);
  return { userPools, accessTokenSource, allowance, messageGuard, onCallEnd };
}

function commonOf(options: Prepared) {
  const { connection, namespace, keys, identity, tracing, version } = options;
  return {
    connection,
    namespace,
    dataConverter: keys ? sealingConverter(keys) : CONVERTER_PATHS,
    shutdownGraceTime: graceTimeOf(options),
    ...defined({
      identity,
      interceptors: tracing && { activity: [tracing.activities] },
      workerDeploymentOptions: version && pinnedTo(version),
    }),
  } as const;
}

/** Each verification, and each call that it makes, stays on the version that took it up first. */
function pinnedTo(version: WorkerDeploymentVersion): NonNullable<WorkerOptions['workerDeploymentOptions']> {
  return { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' };
}

/** Without a setting the SDK takes ten, or as many as there are slots if those are fewer. */
function pollerBehaviorOf(pollers: Pollers | undefined): WorkerOptions['activityTaskPollerBehavior'] {
  if (pollers === undefined) return undefined;
  if (typeof pollers === 'number') return { type: 'simple-maximum', maximum: pollers };
  const { least: minimum, most: maximum } = pollers;
  // The SDK begins with 5, which must lie between the two.
  return { type: 'autoscaling', minimum, maximum, initial: Math.min(Math.max(5, minimum), maximum) };
}

function graceTimeOf({ shutdownGraceTime = WORKER_SETTINGS.shutdownGraceTime.default }: WorkerSettings): Duration {
  return shutdownGraceTime;
}

/** If one worker fails, the other must not go on alone: the process ends, and its supervisor starts it again. */
async function runTogether(workers: readonly Worker[], stopLimitMs: number): Promise<void> {
  const running = Promise.all(
    workers.map((worker) =>
      worker.run().catch((error: unknown) => {
        shutdownAll(workers);
        throw error;
      }),
    ),
  );
  const stuck = stuckWhileStopping(workers, stopLimitMs);
  try {
    await Promise.race([running, stuck.rejects]);
  } finally {
    stuck.dispose();
  }
}

function shutdownAll(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** A worker that has not ended so long after its grace time does not end. */
const TO_SPARE_MS = 15_000;

/**
 * Notices a worker that does not end: after some errors the SDK stops polling and never finishes. Such a process looks alive
 * and does nothing, so it has to end for its supervisor to start another.
 */
function stuckWhileStopping(workers: readonly Worker[], limitMs: number): { rejects: Promise<never>; dispose(): void } {
  let dispose = () => {};
  const rejects = new Promise<never>((_resolve, reject) => {
    let stoppingSince: number | undefined;
    const look = setInterval(() => {
      const stopping = workers.some(
        (worker) => !['INITIALIZED', 'RUNNING', 'STOPPED', 'FAILED'].includes(worker.getState()),
      );
      stoppingSince = stopping ? (stoppingSince ?? performance.now()) : undefined;
      if (stoppingSince !== undefined && performance.now() - stoppingSince > limitMs) {
        reject(
          new Error(
            'A worker of this process has stopped working and does not end; see the errors in the log before this.',
          ),
        );
      }
    }, 1_000);
    dispose = () => clearInterval(look);
  });
  rejects.catch(() => undefined);
  return { rejects, dispose };
}

/** The sender of a payload that cannot be opened learns no more than that; the log says why, and for which workflow. */
function sealingConverter(keys: KeyRing): DataConverter {
  return workerDataConverter(keys, (error, place) => {
    Runtime.instance().logger.warn(`Cannot open a payload: ${error.message}`, {
      reason: error.code,
      // A field of its own, because the message is redacted and a number in it may be taken for a code.
      keyId: error instanceof UnknownKeyError ? error.keyId : undefined,
      workflowId: place?.workflowId,
      activityId: place?.type === 'activity' ? place.activityId : undefined,
    });
  });
}
