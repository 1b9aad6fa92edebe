import { CONVERTER_PATHS, type KeyRing, UnknownKeyError, workerDataConverter } from '@cognito-verification/codec';
import { cognitoTaskQueue, TASK_QUEUE } from '@cognito-verification/contract';
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Runtime, Worker, type WorkerStatus } from '@temporalio/worker';
import type { AccessTokenSource } from '../activities/access-token-source.js';
import { createActivities } from '../activities/cognito.js';
import type { CognitoClients } from '../activities/cognito-clients.js';
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js';

/** The workers of one process: one for the verifications, one for the calls to Cognito on a task queue of their own. */
export interface VerificationWorker {
  /** Resolves once `shutdown` was called and all work has drained; rejects when a worker fails. */
  run(): Promise<void>;
  /** Stops polling and lets what is under way finish, within the grace time. */
  shutdown(): void;
  /** For health and readiness. */
  status(): { workflows: WorkerStatus; cognito: WorkerStatus };
}

export interface VerificationWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  /**
   * What seals and opens payloads. No process of a deployment starts without; `undefined` leaves everything in plain
   * text, to measure what sealing costs, and to see that the tests for secrets would find them.
   */
  keys: KeyRing | undefined;
  /** Where the calls to Cognito go. */
  cognito: CognitoClients;
  /** Finds the access tokens that references stand for. Default: none, and a verification with a reference fails. */
  accessTokenSource?: AccessTokenSource | undefined;
  /** Default `TASK_QUEUE`. */
  taskQueue?: string;
  /** How many verifications are kept in memory between tasks (about 0.3 MB each). Default: the SDK's, by heap size. */
  maxCachedWorkflows?: number;
  /** Default: the bundle of this build. */
  workflowBundlePath?: string;
  /** How it names itself in histories. Default: the SDK's, which is process id and host name. */
  identity?: string;
}

/**
 * Lets a call to Cognito end, for one that is cut off leaves a message that nobody knows of: 5 s for the token behind a
 * reference, 3 s for a look at the attribute, 22 s for the call itself, and some to spare.
 */
const SHUTDOWN_GRACE_TIME = '35 seconds';

/** Used by the process entry, the local stack, the tests and the benchmarks alike. */
export async function createWorker(options: VerificationWorkerOptions): Promise<VerificationWorker> {
  const {
    connection,
    namespace,
    keys,
    cognito,
    accessTokenSource,
    taskQueue = TASK_QUEUE,
    maxCachedWorkflows,
    workflowBundlePath = WORKFLOW_BUNDLE_PATH,
    identity,
  } = options;
  const named = identity === undefined ? {} : { identity };
  const dataConverter = keys ? sealing(keys) : CONVERTER_PATHS;
  const workflows = await Worker.create({
    connection,
    namespace,
    taskQueue,
    dataConverter,
    workflowBundle: { codePath: workflowBundlePath },
    shutdownGraceTime: SHUTDOWN_GRACE_TIME,
    ...named,
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
  });
  const calls = await Worker.create({
    connection,
    namespace,
    taskQueue: cognitoTaskQueue(taskQueue),
    dataConverter,
    activities: createActivities(cognito, { accessTokenSource }),
    shutdownGraceTime: SHUTDOWN_GRACE_TIME,
    ...named,
  }).catch(async (error: unknown) => {
    // A worker that was made holds the connection until it has run.
    const run = workflows.run();
    workflows.shutdown();
    await run;
    throw error;
  });
  const workers = [workflows, calls];
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    // When one of the two fails the other must not go on alone: the process ends, and its supervisor starts it anew.
    run: async () => {
      const running = Promise.all(
        workers.map((worker) =>
          worker.run().catch((error: unknown) => {
            shutdown();
            throw error;
          }),
        ),
      );
      const stuck = stuckWhileStopping(workers);
      try {
        await Promise.race([running, stuck.rejects]);
      } finally {
        stuck.dispose();
      }
    },
    shutdown,
    status: () => ({ workflows: workflows.getStatus(), cognito: calls.getStatus() }),
  };
}

/** Past the grace time, with some to spare. */
const STOPPED_BY_MS = 50_000;

/**
 * Notices a worker that does not come to its end: after some errors the SDK stops polling and never finishes. Such a
 * process looks alive and does nothing, so it has to end, for its supervisor to start another.
 */
function stuckWhileStopping(workers: readonly Worker[]): { rejects: Promise<never>; dispose(): void } {
  let dispose = () => {};
  const rejects = new Promise<never>((_resolve, reject) => {
    let stoppingSince: number | undefined;
    const look = setInterval(() => {
      const stopping = workers.some(
        (worker) => !['INITIALIZED', 'RUNNING', 'STOPPED', 'FAILED'].includes(worker.getState()),
      );
      stoppingSince = stopping ? (stoppingSince ?? performance.now()) : undefined;
      if (stoppingSince !== undefined && performance.now() - stoppingSince > STOPPED_BY_MS) {
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

/** Whoever sent a payload that cannot be opened learns that much at most; the log says which workflow it is, and why. */
function sealing(keys: KeyRing): DataConverter {
  return workerDataConverter(keys, (error, place) => {
    Runtime.instance().logger.warn(`Cannot open a payload: ${error.message}`, {
      reason: error.code,
      // As a field: in a text a number may be taken for a code.
      ...(error instanceof UnknownKeyError ? { keyId: error.keyId } : {}),
      ...(place?.workflowId === undefined ? {} : { workflowId: place.workflowId }),
      ...(place?.type === 'activity' && place.activityId !== undefined ? { activityId: place.activityId } : {}),
    });
  });
}
