import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import type { KeyRing } from '@cognito-verification/codec';
import { WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { describe, type ExpectStatic, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type SandboxUser, startWorker, startWorkerProcess, useRig } from '../rig.js';

// These tests take long on any machine, so they run at once: deadlines of a minute, which is the minimum, and requests that run
// into their time-out.
const rig = useRig('local');

describe.concurrent('a deadline', () => {
  // The time-skipping server does not skip while a task waits for a worker.
  it('that passes before a worker starts the verification ends it, and nothing is sent', async ({ expect }) => {
    const user = await rig.user();
    const taskQueue = `${rig.taskQueue}-late`;
    const handle = await rig.env.client.workflow.start(WORKFLOW_TYPE, {
      taskQueue,
      workflowId: workflowIdFor({ ...user, attributeName: 'email' }),
      args: [{ accessToken: user.accessToken, attributeName: 'email', policy: { deadline: '1 minute' } }],
    });
    await sleep(61_000);
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const worker = await startWorker(rig, cognito, taskQueue);
    expect(await handle.result()).toMatchObject({ outcome: 'expired', status: { sends: [] } });
    expect(rig.sandbox.inbox(user)).toHaveLength(0);
    await worker.stop();
    cognito.destroy();
  }, 120_000);

  // At the end, `useRig` checks that every history replays. A refused message leaves no trace in the history, so it must not
  // change anything.
  it('that has passed before its timer fires refuses a code, and the code does not end the verification', async ({
    expect,
  }) => {
    /** How long after the deadline its timer fires: it starts when the first task is answered. */
    const LATE_MS = 5_000;
    let pause: Promise<void> | undefined;
    const slowAtFirst: KeyRing = {
      current: async () => {
        await (pause ??= sleep(LATE_MS));
        return rig.keyRing.current();
      },
      find: (id, wrapped) => rig.keyRing.find(id, wrapped),
    };
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const taskQueue = `${rig.taskQueue}-slow`;
    const worker = await startWorker(rig, cognito, taskQueue, { keyRing: slowAtFirst });
    const client = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue,
      waitForDelivery: '30 seconds',
    });
    const { accessToken } = await rig.user();
    const policy = { deadline: '1 minute' } as const;
    const { workflowId, status } = await client.start({ accessToken, attributeName: 'email', policy });

    await sleep(Date.parse(status.expiresAt) - Date.now() + LATE_MS / 5);
    await expect(client.submitCode(workflowId, { code: '123456' })).rejects.toMatchObject({
      code: 'VerificationEnded',
    });

    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'expired' });
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = events?.findIndex((event) => event.timerStartedEventAttributes) ?? -1;
    const [started, rang] = [events?.[scheduled], events?.find((event) => event.timerFiredEventAttributes)];
    expect(Number(rang?.eventTime?.seconds) - Number(started?.eventTime?.seconds)).toBeGreaterThan(58);
    await worker.stop();
    cognito.destroy();
  }, 120_000);
});

const SEND = 'GetUserAttributeVerificationCode';

describe.concurrent('a deadline during a send', () => {
  it('ends in a list with the message that left while the last look was made', async ({ expect }) => {
    const user = await rig.user();
    const { accessToken, username } = user;
    const policy = { deadline: '1 minute', resendCooldown: '1 second' } as const;
    const { workflowId, status } = await rig.client.start({ accessToken, attributeName: 'email', policy });
    await sleep(Date.parse(status.expiresAt) - Date.now() - 2_000);
    rig.sandbox.setFault({ operation: SEND, username, latencyMs: 3_000, afterEffect: true });
    rig.sandbox.setFault({ operation: 'GetUser', username, latencyMs: 3_000 });
    await rig.client.resendCode(workflowId).catch(() => undefined);
    const ended = await rig.client.wait(workflowId);
    expect(rig.sandbox.inbox(user)).toHaveLength(2);
    expect(ended).toMatchObject({ outcome: 'expired', status: { sends: [{ outcome: 'sent' }, { outcome: 'sent' }] } });
  }, 120_000);
});

async function expectUncertainAndUsable(
  expect: ExpectStatic,
  user: SandboxUser,
  client: VerificationClient,
  workflowId: string,
) {
  await expect
    .poll(() => client.status(workflowId), { timeout: 60_000, interval: 500 })
    .toMatchObject({
      state: 'awaitingCode',
      deliveryUncertain: true,
      sendsLeft: 4,
      sends: [{ outcome: 'uncertain' }],
    });
  expect(rig.sandbox.inbox(user)).toHaveLength(1);
  expect(rig.sandbox.calls({ operation: SEND, username: user.username })).toHaveLength(1);
  const code = rig.sandbox.codeFor(user, 'email');
  expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  expect(rig.sandbox.attribute(user, 'email').verified).toBe(true);
}

/** Starts without waiting for the delivery of a send whose message leaves long before its answer. */
async function startSlowly(expect: ExpectStatic, latencyMs: number, taskQueue = rig.taskQueue) {
  const user = await rig.user();
  rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs, afterEffect: true });
  const client = new VerificationClient({
    client: rig.env.client,
    userPools: rig.userPools,
    taskQueue,
    waitForDelivery: '2 seconds',
  });
  const { workflowId, status } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  expect(status.state).toBe('sending');
  return { user, client, workflowId };
}

// On the real server, since the server decides what is repeated after a time-out.
describe.concurrent('a send without an answer: one message, deliveryUncertain, and the delivered code verifies', () => {
  it('accepted, then the connection drops', async ({ expect }) => {
    const user = await rig.user();
    rig.sandbox.setFault({ operation: SEND, username: user.username, dropConnection: 'afterEffect' });
    const { workflowId } = await rig.start(user);
    await expectUncertainAndUsable(expect, user, rig.client, workflowId);
  });

  it('a send that runs into the time-out of the request and of the activity', async ({ expect }) => {
    const { user, client, workflowId } = await startSlowly(expect, 45_000);
    await expectUncertainAndUsable(expect, user, client, workflowId);
  }, 90_000);

  it('a worker killed with -9 in the middle of a send', async ({ expect }) => {
    const taskQueue = `${rig.taskQueue}-killed`;
    const first = await startWorkerProcess(rig, taskQueue);
    const { user, client, workflowId } = await startSlowly(expect, 45_000, taskQueue);
    await expect.poll(() => rig.sandbox.inbox(user).length, { timeout: 20_000 }).toBe(1);
    await first.end('SIGKILL');
    const second = await startWorkerProcess(rig, taskQueue);
    try {
      await expectUncertainAndUsable(expect, user, client, workflowId);
    } finally {
      await second.end('SIGTERM');
    }
  }, 120_000);

  it('a code that is submitted before the send has an answer is checked at once', async ({ expect }) => {
    const { user, client, workflowId } = await startSlowly(expect, 20_000);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });
});
