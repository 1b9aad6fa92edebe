/**
 * A send that the server has marked as started, and no worker has: the answer to a worker's poll is lost, or the answer to the end of a
 * workflow task that starts the send eagerly. Nothing left, and nobody can tell: the history is that of a send that left and whose worker
 * was lost. So both count as uncertain, and nothing is sent by itself.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import type { KeyRing } from '@cognito-verification/codec';
import { type VerificationStatus, workflowIdFor } from '@cognito-verification/contract';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { describe, type TestContext, test } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { Line } from '../faults/line.js';
import { startWorker, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** A started activity without a heartbeat is lost after 15 s. */
const LOST = { timeout: 40_000, interval: 250 };
const COOLDOWN = '1 second';
const PAST_COOLDOWN_MS = 1_500;
/** Fields of an event: ids, its time, names of this test, and what is sealed. */
const DIFFERS = /Id$|^(eventTime|taskQueue|identity|input|userMetadata)$/;
const rig = useRig('local');

/**
 * A worker whose line to Temporal the test holds, and which seals only while it may. It stops with the test of this context: beside
 * other tests, vitest's own `onTestFinished` would stop it with whichever began last.
 */
async function behindALine({ onTestFinished }: TestContext) {
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
      client.start({ accessToken: user.accessToken, attributeName: 'email', policy: { resendCooldown: COOLDOWN } }),
    sent: () => rig.sandbox.calls({ operation: SEND, username: user.username }).length,
    reconnect: () => {
      line.set(undefined);
      line.forget();
    },
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

type Behind = Awaited<ReturnType<typeof behindALine>>;

/** The events of the last send, up to its time-out, without what differs between any two. */
async function eventsOfSend(handle: WorkflowHandle): Promise<unknown[]> {
  const events = (await handle.fetchHistory()).events ?? [];
  const from = events.findLastIndex(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'sendCode',
  );
  const to = events.findIndex((event, index) => index > from && event.activityTaskTimedOutEventAttributes);
  return JSON.parse(
    JSON.stringify(events.slice(from, to + 1), (key, value) => (DIFFERS.test(key) ? undefined : value)),
  );
}

const isStarted = async (handle: WorkflowHandle) => {
  const { raw } = await handle.describe();
  return raw.pendingActivities?.some(({ state }) => Number(state) === 2) ?? false;
};

const CASES: {
  name: string;
  prepare: (behind: Behind) => Promise<void>;
  ask: (behind: Behind) => Promise<VerificationStatus>;
  before: { outcome: 'sent' }[];
}[] = [
  {
    name: 'a first send, eager',
    prepare: async () => {},
    ask: async ({ start }) => (await start()).status,
    before: [],
  },
  {
    name: 'a re-send',
    prepare: async ({ start }) => {
      await start();
      await sleep(PAST_COOLDOWN_MS);
    },
    ask: async ({ client, workflowId }) => await client.resendCode(workflowId),
    before: [{ outcome: 'sent' }],
  },
];

describe.concurrent('a send that is marked as started and reached nobody', () => {
  test.for(CASES)('$name', { timeout: 120_000 }, async ({ prepare, ask, before }, context) => {
    const { expect } = context;
    const nobody = await behindALine(context);
    await prepare(nobody);
    let asked: Promise<VerificationStatus> | undefined;
    await nobody.loseAnswers(() => {
      asked = ask(nobody);
    });
    await expect.poll(() => isStarted(nobody.handle), LOST).toBe(true);
    nobody.reconnect();

    const left = await behindALine(context);
    await prepare(left);
    const { username } = left.user;
    rig.sandbox.setFault({ operation: SEND, username, latencyMs: 20_000, afterEffect: true, times: 1 });
    const askedOther = ask(left);
    await expect.poll(left.sent, LOST).toBe(before.length + 1);
    left.line.set('unanswered');
    await expect.poll(() => eventsOfSend(left.handle), LOST).toHaveLength(3);
    left.reconnect();

    for (const answer of [await asked, await askedOther])
      expect(answer).toMatchObject({
        state: 'awaitingCode',
        deliveryUncertain: true,
        sends: [...before, { outcome: 'uncertain', reason: 'TimeoutFailure' }],
      });
    expect(nobody.sent()).toBe(before.length);
    expect(await eventsOfSend(left.handle)).toEqual(await eventsOfSend(nobody.handle));

    // Who has no code asks for one; an earlier one still works.
    await sleep(PAST_COOLDOWN_MS);
    if (nobody.sent() === 0) await nobody.client.resendCode(nobody.workflowId);
    expect(nobody.sent()).toBe(1);
    for (const { client, workflowId, user } of [nobody, left])
      expect((await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).result).toBe(
        'verified',
      );
  });
});
