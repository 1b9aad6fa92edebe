/** `deploy` whose change is made, and what comes after it fails. */
import { ServiceError } from '@temporalio/client';
import { beforeEach, expect, it, vi } from 'vitest';
import { runDeploy } from '../../cli/deploy/run.js';

const service = vi.hoisted(() => ({ changes: 0, failsFrom: 1 }));

const grpc = (code: number, details: string) =>
  new ServiceError('failed', { cause: Object.assign(new Error(details), { code, details, metadata: {} }) });

vi.mock('../../temporal/connect-client.js', () => {
  const now = { seconds: Math.floor(Date.now() / 1_000) };
  const poller = {
    identity: 'worker',
    lastAccessTime: now,
    deploymentOptions: { deploymentName: 'shop', buildId: 'new', workerVersioningMode: 2 },
  };
  const deployment = {
    routingConfig: {
      currentDeploymentVersion: { buildId: 'old' },
      rampingDeploymentVersion: { buildId: 'other' },
      rampingVersionPercentage: 10,
    },
    versionSummaries: ['old', 'other', 'new'].map((buildId) => ({ deploymentVersion: { buildId }, status: 1 })),
  };
  const answers: Record<string, object> = {
    describeWorkerDeployment: { workerDeploymentInfo: deployment, conflictToken: new Uint8Array(1) },
    describeTaskQueue: { pollers: [poller] },
    setWorkerDeploymentRampingVersion: { conflictToken: new Uint8Array(2) },
  };
  const workflowService = new Proxy(
    {},
    {
      get: (_, name: string) => async () => {
        if (service.changes >= service.failsFrom) throw grpc(14, 'connect ECONNREFUSED 127.0.0.1:7233');
        if (name.startsWith('set')) service.changes += 1;
        return answers[name] ?? {};
      },
    },
  );
  const connection = { workflowService, withDeadline: (_: number, call: () => unknown) => call() };
  return { connectClient: () => ({ connection, close: () => undefined }) };
});

beforeEach(() => {
  service.changes = 0;
});

const interruption = { promise: new Promise<never>(() => undefined), signal: new AbortController().signal };
const options = { deployment: 'shop', build: 'new' };

it.each([
  ['a ramp that ends', 'ramp', 0, 1, /^All new verifications go to old\. /],
  ['a ramp', 'ramp', 5, 1, /^5 % of the new verifications go to new, the others to old\. /],
  ['a promotion', 'promote', undefined, 2, /^All new verifications go to new\. /],
  ['the ramp that a promotion ends first', 'promote', undefined, 1, /^All new verifications go to old\. /],
] as const)('%s is told before what failed', async (_, action, percent, failsFrom, says) => {
  service.failsFrom = failsFrom;
  const ended = runDeploy({ action, percent }, options, { ...interruption, dispose: () => undefined });
  await expect(ended).rejects.toMatchObject({
    code: 'TemporalUnavailable',
    done: { action: expect.any(String) },
    message: expect.stringMatching(
      new RegExp(`${says.source}That is done\\. What came after it failed: Cannot reach the Temporal Service: connect`),
    ),
  });
});

it('a refusal before any change is told as it is', async () => {
  service.failsFrom = 0;
  const ended = runDeploy({ action: 'ramp', percent: 0 }, options, { ...interruption, dispose: () => undefined });
  await expect(ended).rejects.toMatchObject({ message: expect.stringMatching(/^Cannot reach the Temporal Service/) });
});
