import { setTimeout as sleep } from 'node:timers/promises';
import { WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startWorker, useRig } from '../rig.js';

const rig = useRig('local');

// In real time, and so for the least deadline there is: the time-skipping server does not skip while a task waits for a
// worker.
it('a verification that no worker took up before its deadline expires, and sends nothing', async () => {
  const user = await rig.user();
  const taskQueue = `${rig.taskQueue}-late`;
  const handle = await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    taskQueue,
    workflowId: workflowIdFor({ ...user, attributeName: 'email' }),
    args: [{ accessToken: user.accessToken, attributeName: 'email', policy: { deadline: '1 minute' } }],
  });
  await sleep(61_000);
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const worker = await startWorker(rig.env.nativeConnection, cognito, taskQueue);
  expect(await handle.result()).toMatchObject({ outcome: 'expired', status: { sends: [] } });
  expect(rig.sandbox.inbox(user)).toHaveLength(0);
  await worker.stop();
  cognito.destroy();
}, 120_000);
