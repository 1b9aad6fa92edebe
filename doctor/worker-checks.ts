/** Checks of the workers, by what the Temporal Service knows of them. */
import { readServiceError } from '@cognito-verification/client';
import { GRPC_STATUS, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { type Half, POLLED_WITHIN_MS, type Poller } from '../temporal/pollers.js';
import type { Check } from './check.js';
import { CouldNotAskError } from './could-not-ask.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import type { Surroundings } from './surroundings.js';

const WORKERS = 'https://docs.temporal.io/workers';

const workers: Check<Surroundings> = {
  name: 'workers',
  area: 'temporal',
  title: 'workers on both task queues',
  async run({ temporal, now }) {
    const [workflows, calls] = await Promise.all([temporal.pollers('workflows'), temporal.pollers('calls')]);
    const queues = { workflows: temporal.taskQueue('workflows'), calls: temporal.taskQueue('calls') };
    return judgeWorkers(queues, { workflows, calls }, now());
  },
};

/** @param pollers who has polled within five minutes */
export function judgeWorkers(
  queues: Readonly<Record<Half, string>>,
  pollers: Readonly<Record<Half, readonly Poller[]>>,
  nowMs: number,
): readonly Finding[] {
  const findings = findingsOf('workers', WORKERS);
  const workflows = polling(pollers.workflows, nowMs);
  const calls = polling(pollers.calls, nowMs);
  if (workflows.length === 0 && calls.length === 0) {
    return [
      findings.failure({
        subject: `${queues.workflows}, ${queues.calls}`,
        found: `No worker polls these task queues${lastSeen([...pollers.workflows, ...pollers.calls], nowMs)}.`,
        means: 'Users get no code. A sign-up waits for a worker, and ends with an error if none comes.',
        remedy: {
          text: 'Start a worker with the same TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and VERIFICATION_TASK_QUEUE. One with another VERIFICATION_TASK_QUEUE polls another queue.',
          command: 'cognito-verification worker',
        },
      }),
    ];
  }
  const ok = (half: Half, names: readonly string[]) =>
    findings.ok(queues[half], `${names.length === 1 ? 'A worker polls' : `${names.length} workers poll`} it.`);
  return [
    workflows.length > 0
      ? ok('workflows', workflows)
      : findings.failure({
          subject: queues.workflows,
          found: `No worker polls the task queue of verifications${lastSeen(pollers.workflows, nowMs)}, and ${calls.join(', ')} polls that of the calls.`,
          means: 'No verification starts, and no open one takes a code.',
          remedy: {
            text: 'Start a worker without VERIFICATION_WORKER_ONLY, or with VERIFICATION_WORKER_ONLY=workflows: those that run make calls only.',
            command: 'VERIFICATION_WORKER_ONLY=workflows cognito-verification worker',
          },
        }),
    calls.length > 0
      ? ok('calls', calls)
      : findings.failure({
          subject: queues.calls,
          found: `No worker polls the task queue of calls to Cognito${lastSeen(pollers.calls, nowMs)}, and ${workflows.join(', ')} polls that of the verifications.`,
          means:
            'First sends and first checks of a code work, since the other workers make these calls directly. All else waits: a code that a user asks for again, and every call that has to be tried again. Without direct calls no user gets a code at all.',
          remedy: {
            text: 'Start a worker without VERIFICATION_WORKER_ONLY, or with VERIFICATION_WORKER_ONLY=calls: those that run make no calls.',
            command: 'VERIFICATION_WORKER_ONLY=calls cognito-verification worker',
          },
        }),
  ];
}

function polling(pollers: readonly Poller[], nowMs: number): string[] {
  const now = pollers.filter(({ polledAtMs }) => polledAtMs > nowMs - POLLED_WITHIN_MS);
  return [...new Set(now.map(({ identity }) => identity))].sort();
}

function lastSeen(pollers: readonly Poller[], nowMs: number): string {
  if (pollers.length === 0) return '';
  const latestMs = Math.max(...pollers.map(({ polledAtMs }) => polledAtMs));
  return ` (the last one did ${Math.round((nowMs - latestMs) / 1_000)} seconds ago)`;
}

const workerBuilds: Check<Surroundings> = {
  name: 'worker-builds',
  area: 'temporal',
  title: 'what the workers run',
  async run({ temporal, now }) {
    const pollers = await temporal.pollers('workflows');
    return [judgeBuilds(temporal.taskQueue('workflows'), pollers, now())];
  },
};

export function judgeBuilds(taskQueue: string, pollers: readonly Poller[], nowMs: number): Finding {
  const findings = findingsOf('worker-builds', WORKERS);
  const now = pollers.filter(({ polledAtMs }) => polledAtMs > nowMs - POLLED_WITHIN_MS);
  const builds = [...new Set(now.map(buildOf))].sort();
  const [only] = builds;
  if (only === undefined) {
    throw new CouldNotAskError('Not asked, because no worker polls the task queue of verifications.', {
      text: 'Do what the check workers says, and run doctor again.',
    });
  }
  if (builds.length === 1) return findings.ok(taskQueue, `All workers run ${buildInWords(only)}.`);
  const [deployment, ...others] = new Set(now.map(({ version }) => version?.deploymentName));
  if (deployment !== undefined && others.length === 0)
    return findings.ok(
      taskQueue,
      `The workers are ${builds.length} versions of one deployment, and each verification stays on its own: ${builds.join('; ')}.`,
    );
  return findings.warning({
    subject: taskQueue,
    found: `The workers run ${builds.length} builds: ${builds.map(buildInWords).join('; ')}.`,
    means:
      'A verification that one of them has begun goes on with another. If they decide differently, it stands still until the right one is back.',
    remedy: {
      text: `Finish the deploy: stop the workers of the old build. Doctor counts a worker for ${POLLED_WITHIN_MS / 1_000} seconds after its last poll. The command says whether the build here can go on with the open verifications.`,
      command: 'cognito-verification replay',
    },
  });
}

function buildOf({ build, version }: Poller): string {
  return version ? `build ${version.buildId} of ${version.deploymentName}` : build;
}

/** Our workers name themselves `package@version+hash`. */
function buildInWords(build: string): string {
  const [, sdk, version, hash] = /^(.+)@([^+]+)\+([\da-f]{12})[\da-f]*$/.exec(build) ?? [];
  return hash === undefined ? build : `${sdk} ${version} with the workflow bundle ${hash}`;
}

const reportedProblems: Check<Surroundings> = {
  name: 'stuck-verifications',
  area: 'temporal',
  title: 'verifications that stand still',
  async run({ temporal }) {
    try {
      const { count } = await temporal.callInNamespace((service, namespace) =>
        service.countWorkflowExecutions({ namespace, query: STUCK }),
      );
      return [judgeStuck(temporal.config().namespace, Number(count))];
    } catch (error) {
      if (readServiceError(error)?.code !== GRPC_STATUS.INVALID_ARGUMENT) throw error;
      throw new CouldNotAskError('This Temporal Service does not mark workflows that stand still.', {
        text: 'Upgrade the Temporal Server; 1.32 does. Until then look at the log of the workers, and leave this check out: --without stuck-verifications.',
      });
    }
  },
};

const STUCK = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL`;

export function judgeStuck(namespace: string, count: number): Finding {
  const findings = findingsOf('stuck-verifications', 'https://docs.temporal.io/search-attribute');
  if (count === 0) return findings.ok(namespace, 'No open verification stands still.');
  return findings.failure({
    subject: namespace,
    found: `${count === 1 ? 'One open verification fails' : `${count} open verifications fail`} in each of its workflow tasks.`,
    means: 'These users wait, and no code of theirs is taken.',
    remedy: {
      text: 'Read why in the log of the workers, or in the Web UI at each verification that the command lists. Mostly a worker lacks a key, or runs another build. Start it with the right one: these verifications then go on by themselves.',
      command: `temporal workflow list --namespace ${namespace} --query "${STUCK}"`,
    },
  });
}

/** In the order of the report. */
export const WORKER_CHECKS: readonly Check<Surroundings>[] = [workers, workerBuilds, reportedProblems];
