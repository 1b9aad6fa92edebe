/** The answer to a send and a cancellation reach a worker in one workflow task, as after an outage of all workers. */
import { randomUUID } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { createActivities } from '../../activities/create-activities.js';
import { createWorker } from '../../worker/worker.js';
import { useRig } from '../rig.js';

const rig = useRig('local');

it('lists a send whose answer came together with the cancellation', { timeout: 90_000 }, async () => {
  const taskQueue = `split-${randomUUID()}`;
  const common = { connection: rig.env.nativeConnection, dataConverter: workerDataConverter(rig.keyRing) };
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const { keyRing: keys, userPools } = rig;
  const startDeciding = async () => {
    const decides = { connection: common.connection, namespace: 'default', taskQueue, keys, userPools, cognito };
    const worker = await createWorker({ ...decides, only: 'workflows' });
    return { worker, run: worker.run() };
  };
  const calls = await Worker.create({
    ...common,
    taskQueue: cognitoTaskQueue(taskQueue),
    activities: createActivities(cognito, { userPools }),
  });
  const calling = calls.run();
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  rig.sandbox.setFault({ operation: 'GetUserAttributeVerificationCode', latencyMs: 4_000 });

  const first = await startDeciding();
  const starting = client.start({ accessToken: user.accessToken, attributeName: 'email' }).catch(() => undefined);
  const asked = () => rig.sandbox.calls({ username: user.username, operation: 'GetUserAttributeVerificationCode' });
  await expect.poll(asked).toHaveLength(1);
  first.worker.shutdown();
  await first.run;
  const [workflowId = ''] = [...rig.started].slice(-1);
  const history = async () => (await rig.env.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  // The first is that of a direct send, which this worker does not make.
  const answers = async () => (await history()).filter((event) => event.activityTaskCompletedEventAttributes);
  await expect.poll(async () => (await answers()).length).toBe(2);
  await client.cancel(workflowId);

  const second = await startDeciding();
  const { outcome, status } = await client.wait(workflowId, { timeout: '30 seconds' });
  await starting;
  for (const worker of [second.worker, calls]) worker.shutdown();
  await Promise.all([second.run, calling]);
  const since = (await history()).findLastIndex((event) => event.activityTaskCompletedEventAttributes);
  const tasks = (await history()).slice(since).filter((event) => event.workflowTaskCompletedEventAttributes);
  expect(tasks).toHaveLength(1);
  expect(outcome).toBe('cancelled');
  expect(status?.sends.map((send) => send.outcome)).toEqual(['sent']);
  expect(rig.sandbox.inbox(user)).toHaveLength(1);
});
