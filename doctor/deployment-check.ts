/** The check of Worker Deployments: whether every verification, open or new, has workers of its version. */
import { unservedOf } from '../deployment/decisions.js';
import { countOpen, type Deployment, readDeployment } from '../deployment/versions.js';
import { workerSettings } from '../worker/worker-settings.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { findingsOf } from './findings.js';
import { readable, type Surroundings } from './surroundings.js';

const WORKER_VERSIONING = 'https://docs.temporal.io/worker-versioning';

export const DEPLOYMENT_CHECK: Check<Surroundings> = {
  name: 'deployment',
  area: 'temporal',
  title: 'versions of the workers',
  async run({ temporal, environment }) {
    const pollers = await temporal.pollers('workflows');
    const { deploymentName: own } = readable(() => workerSettings(environment), 'worker-settings');
    const names = new Set([...pollers.map(({ version }) => version?.deploymentName), own].filter(Boolean));
    const taskQueue = temporal.taskQueue('workflows');
    if (names.size === 0) {
      return [
        findingsOf('deployment').ok(taskQueue, 'The workers are unversioned: each goes on with any verification.'),
      ];
    }
    const { namespace } = temporal.config();
    const connection = await temporal.connected();
    const findings: Finding[] = [];
    for (const deploymentName of names) {
      const place = { connection, namespace, taskQueue, deploymentName: deploymentName ?? '' };
      const deployment = await readDeployment(place);
      findings.push(
        ...(deployment
          ? judgeDeployment(deployment, await countOpen(place, deployment.versions))
          : [judgeNoDeployment(place.deploymentName)]),
      );
    }
    return findings;
  },
};

export function judgeDeployment(deployment: Deployment, open: Parameters<typeof unservedOf>[1]): Finding[] {
  const { deploymentName, current, ramp, manager } = deployment;
  const findings = findingsOf('deployment', WORKER_VERSIONING);
  const unserved = unservedOf(deployment, open);
  if (unserved.length > 0) {
    return unserved.map(({ which, found, remedy }) =>
      findings.failure({
        subject: deploymentName,
        found,
        means:
          which === 'new'
            ? 'A sign-up waits for its code until a worker runs, and then gets an error.'
            : 'These users wait, and no code of theirs is taken.',
        remedy,
      }),
    );
  }
  const ramping = ramp ? `, and ${ramp.percent} % of them to ${ramp.buildId ?? 'unversioned workers'}` : '';
  const managed = manager === undefined ? '' : ` ${manager} manages it.`;
  return [
    findings.ok(deploymentName, `New verifications go to ${current ?? 'unversioned workers'}${ramping}.${managed}`),
  ];
}

/** A deployment that the settings here name. */
export function judgeNoDeployment(deploymentName: string): Finding {
  return findingsOf('deployment', WORKER_VERSIONING).warning({
    subject: deploymentName,
    found: 'No worker of this deployment has polled yet.',
    means: 'Which workers take verifications up is not decided by versions.',
    remedy: {
      text: 'Start a worker with TEMPORAL_DEPLOYMENT_NAME, and make its version current. Or correct the setting here.',
      command: 'cognito-verification deploy promote',
    },
  });
}
