import { VerificationClient } from '@cognito-verification/client';
import { describe, expect, it } from 'vitest';
import { type SandboxUser, startWorkerProcess, useRig } from '../rig.js';

/**
 * "The request left, the answer did not come": exactly one message, the status says so, and the code that came works.
 * On the real server, since what Temporal repeats after a time-out is the server's doing.
 */
const SEND = 'GetUserAttributeVerificationCode';

const rig = useRig('local');

async function expectUncertainAndUsable(user: SandboxUser, client: VerificationClient, workflowId: string) {
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

/** A start that does not wait for its delivery, of a send whose message is out long before its answer. */
async function startSlowly(latencyMs: number, taskQueue = rig.taskQueue) {
  const user = await rig.user();
  rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs, afterEffect: true });
  const client = new VerificationClient({ client: rig.env.client, taskQueue, waitForDelivery: '2 seconds' });
  const { workflowId, status } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  expect(status.state).toBe('sending');
  return { user, client, workflowId };
}

describe('exactly one message, deliveryUncertain, and the code that came verifies', () => {
  it('accepted, then the connection drops', async () => {
    const user = await rig.user();
    rig.sandbox.setFault({ operation: SEND, username: user.username, dropConnection: 'afterEffect' });
    const { workflowId } = await rig.start(user);
    await expectUncertainAndUsable(user, rig.client, workflowId);
  });

  it('a send that runs into its time-out, of the request and of the activity', async () => {
    const { user, client, workflowId } = await startSlowly(45_000);
    await expectUncertainAndUsable(user, client, workflowId);
  }, 90_000);

  it('a worker killed with -9 in the middle of a send', async () => {
    const taskQueue = `${rig.taskQueue}-killed`;
    const first = await startWorkerProcess(rig, taskQueue);
    const { user, client, workflowId } = await startSlowly(45_000, taskQueue);
    await expect.poll(() => rig.sandbox.inbox(user).length, { timeout: 20_000 }).toBe(1);
    await first.end('SIGKILL');
    const second = await startWorkerProcess(rig, taskQueue);
    try {
      await expectUncertainAndUsable(user, client, workflowId);
    } finally {
      await second.end('SIGTERM');
    }
  }, 120_000);

  it('a code typed while the send still has no answer is checked at once', async () => {
    const { user, client, workflowId } = await startSlowly(20_000);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });
});
