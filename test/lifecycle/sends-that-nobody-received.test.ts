/**
 * A send that the server has marked as started, and no worker has: the answer to a worker's poll is lost. Nothing left, and nobody can
 * tell. So it counts as uncertain, and nothing is sent by itself.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import type { KeyRing } from '@cognito-verification/codec';
import { workflowIdFor } from '@cognito-verification/contract';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { Line } from '../faults/line.js';
import { startWorker, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** A started activity without a heartbeat is lost after 15 s. */
const LOST = { timeout: 40_000, interval: 250 };
const rig = useRig('local');

/** A worker whose line to Temporal the test holds, and which seals only while it may. */
async function behindALine() {
  const line = await Line.to(Number(rig.env.address.split(':').at(-1)));
  let mayLeave: Promise<void> = Promise.resolve();
  let seals = () => {};
  const keyRing: KeyRing = {
    current: async () => {
      seals();
      await mayLeave;
      return await rig.keyRing.current();
    },
    find: (id, wrapped) => rig.keyRing.find(id, wrapped),
  };
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const connection = await NativeConnection.connect({ address: `127.0.0.1:${line.port}` });
  const taskQueue = `behind-${randomUUID()}`;
  const worker = await startWorker(rig, cognito, taskQueue, { connection, keyRing, maxCachedWorkflows: 10 });
  onTestFinished(async () => {
    await worker.stop();
    await connection.close();
    await line.close();
    cognito.destroy();
  });
  const client = new VerificationClient({
    client: rig.env.client,
    userPools: rig.userPools,
    taskQueue,
    timeout: '1 minute',
  });
  const user = await rig.user();
  const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
  return {
    line,
    client,
    user,
    workflowId,
    handle: rig.env.client.workflow.getHandle(workflowId),
    start: () =>
      client.start({ accessToken: user.accessToken, attributeName: 'email', policy: { resendCooldown: '1 second' } }),
    sent: () => rig.sandbox.calls({ operation: SEND, username: user.username }).length,
    /** What the worker decides in its next task arrives at the server, and the server's answers do not arrive at the worker. */
    loseAnswers: async (act: () => unknown) => {
      let leave = () => {};
      mayLeave = new Promise((resolve) => {
        leave = resolve;
      });
      const sealing = new Promise<void>((resolve) => {
        seals = resolve;
      });
      act();
      await sealing;
      line.set('answersLost');
      leave();
    },
  };
}

const isStarted = async (handle: WorkflowHandle) => {
  const { raw } = await handle.describe();
  return raw.pendingActivities?.some(({ state }) => Number(state) === 2) ?? false;
};

describe('a send that is marked as started and reached nobody', () => {
  test('by the task queue of calls: the answer to the poll is lost', async () => {
    const { client, handle, line, loseAnswers, sent, start, user } = await behindALine();
    const { workflowId } = await start();
    await sleep(1_500);
    let resent: Promise<unknown> | undefined;
    await loseAnswers(() => {
      resent = client.resendCode(workflowId);
    });
    await expect.poll(() => isStarted(handle), LOST).toBe(true);
    line.set(undefined);
    line.forget();
    expect(await resent).toMatchObject({
      state: 'awaitingCode',
      deliveryUncertain: true,
      sends: [{ outcome: 'sent' }, { outcome: 'uncertain' }],
    });
    expect(sent()).toBe(1);
    // The earlier code still works.
    expect((await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).result).toBe('verified');
    expect(sent()).toBe(1);
  }, 120_000);
});
