/** What `deploy` does once its options are checked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { explainServiceError } from '@cognito-verification/client';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { isServed, missingHalves, rollbackOf, unservedOf, versionOf } from '../../deployment/decisions.js';
import { DeploymentError, makeCurrent, rampTo } from '../../deployment/routing.js';
import { countOpen, type Deployment, type DeploymentPlace, readDeployment } from '../../deployment/versions.js';
import { errorCode } from '../../log/error-code.js';
import { loadTemporalConfig } from '../../temporal/config.js';
import { connectClient } from '../../temporal/connect-client.js';
import { explainMissingNamespace } from '../../temporal/missing-namespace.js';
import { workerSettings } from '../../worker/worker-settings.js';
import { EXIT } from '../exit-codes.js';
import type { Interruption } from '../interruption.js';
import { operator } from '../operator.js';
import { print } from '../print.js';
import { startProgress } from '../progress.js';
import type { ReplayReport } from '../replay/report.js';
import { InterruptedError, UsageError } from '../usage-error.js';
import type { DeployOptions, DeployRequest } from './options.js';
import { changeInWords, type Done, deploymentDocument, deploymentInWords } from './report.js';

const WAIT_MS = 120_000;
/** The workers are there, or the way back is closed. */
const ROLLBACK_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
/** By then a new verification is on a version, if workers serve it, and the server's list shows that. */
const NEW_FOR_MS = 10_000;
/** A change reaches every task queue within a moment. */
const SETTLE_MS = 10_000;
/** Open verifications that are replayed, evenly over their states. */
const MOST_REPLAYED = 2_000;

/** What an action works with. */
interface Work {
  place: DeploymentPlace;
  request: DeployRequest;
  options: DeployOptions;
  identity: string;
  /** What is changed so far. */
  changed?: Done | undefined;
}

/** A change was made, and what came after it failed, for the reason of the `cause`. */
class AfterChangeError extends Error {
  override readonly name = 'AfterChangeError';
  readonly code: string;
  constructor(
    readonly done: Done,
    cause: Error,
  ) {
    super(`${changeInWords(done)} That is done. What came after it failed: ${cause.message}`, { cause });
    this.code = errorCode(cause) ?? 'Internal';
  }
}

/** An open verification does not replay on the build, so that the build is not promoted. */
class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code = 'DoesNotReplay';
  constructor(
    message: string,
    /** The report of `replay --json`. */
    readonly replay: unknown,
  ) {
    super(message);
  }
}

/**
 * Shows or changes the routing of the deployment.
 * @returns the exit code
 */
export async function runDeploy(
  request: DeployRequest,
  options: DeployOptions,
  interruption: Interruption,
): Promise<number> {
  const config = loadTemporalConfig();
  const deploymentName = options.deployment ?? workerSettings().deploymentName;
  if (deploymentName === undefined)
    throw new UsageError('Which Worker Deployment? Set TEMPORAL_DEPLOYMENT_NAME as for the workers, or --deployment.');
  const replay = options.replay ? await replayFirst(request, options, interruption) : undefined;
  const { connection, close } = await connectClient(config);
  const { namespace, taskQueue } = config;
  const place = { connection, namespace, taskQueue, deploymentName };
  const work: Work = { place, request, options, identity: operator() };
  try {
    const done = await perform(work);
    work.changed = done;
    const deployment = await settled(place, done !== undefined);
    const open = await countOpen(place, deployment.versions);
    const unserved = unservedOf(deployment, open);
    print(
      options,
      { namespace, ...deploymentDocument(deployment, open), unserved, done, replay },
      deploymentInWords({ namespace, deployment, open, unserved, done, replayed: replay?.replayed }),
    );
    return unserved.length > 0 && done === undefined ? EXIT.unsuccessful : EXIT.done;
  } catch (error) {
    const known = explainMissingNamespace(error, namespace);
    const why = known === error ? (explainServiceError(error, namespace) ?? error) : known;
    throw work.changed && why instanceof Error ? new AfterChangeError(work.changed, why) : why;
  } finally {
    await close();
  }
}

/** @returns what was done; undefined where only to look was asked for */
async function perform(work: Work): Promise<Done | undefined> {
  const { action, percent } = work.request;
  if (action === 'status') return undefined;
  if (action === 'rollback') return await rollBack(work);
  if (action === 'ramp' && percent === 0) return await endRamp(work);
  return await moveTo(work, await wantedBuild(work.options), action === 'ramp' ? percent : undefined);
}

/** @param percent undefined to make the build current */
async function moveTo(work: Work, buildId: string, percent: number | undefined): Promise<Done> {
  const { place, identity } = work;
  const seen = await untilServed(work, buildId);
  const { current: from } = seen;
  if (from !== buildId) await refuseUnreplayed(work, buildId, from);
  if (percent === undefined) {
    await allTo(work, seen, buildId);
    return { action: 'promote', buildId, from: from === buildId && seen.ramp ? seen.ramp.buildId : from };
  }
  if (from === buildId)
    throw new DeploymentError(
      `${buildId} is current: all new verifications go to it. For another build use its own program, or name it: --build. Nothing was changed.`,
      'Refused',
    );
  if (from === undefined && !isServed(seen.unversioned))
    throw new DeploymentError(
      `No version of ${place.deploymentName} is current, and no unversioned worker polls both task queues: ${100 - percent} % of the new verifications would have no worker. Make a version current first: cognito-verification deploy promote`,
      'Refused',
    );
  await rampTo(place, seen, { buildId, percent, identity });
  return { action: 'ramp', buildId, percent, from };
}

/**
 * What unversioned workers have begun goes on with the build, and would stand still if it does not replay. The first version has not taken
 * over all of it: a verification belongs to a version from its next workflow task on only, and that may be a day later.
 * @param from the version that is current. New verifications are then not of unversioned workers.
 * @throws DeploymentError if there is such a verification and nothing was replayed
 */
async function refuseUnreplayed({ place, options }: Work, buildId: string, from: string | undefined): Promise<void> {
  if (options.replay) return;
  const { unversioned } = await countOpen(place, [], from === undefined ? undefined : Date.now() - NEW_FOR_MS);
  if (unversioned === 0) return;
  throw new DeploymentError(
    `${unversioned === 1 ? 'One open verification is' : `${unversioned} open verifications are`} on unversioned workers and will go on with ${buildId}. Find out first whether it can: add --replay. Nothing was changed.`,
    'Refused',
  );
}

async function endRamp({ place, identity }: Work): Promise<Done> {
  const before = await existing(place);
  refuseManaged(before, identity);
  if (before.ramp) await rampTo(place, before, { buildId: '', percent: 0, identity });
  return {
    action: 'ramp',
    buildId: before.current,
    percent: 0,
    from: before.ramp ? before.ramp.buildId : before.current,
  };
}

async function rollBack(work: Work): Promise<Done> {
  const { place, identity, options } = work;
  const before = await existing(place);
  refuseManaged(before, identity);
  const rollback = rollbackOf(before, options.build);
  if (rollback.kind === 'nothing') throw new DeploymentError(rollback.why, 'Refused');
  if (rollback.kind === 'endRamp') {
    await rampTo(place, before, { buildId: '', percent: 0, identity });
    return { action: 'rollback', buildId: before.current, from: rollback.from };
  }
  const { buildId, from } = rollback;
  const seen = await untilServed({ ...work, options: { ...options, wait: options.wait ?? ROLLBACK_WAIT_MS } }, buildId);
  // Decided before the wait, in which somebody else may have changed the routing.
  await allTo(work, { ...seen, conflictToken: before.conflictToken }, buildId);
  return { action: 'rollback', buildId, from };
}

/** All new verifications go to the build. A ramp to another one would stay, so it ends first. */
async function allTo(work: Work, seen: Deployment, buildId: string): Promise<void> {
  const { place, identity } = work;
  let { conflictToken } = seen;
  if (seen.ramp && seen.ramp.buildId !== buildId) {
    conflictToken = await rampTo(place, seen, { buildId, percent: 0, identity });
    work.changed = { action: 'ramp', buildId: seen.current, percent: 0, from: seen.ramp.buildId };
  }
  await makeCurrent(place, { ...seen, conflictToken }, { buildId, identity });
}

/**
 * Waits until workers of the build poll both task queues.
 * @throws DeploymentError once the time is over, with what is missing; at once if somebody else manages the deployment
 */
async function untilServed({ place, options, identity }: Work, buildId: string): Promise<Deployment> {
  const untilMs = performance.now() + (options.wait ?? WAIT_MS);
  const progress = startProgress(process.stderr, `task queues that workers of ${buildId} poll:`);
  try {
    for (;;) {
      const deployment = await readDeployment(place);
      if (deployment) refuseManaged(deployment, identity);
      const workers = deployment && versionOf(deployment, buildId)?.workers;
      if (deployment && isServed(workers)) return deployment;
      progress.step(2 - missingHalves(workers).length, 2, 0);
      if (performance.now() > untilMs) throw notServed(place, deployment, buildId);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    progress.end();
  }
}

function notServed(
  { taskQueue, deploymentName }: DeploymentPlace,
  deployment: Deployment | undefined,
  buildId: string,
): DeploymentError {
  const missing = missingHalves(deployment && versionOf(deployment, buildId)?.workers);
  const queues = missing.map((half) => (half === 'calls' ? cognitoTaskQueue(taskQueue) : taskQueue));
  const served =
    deployment?.versions.filter(({ workers }) => isServed(workers)).map((version) => version.buildId) ?? [];
  return new DeploymentError(
    `No worker of build ${buildId} of ${deploymentName} polls task queue ${queues.join(' and ')}. Nothing was changed. Builds whose workers poll both task queues: ${served.length === 0 ? 'none' : served.join(', ')}.`,
    'WorkerUnavailable',
  );
}

/** The state after a change, once every task queue knows it. */
async function settled(place: DeploymentPlace, isChanged: boolean): Promise<Deployment> {
  const untilMs = performance.now() + (isChanged ? SETTLE_MS : 0);
  for (;;) {
    const deployment = await existing(place);
    if (!deployment.isChanging || performance.now() > untilMs) return deployment;
    await sleep(100);
  }
}

/** @throws DeploymentError if no worker of the deployment has ever polled */
async function existing(place: DeploymentPlace): Promise<Deployment> {
  const deployment = await readDeployment(place);
  if (deployment) return deployment;
  throw new DeploymentError(
    `No worker of deployment ${place.deploymentName} has polled in namespace "${place.namespace}" yet. Start one with TEMPORAL_DEPLOYMENT_NAME=${place.deploymentName}: cognito-verification worker`,
    'WorkerUnavailable',
  );
}

/** @throws DeploymentError: the server would refuse too, in words that do not say who manages it */
function refuseManaged({ manager, deploymentName }: Deployment, identity: string): void {
  if (manager === undefined || manager === identity) return;
  throw new DeploymentError(
    `${manager} manages ${deploymentName}, and it alone changes the routing. Change it there, or take it over: temporal worker deployment manager-identity unset`,
    'Refused',
  );
}

async function wantedBuild({ build, bundle }: Pick<DeployOptions, 'build' | 'bundle'>): Promise<string> {
  const given = build ?? workerSettings().buildId;
  if (given !== undefined) return given;
  // It loads the native worker.
  const { buildIdOfFile, WORKFLOW_BUNDLE_PATH } = await import('../../worker/workflow-bundle.js');
  return await buildIdOfFile(bundle ?? WORKFLOW_BUNDLE_PATH);
}

/**
 * Replays open verifications on the build.
 * @returns the report, as `replay --json` prints it
 * @throws ReplayError if one does not replay; UsageError if the bundle at hand is not that of the build
 */
async function replayFirst(
  { action }: DeployRequest,
  options: DeployOptions,
  interruption: Interruption,
): Promise<ReturnType<ReplayReport['document']>> {
  const build = await wantedBuild(options);
  const own = await wantedBuild({});
  if (options.bundle === undefined && build !== own)
    throw new UsageError(
      `--replay replays on this build, which is ${own}, and not on ${build}. Run it with that build, or name its bundle: --bundle.`,
    );
  const { replayReport } = await import('../replay/run.js');
  const chosen = { query: "ExecutionStatus = 'Running'", limit: MOST_REPLAYED, allowEmpty: true };
  const report = await replayReport([], { ...chosen, bundle: options.bundle }, interruption);
  if (report.error instanceof InterruptedError) throw report.error;
  if (report.failures.length > 0)
    throw new ReplayError(
      `${build} is not ${action === 'ramp' ? 'ramped' : 'promoted'}, and nothing was changed.\n\n${report.text()}`,
      report.document(),
    );
  return report.document();
}
