/** A caller or a worker with a wrong key: who can see it says whose key is wrong, and how to remove what nobody can open. */
import { randomBytes } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { workflowIdFor } from '@cognito-verification/contract';
import { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { runJson } from '../cli/run-cli.js';
import { useRig } from '../rig.js';

const rig = useRig('local');

const FOREIGN = `foreign:${randomBytes(KEY_BYTES).toString('base64')}`;

/** A caller whose only key is one that the worker lacks. */
function foreignCaller(): VerificationClient {
  const dataConverter = clientDataConverter(keyRingOf(...parseKeys(FOREIGN, 'the key of this test')));
  const client = new Client({ connection: rig.env.connection, dataConverter });
  const { userPools, taskQueue } = rig;
  return new VerificationClient({ client, userPools, taskQueue });
}

test('a start with a wrong key blocks a verification, and every caller hears of the key and of the way out', async () => {
  const user = await rig.user();
  const request = { accessToken: user.accessToken, attributeName: 'email' } as const;
  const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
  const wayOut = `temporal workflow terminate --namespace default --workflow-id ${workflowId}`;

  const foreign = foreignCaller();
  const ofForeign = {
    code: 'Sealing',
    message: expect.stringMatching(/key "test", which is not in the key ring here \("foreign"\).*keys of this process/),
  };
  const begunAtMs = Date.now();
  await expect(foreign.start(request)).rejects.toMatchObject(ofForeign);
  // It does not wait for as long as it may.
  expect(Date.now() - begunAtMs).toBeLessThan(15_000);
  await expect(foreign.status(workflowId)).rejects.toMatchObject(ofForeign);

  const { env, userPools, taskQueue } = rig;
  const own = new VerificationClient({ client: env.client, userPools, taskQueue, timeout: '6 seconds' });
  const calls = {
    start: () => own.start(request),
    status: () => own.status(workflowId),
    resend: () => own.resendCode(workflowId),
    wait: () => own.wait(workflowId, { timeout: '500 milliseconds' }),
    cancel: () => own.cancel(workflowId),
    cancelAgain: () => own.cancel(workflowId),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error, name).toMatchObject({
      code: 'WorkerUnavailable',
      message: expect.stringMatching(/A worker has tried, and cannot open .* started with the key "foreign"/),
    });
    expect((error as Error).message, name).toContain(wayOut);
  }

  const settings = {
    TEMPORAL_ADDRESS: env.address,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    VERIFICATION_TASK_QUEUE: taskQueue,
    ...rig.settings,
  };
  expect(await runJson(['cancel', workflowId], { env: settings })).toMatchObject({
    code: 3,
    document: { error: { code: 'WorkerUnavailable', message: expect.stringContaining('a cancellation too') } },
  });

  await env.client.workflow.getHandle(workflowId).terminate('started with a wrong key');
  // Nobody can open it, and it has done nothing: it counts nothing.
  expect((await own.start(request)).status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
});

test('a caller with a wrong key is told so about a verification that goes on', async () => {
  const { workflowId } = await rig.start(await rig.user());
  await expect(foreignCaller().status(workflowId)).rejects.toMatchObject({
    code: 'Sealing',
    message: expect.stringMatching(/key "test", which is not in the key ring here \("foreign"\)/),
  });
  expect((await rig.client.status(workflowId)).state).toBe('awaitingCode');
  await rig.client.cancel(workflowId);
});
