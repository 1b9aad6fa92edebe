/** What a deployment may do next, by what is known of it: plain functions. */
import type { DeployedVersion, Deployment, Workers } from './versions.js';

/** How many verifications are open on each version, and on none. */
export interface OpenVerifications {
  readonly byBuild: ReadonlyMap<string, number>;
  readonly unversioned: number;
}

/** Whether workers poll both task queues: of a verification that only one half serves, nothing is done or nothing decided. */
export function isServed(workers: Workers | undefined): boolean {
  return workers !== undefined && workers.workflows.length > 0 && workers.calls.length > 0;
}

/** Where nobody polls, of both task queues. */
export function missingHalves(workers: Workers | undefined): ('workflows' | 'calls')[] {
  return (['workflows', 'calls'] as const).filter((half) => (workers?.[half].length ?? 0) === 0);
}

export function versionOf(deployment: Deployment | undefined, buildId: string): DeployedVersion | undefined {
  return deployment?.versions.find((version) => version.buildId === buildId);
}

/** Verifications that no worker serves. */
export interface Unserved {
  /** `open`: they stand still. `new`: they do not begin. */
  readonly which: 'open' | 'new';
  /** A sentence. */
  readonly found: string;
  readonly remedy: { readonly text: string; readonly command: string };
}

/** Which verifications no worker serves. None if every one is served, open or new. */
export function unservedOf(deployment: Deployment, open: OpenVerifications): Unserved[] {
  const { current, ramp, versions, unversioned, deploymentName } = deployment;
  const stranded = versions.flatMap(({ buildId, workers }): Unserved[] => {
    const count = open.byBuild.get(buildId) ?? 0;
    if (count === 0 || isServed(workers)) return [];
    const found = `${count === 1 ? 'One open verification is' : `${count} open verifications are`} pinned to ${buildId}, and ${nobodyPolls(workers)}.`;
    const text = `Start workers again with the program of that build, from its folder or image: no other version goes on with ${count === 1 ? 'it' : 'them'}.`;
    return [{ which: 'open', found, remedy: { text, command: startOf(deploymentName, buildId) } }];
  });
  const targets = [
    { buildId: current, what: 'New verifications' },
    ...(ramp ? [{ buildId: ramp.buildId, what: `${ramp.percent} % of the new verifications` }] : []),
  ];
  const unbegun = targets.flatMap(({ buildId, what }): Unserved[] => {
    const workers = buildId === undefined ? unversioned : versionOf(deployment, buildId)?.workers;
    if (isServed(workers)) return [];
    if (buildId === undefined) {
      const found = `${what} go to unversioned workers, since no version of ${deploymentName} is current, and ${nobodyPolls(unversioned, 'unversioned worker')}.`;
      const remedy = {
        text: 'Make a version current.',
        command: `cognito-verification deploy promote --deployment ${deploymentName}`,
      };
      return [{ which: 'new', found, remedy }];
    }
    const found = `${what} go to ${buildId}, and ${nobodyPolls(workers)}.`;
    const text =
      'Start workers with the program of that build, from its folder or image, or go back: cognito-verification deploy rollback.';
    return [{ which: 'new', found, remedy: { text, command: startOf(deploymentName, buildId) } }];
  });
  return [...unbegun, ...stranded];
}

/** Not with the path of the program that says so: under the name of another build it would take that one's verifications up. */
function startOf(deploymentName: string, buildId: string): string {
  return `TEMPORAL_DEPLOYMENT_NAME=${deploymentName} TEMPORAL_WORKER_BUILD_ID=${buildId} node FOLDER/dist/program/main.cjs worker`;
}

/** Which queues have no poller, as a part of a sentence. */
function nobodyPolls(workers: Workers | undefined, who = 'worker of it'): string {
  const [half, other] = missingHalves(workers);
  if (other !== undefined) return `no ${who} polls`;
  return half === 'calls'
    ? `no ${who} makes calls (task queue of calls)`
    : `no ${who} decides (task queue of verifications)`;
}

/** What `rollback` does: ends a ramp, or makes the version current that was current before. */
export type Rollback =
  | { readonly kind: 'endRamp'; readonly from: string | undefined }
  | { readonly kind: 'previous'; readonly buildId: string; readonly from: string }
  | { readonly kind: 'nothing'; readonly why: string };

/**
 * The way back. With a ramp it is the end of the ramp: nobody has made the new version current yet. It goes one step: what is repeated, by a
 * pipeline or by a second person, must not bring back the version that was left.
 * @param named the version to go back to. Default: the one that was current before
 */
export function rollbackOf({ current, ramp, versions }: Deployment, named?: string): Rollback {
  if (ramp && named === undefined) return { kind: 'endRamp', from: ramp.buildId };
  if (current === undefined)
    return {
      kind: 'nothing',
      why: 'New verifications go to unversioned workers: there is no version to go back from.',
    };
  if (named !== undefined) return { kind: 'previous', buildId: named, from: current };
  const newer = versions.slice(
    0,
    versions.findIndex(({ buildId }) => buildId === current),
  );
  const left = newer.find(
    ({ status, currentSinceMs }) => currentSinceMs !== undefined || status === 'draining' || status === 'drained',
  );
  if (left)
    return {
      kind: 'nothing',
      why: `New verifications have gone back from ${left.buildId} to ${current} already. To go to another version, name it: --build.`,
    };
  const [previous] = versions
    .filter(({ buildId, currentSinceMs }) => buildId !== current && currentSinceMs !== undefined)
    .toSorted((a, b) => (b.currentSinceMs ?? 0) - (a.currentSinceMs ?? 0));
  if (previous) return { kind: 'previous', buildId: previous.buildId, from: current };
  return {
    kind: 'nothing',
    why: `No version was current before ${current}. Name one: --build. To go back to unversioned workers, start them first, and then: temporal worker deployment set-current-version --unversioned`,
  };
}
