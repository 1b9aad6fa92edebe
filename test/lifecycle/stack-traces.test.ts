import { VerificationClient } from '@cognito-verification/client';
import { expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { readBundle } from '../../replay/bundle.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { startWorker, useRig } from '../rig.js';

const rig = useRig('local');

it.each([
  { workflowStackTraces: false, what: 'no promise has a stack trace, since each costs worker CPU' },
  { workflowStackTraces: true, what: 'a setting brings them back' },
])('$what', async ({ workflowStackTraces }) => {
  const taskQueue = `traced-${workflowStackTraces}`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const worker = await startWorker(rig, cognito, taskQueue, { workflowStackTraces });
  const { accessToken } = await rig.user();
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const { workflowId } = await client.start({ accessToken, attributeName: 'email' });
  const trace = await rig.env.client.workflow.getHandle(workflowId).query<string>('__stack_trace');
  if (workflowStackTraces) expect(trace).toContain('workflows/attribute-verification.ts');
  else expect(trace.trim()).toBe('Error');
  // `replay` knows the build by the digest of its file, traced or not.
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const task = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
  const { workerVersion, deploymentVersion } = task?.workflowTaskCompletedEventAttributes ?? {};
  const { build } = await readBundle(WORKFLOW_BUNDLE_PATH);
  expect(deploymentVersion?.buildId || workerVersion?.buildId).toContain(`+${build}`);
  await worker.stop();
  cognito.destroy();
});
