/** Changes where new verifications go. No option that would let them go where nobody works is ever used. */
import { readServiceError } from '@cognito-verification/client';
import { GRPC_STATUS } from '@cognito-verification/contract';
import type { Deployment, DeploymentPlace } from './versions.js';

const SET_LIMIT_MS = 15_000;

/** The server refuses a change of the routing, or it would leave verifications without a worker. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
  constructor(
    message: string,
    /** `Refused`: it is not done. `WorkerUnavailable`: workers are missing. `NotSetUp`: this caller may not, or the server cannot. */
    readonly code: 'Refused' | 'WorkerUnavailable' | 'NotSetUp',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * New verifications go to this version, but for those that another one gets by a ramp.
 * @param seen what the decision was made on: if somebody has changed it since, nothing is done
 * @param identity who changes it
 * @throws DeploymentError if the server refuses; the service's error
 */
export async function makeCurrent(
  place: DeploymentPlace,
  seen: Deployment,
  { buildId, identity }: { buildId: string; identity: string },
): Promise<void> {
  const { connection, namespace, deploymentName } = place;
  await change(place, () =>
    connection.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId,
      conflictToken: seen.conflictToken,
      identity,
    }),
  );
}

/**
 * A part of the new verifications goes to this version.
 * @param percent of the new verifications; 0 ends the ramp, whichever it was
 * @returns the conflict token of the deployment after it
 * @throws DeploymentError if the server refuses; the service's error
 */
export async function rampTo(
  place: DeploymentPlace,
  seen: Deployment,
  { buildId, percent, identity }: { buildId: string; percent: number; identity: string },
): Promise<Uint8Array> {
  const { connection, namespace, deploymentName } = place;
  const { conflictToken } = await change(place, () =>
    connection.workflowService.setWorkerDeploymentRampingVersion({
      namespace,
      deploymentName,
      // Without a build and without a part there is no ramp.
      buildId: percent === 0 ? '' : buildId,
      percentage: percent,
      conflictToken: seen.conflictToken,
      identity,
    }),
  );
  return conflictToken;
}

async function change<Answer>(
  { connection, deploymentName }: DeploymentPlace,
  set: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await connection.withDeadline(Date.now() + SET_LIMIT_MS, set);
  } catch (error) {
    throw refusalOf(error, deploymentName);
  }
}

function refusalOf(error: unknown, deploymentName: string): unknown {
  const { code, words = '' } = readServiceError(error) ?? {};
  if (code === GRPC_STATUS.UNIMPLEMENTED)
    return new DeploymentError(
      'This Temporal Server knows no Worker Deployments. Upgrade it to 1.31 or newer, or run unversioned workers.',
      'NotSetUp',
      { cause: error },
    );
  if (code === GRPC_STATUS.PERMISSION_DENIED)
    return new DeploymentError(`This caller may not change the routing of ${deploymentName}: ${words}.`, 'NotSetUp', {
      cause: error,
    });
  if (code === undefined || !REFUSALS.includes(code)) return error;
  const why = /conflict token/i.test(words)
    ? 'Somebody else has changed it in this moment. Look (deploy status), and run this again.'
    : `${words}.`;
  return new DeploymentError(`The routing of ${deploymentName} was not changed. ${why}`, 'Refused', { cause: error });
}

const REFUSALS: readonly number[] = [
  GRPC_STATUS.FAILED_PRECONDITION,
  GRPC_STATUS.INVALID_ARGUMENT,
  GRPC_STATUS.NOT_FOUND,
  GRPC_STATUS.ABORTED,
];
