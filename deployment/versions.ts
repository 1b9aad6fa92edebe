/** Reads a Worker Deployment: its versions, where new verifications go, which are open on each version, and who works for it. */
import { readServiceError } from '@cognito-verification/client';
import { cognitoTaskQueue, GRPC_STATUS, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { ConnectionLike } from '@temporalio/client';
import { type Half, POLLED_WITHIN_MS, type Poller, readEndedWorkers, readPollers } from '../temporal/pollers.js';

const CALL_LIMIT_MS = 5_000;

/** A Worker Deployment, and the connection to its server. */
export interface DeploymentPlace {
  readonly connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  /** That of the verifications. */
  readonly taskQueue: string;
  readonly deploymentName: string;
}

/** By the numbers of `WorkerDeploymentVersionStatus` in Temporal's API. `draining`: it gets no new verifications, and has open ones. */
const STATUSES = ['unknown', 'inactive', 'current', 'ramping', 'draining', 'drained', 'created'] as const;
type VersionStatus = (typeof STATUSES)[number];

/** The identities of those who poll now, or within the last 75 seconds without a clean end since. */
export type Workers = Readonly<Record<Half, readonly string[]>>;

/** One version of a deployment. */
export interface DeployedVersion {
  readonly buildId: string;
  /** The server looks every three minutes whether a version that drains has drained. */
  readonly status: VersionStatus;
  /** When it was made current for the last time, in milliseconds of the epoch. Absent if it never was. */
  readonly currentSinceMs?: number | undefined;
  readonly workers: Workers;
}

/** Where new verifications go, and to whom. */
export interface Deployment {
  readonly deploymentName: string;
  /** The build id of the current version. Absent where new verifications go to unversioned workers. */
  readonly current?: string | undefined;
  /** A part of the new verifications, in percent, goes to another version: to `buildId`, or to unversioned workers. */
  readonly ramp?: { readonly buildId?: string | undefined; readonly percent: number } | undefined;
  /** Who alone may change the routing, such as a controller in Kubernetes. */
  readonly manager?: string | undefined;
  /** The newest first. */
  readonly versions: readonly DeployedVersion[];
  /** Who polls without a version. */
  readonly unversioned: Workers;
  /** Whether a change of the routing has not reached every task queue yet. */
  readonly isChanging: boolean;
  /** With it a change is refused if somebody else has made one since. */
  readonly conflictToken: Uint8Array;
}

/**
 * Reads the deployment and its pollers.
 * @returns undefined if no worker of the deployment has ever polled
 * @throws the service's error, after five seconds at most
 */
export async function readDeployment(place: DeploymentPlace): Promise<Deployment | undefined> {
  const { namespace, deploymentName } = place;
  const described = await call(place, (service) =>
    service.describeWorkerDeployment({ namespace, deploymentName }),
  ).catch((error: unknown) => {
    if (readServiceError(error)?.code === GRPC_STATUS.NOT_FOUND && !/namespace/i.test(String(error))) return undefined;
    throw error;
  });
  const workers = await readWorkers(place);
  const info = described?.workerDeploymentInfo;
  if (!info) return undefined;
  const { routingConfig: routing, versionSummaries = [] } = info;
  const percent = routing?.rampingVersionPercentage ?? 0;
  const newestFirst = (versionSummaries ?? []).toSorted(
    (a, b) => (msOf(b.createTime) ?? 0) - (msOf(a.createTime) ?? 0),
  );
  return {
    deploymentName,
    current: routing?.currentDeploymentVersion?.buildId || undefined,
    ramp: percent > 0 ? { buildId: routing?.rampingDeploymentVersion?.buildId || undefined, percent } : undefined,
    manager: info.managerIdentity || undefined,
    versions: newestFirst.map(({ deploymentVersion, status, lastCurrentTime }) => ({
      buildId: deploymentVersion?.buildId ?? '',
      status: STATUSES[codeOf(status)] ?? 'unknown',
      currentSinceMs: msOf(lastCurrentTime),
      workers: workers(deploymentVersion?.buildId ?? ''),
    })),
    unversioned: workers(undefined),
    isChanging: codeOf(info.routingConfigUpdateState) === IN_PROGRESS,
    conflictToken: described?.conflictToken ?? new Uint8Array(),
  };
}

/** `ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS` of Temporal's API. */
const IN_PROGRESS = 1;

/**
 * Counts the open verifications of each version, and those of no version, on this task queue. The server's list is a second or two
 * behind. Versions that never had one, and drained ones, are not asked about: a namespace allows few such questions a second.
 * @param startedBeforeMs of those of no version, which new ones are too until their first workflow task ends. Default: all
 * @throws the service's error
 */
export async function countOpen(
  place: DeploymentPlace,
  versions: readonly DeployedVersion[],
  startedBeforeMs?: number,
): Promise<{ byBuild: Map<string, number>; unversioned: number }> {
  const { namespace, deploymentName, taskQueue } = place;
  const count = async (which: string) => {
    const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND ${which}`;
    const answer = await call(place, (service) => service.countWorkflowExecutions({ namespace, query }));
    return Number(answer.count ?? 0);
  };
  const byBuild = new Map<string, number>();
  for (const { buildId, status } of versions) {
    if (['drained', 'created'].includes(status)) continue;
    byBuild.set(buildId, await count(`${VERSION_OF_RUN} = '${deploymentName}:${buildId}'`));
  }
  const onQueue = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const started = startedBeforeMs === undefined ? '' : ` AND StartTime < '${new Date(startedBeforeMs).toISOString()}'`;
  return { byBuild, unversioned: await count(`${VERSION_OF_RUN} IS NULL AND ${onQueue}${started}`) };
}

/** The search attribute in which the server keeps the version of a run, as `deployment:build`. */
export const VERSION_OF_RUN = 'TemporalWorkerDeploymentVersion';

/** Who polls for a build id, or without a version. */
async function readWorkers(place: DeploymentPlace): Promise<(buildId: string | undefined) => Workers> {
  const { namespace, taskQueue, deploymentName } = place;
  const read = async (half: Half) => {
    const queue = { namespace, taskQueue: half === 'calls' ? cognitoTaskQueue(taskQueue) : taskQueue, half };
    const [pollers, ended] = await Promise.all([
      call(place, (service) => readPollers(service, queue)),
      call(place, (workflowService) => readEndedWorkers({ workflowService }, queue)),
    ]);
    return pollers.filter(({ identity }) => !ended.has(identity));
  };
  const [workflows, calls] = await Promise.all([read('workflows'), read('calls')]);
  const nowMs = Date.now();
  const isHere = ({ polledAtMs }: Poller) => polledAtMs > nowMs - POLLED_WITHIN_MS;
  const identities = (pollers: readonly Poller[], buildId: string | undefined) =>
    pollers
      .filter(isHere)
      .filter(({ version }) =>
        buildId === undefined ? !version : version?.deploymentName === deploymentName && version.buildId === buildId,
      )
      .map(({ identity }) => identity)
      .sort();
  return (buildId) => ({ workflows: identities(workflows, buildId), calls: identities(calls, buildId) });
}

async function call<Answer>(
  { connection }: DeploymentPlace,
  ask: (service: ConnectionLike['workflowService']) => Promise<Answer>,
): Promise<Answer> {
  return await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () => ask(connection.workflowService));
}

function msOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number | undefined {
  return time ? Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1_000_000) : undefined;
}

/** The number of a value of an enum of Temporal's API, whose types are of a package of the SDK's own. */
function codeOf(value: number | null | undefined): number {
  return value ?? 0;
}
