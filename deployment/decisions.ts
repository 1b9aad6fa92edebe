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

/** What is wrong now, in words. Nothing if every verification, open or new, is served. */
export function problemsOf(deployment: Deployment, open: OpenVerifications): string[] {
  const { current, ramp, versions, unversioned, deploymentName } = deployment;
  const stranded = versions
    .filter(({ buildId, workers }) => (open.byBuild.get(buildId) ?? 0) > 0 && !isServed(workers))
    .map(
      ({ buildId, workers }) =>
        `${openInWords(open.byBuild.get(buildId) ?? 0)} pinned to ${buildId}, and ${nobodyPolls(workers)}. Start its workers again: no other version goes on with ${open.byBuild.get(buildId) === 1 ? 'it' : 'them'}.`,
    );
  const targets = [
    { buildId: current, what: 'New verifications' },
    ...(ramp ? [{ buildId: ramp.buildId, what: `${ramp.percent} % of the new verifications` }] : []),
  ];
  const unserved = targets.flatMap(({ buildId, what }) => {
    const workers = buildId === undefined ? unversioned : versionOf(deployment, buildId)?.workers;
    if (isServed(workers)) return [];
    return buildId === undefined
      ? `${what} go to unversioned workers, since no version of ${deploymentName} is current, and ${nobodyPolls(unversioned)}: no worker takes them up. Make a version current: cognito-verification deploy promote`
      : `${what} go to ${buildId}, and ${nobodyPolls(workers)}. Start its workers, or cognito-verification deploy rollback`;
  });
  return [...unserved, ...stranded];
}

/** Which queues have no poller, as a part of a sentence. */
function nobodyPolls(workers: Workers | undefined): string {
  const [half, other] = missingHalves(workers);
  if (other !== undefined) return 'no worker of it polls';
  return half === 'calls'
    ? 'no worker of it makes calls (task queue of calls)'
    : 'no worker of it decides (task queue of verifications)';
}

function openInWords(count: number): string {
  return count === 1 ? 'One open verification is' : `${count} open verifications are`;
}

/** What `rollback` does: ends a ramp, or makes the version current that was current before. */
export type Rollback =
  | { readonly kind: 'endRamp'; readonly from: string | undefined }
  | { readonly kind: 'previous'; readonly buildId: string; readonly from: string }
  | { readonly kind: 'nothing'; readonly why: string };

/** The way back. With a ramp it is the end of the ramp: nobody has made the new version current yet. */
export function rollbackOf({ current, ramp, versions }: Deployment): Rollback {
  if (ramp) return { kind: 'endRamp', from: ramp.buildId };
  if (current === undefined)
    return {
      kind: 'nothing',
      why: 'New verifications go to unversioned workers: there is no version to go back from.',
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
