import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import type { KeyRing } from '@cognito-verification/codec';
import {
  LIMITS_WINDOW_MS,
  type VerificationPolicy,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, type ExpectStatic, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { CALLS_OF_A_USER, toldBy } from '../client/fixtures.js';
import { type SandboxUser, startWorker, startWorkerProcess, useRig } from '../rig.js';
import { type WithoutHistories, withoutHistories } from './temporal-without-histories.js';

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
      timeout: '45 seconds',
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
    timeout: '3 minutes',
  });
  const request = { accessToken: user.accessToken, attributeName: 'email' } as const;
  const { workflowId, status } = await client.start(request, { timeout: '6 seconds' });
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

describe.concurrent('where what earlier verifications have used cannot be counted', () => {
  let away: WithoutHistories;
  beforeAll(async () => {
    away = await withoutHistories(rig);
  });
  afterAll(() => away?.close());

  /** A verification that follows one of the last minute, whose code may be typed and whose history is not given out. */
  async function startNext(how: 'silent' | 'unavailable', policy: VerificationPolicy = {}) {
    const { client, temporal } = away;
    const user = await rig.user();
    const request = { accessToken: user.accessToken, attributeName: 'email', policy } as const;
    const { workflowId, run: earlier } = await rig.client.start(request);
    const code = rig.sandbox.codeFor(user, 'email');
    await rig.client.cancel(workflowId);
    await rig.client.wait(workflowId);
    temporal.histories.set(earlier, how);
    const startedAtMs = Date.now();
    const { status } = await client.start(request, { timeout: '8 seconds' });
    const calls = (operation: string) => rig.sandbox.calls({ operation, username: user.username }).length;
    return { workflowId, earlier, code, status, startedAtMs, calls };
  }

  it.for([
    ['does not come back', 'silent'],
    ['fails each time', 'unavailable'],
  ] as const)(
    'since the history %s, a code is answered within 90 s, with the hour',
    { timeout: 120_000 },
    async ([, how], { expect }) => {
      const { client, temporal } = away;
      const { workflowId, earlier, code, status, startedAtMs, calls } = await startNext(how);
      expect(status).toMatchObject({ state: 'sending', sends: [] });
      const answered = client.submitCode(workflowId, { code });
      expect(await client.status(workflowId)).toMatchObject({ state: 'sending', sends: [], attempts: [] });
      const { result, retryAt, ...answer } = await answered;
      expect(Date.now() - startedAtMs).toBeLessThan(90_000);
      expect(result).toBe('rateLimited');
      const usedUp = { state: 'rateLimited', sendsLeft: 0, attemptsLeft: 0, sends: [], attempts: [] };
      expect(answer.status).toMatchObject(usedUp);
      expect(answer.status.retryAt).toBe(retryAt);
      expect(Math.abs(Date.parse(retryAt ?? '') - startedAtMs - LIMITS_WINDOW_MS)).toBeLessThan(10_000);
      expect(await client.status(workflowId)).toEqual(answer.status);
      // The one send is that of the verification before.
      expect([calls(SEND), calls('VerifyUserAttribute')]).toEqual([1, 0]);
      expect(temporal.asked.get(earlier)).toBeGreaterThan(2);
    },
  );

  it('its deadline ends it, and the code has its answer by then', async ({ expect }) => {
    const { client } = away;
    const { workflowId, code, calls } = await startNext('silent', { deadline: '1 minute' });
    const answer = await client.submitCode(workflowId, { code }).catch((error: unknown) => error);
    // The count is given up after a minute as well: which of the two the worker hears of first depends on its load.
    expect(answer).toMatchObject(answer instanceof Error ? { code: 'VerificationEnded' } : { result: 'rateLimited' });
    const { outcome, status } = await client.wait(workflowId);
    expect(outcome).toBe('expired');
    const { closeTime } = await rig.env.client.workflow.getHandle(workflowId).describe();
    expect(Number(closeTime) - Date.parse(status?.expiresAt ?? '')).toBeLessThan(10_000);
    expect(calls('VerifyUserAttribute')).toBe(0);
  }, 120_000);

  it('a cancellation ends it at once, and tells the code so', async ({ expect }) => {
    const { client } = away;
    const { workflowId, code } = await startNext('silent');
    const answered = client.submitCode(workflowId, { code }).catch((error: unknown) => error);
    await client.status(workflowId);
    await client.cancel(workflowId);
    const canceledAtMs = Date.now();
    expect(await answered).toMatchObject({ code: 'VerificationEnded' });
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'cancelled' });
    expect(Date.now() - canceledAtMs).toBeLessThan(10_000);
  });

  it('and then it can be, the code that has waited is checked', async ({ expect }) => {
    const { client, temporal } = away;
    const { workflowId, earlier, code, calls } = await startNext('silent');
    const answered = client.submitCode(workflowId, { code });
    await expect.poll(() => temporal.asked.get(earlier), { timeout: 30_000 }).toBeGreaterThan(1);
    expect(calls('VerifyUserAttribute')).toBe(0);
    temporal.histories.delete(earlier);
    expect(await answered).toMatchObject({ result: 'verified' });
  }, 120_000);
});

describe.concurrent('a verification that Temporal has forgotten', () => {
  it('is there for no call, and locks nothing', { timeout: 120_000 }, async ({ expect }) => {
    const user = await rig.user();
    const mine = rig.client.forUser({ accessToken: user.accessToken });
    const { run } = await mine.start('email');
    await mine.cancel('email');
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    rig.started.delete(workflowId);
    await rig.env.connection.workflowService.deleteWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: run },
    });
    const nobody = Object.fromEntries(Object.keys(CALLS_OF_A_USER).map((name) => [name, 'VerificationNotFound']));
    await expect.poll(() => toldBy(mine, run), { timeout: 100_000, interval: 2_000 }).toEqual(nobody);
    const { status } = await mine.start('email');
    expect(status.sends).toHaveLength(1);
  });
});
