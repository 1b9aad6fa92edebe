/** A deployment for people and for programs. */

import { isServed, type OpenVerifications, type Unserved } from '../../deployment/decisions.js';
import { type DeployedVersion, type Deployment, VERSION_OF_RUN, type Workers } from '../../deployment/versions.js';
import { emphasized } from '../print.js';
import { spanInWords } from '../time.js';

/** What the command has changed. */
export interface Done {
  action: 'promote' | 'ramp' | 'rollback';
  /** To which version; undefined for unversioned workers. */
  buildId: string | undefined;
  /** Of the new verifications, with `ramp`. */
  percent?: number | undefined;
  /** Where they went before; undefined for unversioned workers. */
  from: string | undefined;
}

/** For `--json`. */
export function deploymentDocument(deployment: Deployment, open: OpenVerifications) {
  const { deploymentName, current, ramp, manager, versions, unversioned } = deployment;
  return {
    deploymentName,
    current: current ?? null,
    ramp: ramp ? { buildId: ramp.buildId ?? null, percent: ramp.percent } : null,
    manager: manager ?? null,
    versions: versions.map(({ buildId, status, workers, currentSinceMs }) => ({
      buildId,
      status,
      open: open.byBuild.get(buildId) ?? 0,
      workers,
      lastCurrentAt: currentSinceMs === undefined ? null : new Date(currentSinceMs).toISOString(),
    })),
    unversioned: { open: open.unversioned, workers: unversioned },
  };
}

/** How many drained versions are listed: the server keeps a hundred. */
const MOST_DRAINED = 3;

/** For people: a line for each version, then what is wrong, then what was done and what follows. */
export function deploymentInWords({
  namespace,
  deployment,
  open,
  unserved,
  done,
  replayed,
}: {
  namespace: string;
  deployment: Deployment;
  open: OpenVerifications;
  unserved: readonly Unserved[];
  done: Done | undefined;
  /** How many open verifications were replayed before. */
  replayed: number | undefined;
}): string {
  const { deploymentName, versions, unversioned, manager } = deployment;
  const drained = versions.filter(({ status }) => status === 'drained');
  const shown = versions.filter((version) => version.status !== 'drained' || drained.indexOf(version) < MOST_DRAINED);
  const rows = [
    ['build', 'new verifications', 'open', 'workers: verifications, calls'],
    ...shown.map((version) => [
      version.buildId,
      routingInWords(deployment, version),
      String(open.byBuild.get(version.buildId) ?? 0),
      workersInWords(version.workers),
    ]),
    ['unversioned', unversionedInWords(deployment), String(open.unversioned), workersInWords(unversioned)],
  ];
  return [
    `Worker Deployment ${deploymentName} in namespace ${namespace}`,
    '',
    ...aligned(rows),
    ...(drained.length > MOST_DRAINED ? [`and ${drained.length - MOST_DRAINED} more that have drained`] : []),
    ...(manager === undefined ? [] : ['', `${manager} manages it: nobody else changes the routing.`]),
    ...unserved.flatMap(({ found, remedy }) => ['', emphasized('red', found), remedy.text, `  ${remedy.command}`]),
    ...(replayed === undefined
      ? []
      : [
          '',
          replayed === 1
            ? 'One open verification replays on the build.'
            : `${replayed} open verifications replay on the build.`,
        ]),
    ...(done ? ['', ...doneInWords(done, deployment, open)] : []),
  ].join('\n');
}

function routingInWords({ current, ramp }: Deployment, { buildId, status, workers }: DeployedVersion): string {
  if (buildId === current) return ramp ? `${100 - ramp.percent} %` : 'all';
  if (buildId === ramp?.buildId) return `${ramp.percent} %`;
  if (status === 'drained') return isServed(workers) ? 'drained: its workers may end' : 'drained';
  return status === 'draining' ? 'none: draining' : 'none';
}

function unversionedInWords({ current, ramp }: Deployment): string {
  if (ramp && ramp.buildId === undefined) return `${ramp.percent} %`;
  if (current !== undefined) return 'none';
  return ramp ? `${100 - ramp.percent} %` : 'all';
}

function workersInWords({ workflows, calls }: Workers): string {
  return workflows.length + calls.length === 0 ? 'none' : `${workflows.length}, ${calls.length}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** How often the server looks whether a version has drained, and how long it waits before it looks first. */
const DRAINAGE_S = 180;

const nameOf = (build: string | undefined) => build ?? 'unversioned workers';

/** Where new verifications go by a change. */
export function changeInWords({ action, buildId, percent, from }: Done): string {
  return action === 'ramp' && percent !== undefined && percent > 0
    ? `${percent} % of the new verifications go to ${nameOf(buildId)}, the others to ${nameOf(from)}.`
    : `All new verifications go to ${nameOf(buildId)}.`;
}

function doneInWords(done: Done, { deploymentName }: Deployment, open: OpenVerifications) {
  const { action, buildId, percent, from } = done;
  const target = nameOf(buildId);
  if (action === 'ramp' && percent !== undefined && percent > 0) return [changeInWords(done)];
  const left = from === undefined ? open.unversioned : (open.byBuild.get(from) ?? 0);
  const stay = `${left === 1 ? 'One open verification is' : `${left} open verifications are`} on ${nameOf(from)}`;
  if (action === 'ramp')
    return [
      from === buildId
        ? 'There was no ramp.'
        : `The ramp has ended: all new verifications go to ${target}. ${stay}${left > 0 ? ': keep its workers' : ''}.`,
    ];
  const follows =
    left === 0 && from !== buildId
      ? `${stay}.`
      : from === undefined
        ? `${stay}: ${target} goes on with them once no unversioned worker has them in memory, and they stay there from then on.`
        : from === buildId
          ? 'It was so before.'
          : `${stay}, and ${left === 1 ? 'stays' : 'stay'} there. Keep its workers until deploy status shows it as drained, which takes the server up to ${spanInWords(DRAINAGE_S)} to see.`;
  const lines = [`${changeInWords(done)} ${follows}`];
  if (action === 'rollback' && from !== undefined && from !== buildId && left > 0)
    lines.push(
      `If ${from} cannot serve them, and only if they replay on ${target}, move them: temporal workflow update-options --query "${VERSION_OF_RUN} = '${deploymentName}:${from}' AND ExecutionStatus = 'Running'" --versioning-override-behavior pinned --versioning-override-deployment-name ${deploymentName} --versioning-override-build-id ${target}`,
    );
  return lines;
}
