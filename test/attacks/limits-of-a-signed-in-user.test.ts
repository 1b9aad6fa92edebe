/**
 * A signed-in user begins verifications of the own address anew, to get fresh sends, fresh attempts and no cool-down. Limits
 * belong to the user: in the last hour a user gets what one verification allows, however many there were.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UpdateUserAttributesCommand } from '@aws-sdk/client-cognito-identity-provider';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, keyRingOf, parseKeys } from '@cognito-verification/codec';
import {
  awaitDelivery,
  LIMITS_WINDOW_MS,
  type VerificationPolicy,
  type VerificationRequest,
  type VerificationStatus,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { Client, WithStartWorkflowOperation } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { otherThan, sdkFor } from '../sandbox/running-sandbox.js';
import { stampOf } from '../stamping.js';
import { attack } from './attack.js';

/** The server deletes a run half a minute after it was asked to. */
const DELETED = { timeout: 90_000, interval: 1_000 };

const rig = useRig('local');
const QUICK = { resendCooldown: '1 second', maxSends: 3, maxAttempts: 2 } as const satisfies VerificationPolicy;
const COOLED = 2_500;

const idOf = (user: SandboxUser) => workflowIdFor({ ...user, attributeName: 'email' });
const handleOf = (user: SandboxUser, runId?: string) => rig.env.client.workflow.getHandle(idOf(user), runId);
const callsOf = ({ username }: SandboxUser, operation: string) => rig.sandbox.calls({ operation, username }).length;
const sendsOf = (user: SandboxUser) => callsOf(user, 'GetUserAttributeVerificationCode');
const attemptsOf = (user: SandboxUser) => callsOf(user, 'VerifyUserAttribute');

async function runIdOf(user: SandboxUser): Promise<string> {
  return (await handleOf(user).describe()).runId;
}

async function start(user: SandboxUser, policy: VerificationPolicy = QUICK): Promise<VerificationStatus> {
  const { accessToken } = user;
  return (await rig.client.start({ accessToken, attributeName: 'email', policy, reverify: true })).status;
}

async function changeEmail({ accessToken: AccessToken }: SandboxUser) {
  const cognito = sdkFor(rig.sandbox);
  const UserAttributes = [{ Name: 'email', Value: 'other@example.com' }];
  await cognito.send(new UpdateUserAttributesCommand({ AccessToken, UserAttributes })).finally(() => cognito.destroy());
}

async function submitWrong(user: SandboxUser) {
  const codes = rig.sandbox.inbox(user).map(({ code }) => code);
  return await rig.client.submitCode(idOf(user), { code: otherThan(...codes) });
}

async function cancel(user: SandboxUser): Promise<void> {
  await rig.client.cancel(idOf(user));
  await rig.client.wait(idOf(user));
}

/** The ways in which a verification ends, but for its deadline. */
const ENDS: Record<string, (user: SandboxUser) => Promise<void>> = {
  cancelled: cancel,
  failed: async (user) => {
    const { username } = user;
    const exception = { name: 'ResourceNotFoundException' };
    rig.sandbox.setFault({ operation: 'VerifyUserAttribute', username, exception, times: 1 });
    await submitWrong(user).catch(() => undefined);
    await rig.client.wait(idOf(user));
  },
  terminated: async (user) => {
    await handleOf(user).terminate();
  },
  verified: async (user) => {
    await rig.client.submitCode(idOf(user), { code: rig.sandbox.codeFor(user, 'email') });
  },
};

describe.each(Object.entries(ENDS))('a verification that was %s', (how, end) => {
  attack(
    'gives no fresh attempts, and the next says from when there are some',
    'limits belong to one verification',
    async () => {
      const user = await rig.user();
      await start(user);
      await submitWrong(user);
      await end(user);
      await sleep(COOLED);
      const again = await start(user);
      const used = how === 'cancelled' || how === 'terminated' ? 1 : 2;
      expect(attemptsOf(user)).toBe(used);
      expect(again.attemptsLeft).toBe(2 - used);
      if (used === 1) {
        await submitWrong(user);
        expect(attemptsOf(user)).toBe(2);
        const refused = await submitWrong(user);
        expect(refused.result).toBe('rateLimited');
        expect(Date.parse(refused.retryAt ?? '')).toBeGreaterThan(Date.now() + LIMITS_WINDOW_MS - 60_000);
      } else {
        // A code could not be submitted, so none is sent.
        expect(again.state).toBe('rateLimited');
        expect(Date.parse(again.retryAt ?? '')).toBeGreaterThan(Date.now() + LIMITS_WINDOW_MS - 60_000);
        expect(sendsOf(user)).toBe(1);
      }
      expect(attemptsOf(user)).toBe(2);
    },
  );

  attack(
    'gives no shorter cool-down: a start in the same second sends nothing, and says from when',
    'limits belong to one verification',
    async () => {
      const user = await rig.user();
      const first = await start(user, { resendCooldown: '10 minutes' });
      await end(user);
      const again = await start(user, { resendCooldown: '10 minutes' });
      expect(again).toMatchObject({ state: 'rateLimited', sendsLeft: 4 });
      expect(Math.abs(Date.parse(again.retryAt ?? '') - Date.parse(first.resendAllowedAt ?? ''))).toBeLessThan(2_000);
      expect(sendsOf(user)).toBe(1);
    },
  );
});

attack('a verification that Temporal timed out gives nothing anew', 'limits belong to one verification', async () => {
  const user = await rig.user();
  const request: VerificationRequest = { accessToken: user.accessToken, attributeName: 'email', policy: QUICK };
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
    workflowId: idOf(user),
    taskQueue: rig.taskQueue,
    args: [{ ...request, stamp: stampOf(WORKFLOW_TYPE) }],
    workflowIdConflictPolicy: 'FAIL',
    workflowExecutionTimeout: '3 seconds',
  });
  const updateId = 'awaitDelivery/timed-out';
  await rig.env.client.workflow.executeUpdateWithStart(awaitDelivery, {
    startWorkflowOperation,
    updateId,
    args: [{ stamp: stampOf('awaitDelivery', { id: updateId }) }],
  });
  await submitWrong(user);
  await rig.client.wait(idOf(user));
  expect((await handleOf(user).describe()).status.name).toBe('TIMED_OUT');
  expect(await start(user)).toMatchObject({ sendsLeft: 1, attemptsLeft: 1 });
});

attack('a chain of verifications has the messages of one', 'limits belong to one verification', async () => {
  const user = await rig.user();
  for (const sendsLeft of [2, 1, 0]) {
    expect(await start(user)).toMatchObject({ state: 'awaitingCode', sendsLeft });
    await cancel(user);
    await sleep(4_500);
  }
  for (let times = 0; times < 2; times++) {
    const again = await start(user);
    expect(again).toMatchObject({ state: 'rateLimited', sendsLeft: 0 });
    expect(Date.parse(again.retryAt ?? '')).toBeGreaterThan(Date.now() + LIMITS_WINDOW_MS - 60_000);
    await cancel(user);
  }
  expect(sendsOf(user)).toBe(3);
});

attack('starts at once, with cancels between them, send one message', 'limits belong to one verification', async () => {
  const user = await rig.user();
  const policy = { resendCooldown: '10 minutes' } as const;
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      await sleep(index * 40);
      if (index % 3 === 2) await rig.client.cancel(idOf(user)).catch(() => undefined);
      else await start(user, policy).catch(() => undefined);
    }),
  );
  await start(user, policy);
  expect(sendsOf(user)).toBe(1);
});

attack(
  'a start that is late does not come after another run than the one that it names',
  'two verifications may follow one',
  async () => {
    const user = await rig.user();
    const policy = { resendCooldown: '10 minutes' } as const;
    // What a slow service does: it looks for the newest run, and starts a while later.
    let go = () => {};
    const asked = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = new Client({
      connection: rig.env.connection,
      dataConverter: rig.dataConverter,
      interceptors: {
        workflow: [
          {
            async startUpdateWithStart(input, next) {
              await asked;
              return await next(input);
            },
          },
        ],
      },
    });
    const { userPools, taskQueue } = rig;
    const late = new VerificationClient({ client: slow, userPools, taskQueue, timeout: '10 seconds' });
    const started = late.start({ accessToken: user.accessToken, attributeName: 'email', policy });
    await sleep(500);
    await start(user, policy);
    await cancel(user);
    go();
    await started;
    expect(await start(user, policy)).toMatchObject({ state: 'rateLimited' });
    expect(sendsOf(user)).toBe(1);
  },
);

test('codes of which only forged starts have told cost the user no send', async () => {
  const user = await rig.user();
  const alreadySent = { destination: 'e***@e***', deliveryMedium: 'EMAIL' };
  for (let times = 0; times < 3; times++) {
    const accessToken = await rig.sandbox.issueAccessToken(user, { forged: true });
    await rig.unchecked.start({ accessToken, attributeName: 'email', alreadySent });
    await cancel(user);
  }
  expect(await start(user)).toMatchObject({ state: 'awaitingCode', sendsLeft: 2 });
});

attack(
  'a request that a helper without a key sends again gives nothing anew, and parts no later start from what came before',
  'a copied request starts anew',
  async () => {
    const user = await rig.user();
    await start(user);
    await submitWrong(user);
    await submitWrong(user);
    const { events } = await handleOf(user).fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? null;
    await cancel(user);
    await sleep(11_000);
    await rig.env.connection.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId: idOf(user),
      workflowType: { name: WORKFLOW_TYPE },
      taskQueue: { name: rig.taskQueue },
      input,
      requestId: randomUUID(),
    });
    const usedUp = { state: 'rateLimited', attemptsLeft: 0 };
    await expect.poll(() => rig.client.status(idOf(user)), { timeout: 10_000 }).toMatchObject(usedUp);
    await cancel(user);
    expect(await start(user)).toMatchObject(usedUp);
    expect([sendsOf(user), attemptsOf(user)]).toEqual([1, 2]);
  },
  60_000,
);

describe('what cannot be read counts as used up for the hour', () => {
  const usedUp = { state: 'rateLimited', sendsLeft: 0, attemptsLeft: 0 };

  test('a run that a reset has made, since it lacks what came after the point of the reset', async () => {
    const user = await rig.user();
    await start(user);
    await submitWrong(user);
    const { connection } = rig.env;
    const workflowExecution = { workflowId: idOf(user), runId: await runIdOf(user) };
    const { events } = await handleOf(user).fetchHistory();
    const task = events?.find(({ workflowTaskCompletedEventAttributes: completed }) => completed);
    await connection.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution,
      workflowTaskFinishEventId: task?.eventId ?? null,
      requestId: randomUUID(),
    });
    await handleOf(user).terminate();
    expect(await start(user)).toMatchObject(usedUp);
  });

  attack(
    'a run that was deleted',
    'what cannot be read counts as nothing',
    async () => {
      const user = await rig.user();
      await start(user);
      const runId = await runIdOf(user);
      await cancel(user);
      await sleep(COOLED);
      expect(await start(user)).toMatchObject({ state: 'awaitingCode' });
      await cancel(user);
      const { connection } = rig.env;
      const workflowExecution = { workflowId: idOf(user), runId };
      await connection.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
      await expect
        .poll(
          () =>
            handleOf(user, runId)
              .describe()
              .catch(({ name }) => name),
          DELETED,
        )
        .toBe('WorkflowNotFoundError');
      expect(await start(user)).toMatchObject(usedUp);
      expect(sendsOf(user)).toBe(2);
    },
    120_000,
  );
});

test.for([
  { id: 'other' },
  // As the workers' own.
  { id: 'test' },
])('a caller with a wrong key $id locks nobody out: a run that has done nothing counts nothing', async ({ id }) => {
  const user = await rig.user();
  const keys = keyRingOf(...parseKeys(`${id}:${randomBytes(32).toString('base64')}`, 'another key'));
  const client = new Client({ connection: rig.env.connection, dataConverter: clientDataConverter(keys) });
  const { userPools, taskQueue } = rig;
  const other = new VerificationClient({ client, userPools, taskQueue, timeout: '6 seconds' });
  await other.start({ accessToken: user.accessToken, attributeName: 'email' }).catch(() => undefined);
  await handleOf(user)
    .terminate()
    .catch(() => undefined);
  expect(await start(user)).toMatchObject({ state: 'awaitingCode' });
  expect(sendsOf(user)).toBe(1);
});

describe('a verification without attempts left', () => {
  async function exhausted(policy: VerificationPolicy = QUICK): Promise<SandboxUser> {
    const user = await rig.user();
    await start(user, policy);
    await submitWrong(user);
    await submitWrong(user);
    return user;
  }

  attack('offers no re-send, makes none, and refuses one with the remedy', 'a re-send needs no attempt', async () => {
    const user = await exhausted();
    await sleep(COOLED);
    expect(await rig.client.status(idOf(user))).not.toHaveProperty('resendAllowedAt');
    await expect(rig.client.resendCode(idOf(user))).rejects.toMatchObject({
      reason: 'attemptsExhausted',
      message: expect.stringMatching(/Start again/),
    });
    expect(sendsOf(user)).toBe(1);
  });

  attack(
    'ends with the next start, which opens another one and says from when it sends',
    'a verification without attempts stays open',
    async () => {
      const user = await exhausted();
      const runId = await runIdOf(user);
      const again = await start(user);
      expect(again).toMatchObject({ state: 'rateLimited', attemptsLeft: 0, sends: [] });
      expect(await handleOf(user, runId).result()).toMatchObject({ outcome: 'expired', reason: 'AttemptsExhausted' });
      expect(Date.parse(again.retryAt ?? '')).toBeGreaterThan(Date.now() + LIMITS_WINDOW_MS - 60_000);
      expect([sendsOf(user), attemptsOf(user)]).toEqual([1, 2]);
    },
  );

  test('ends with a start whose token nobody has checked, once Cognito has taken that', async () => {
    const user = await exhausted();
    const runId = await runIdOf(user);
    const accessToken = await rig.sandbox.issueAccessToken(user);
    const { status } = await rig.unchecked.start({ accessToken, attributeName: 'email', policy: QUICK });
    expect(status).toMatchObject({ state: 'rateLimited', attemptsLeft: 0, sends: [], joined: false });
    expect(await handleOf(user, runId).result()).toMatchObject({ outcome: 'expired', reason: 'AttemptsExhausted' });
  });

  test('goes on where a start with a forged token meets it', async () => {
    const user = await exhausted();
    const runId = await runIdOf(user);
    const accessToken = await rig.sandbox.issueAccessToken(user, { forged: true });
    const { status } = await rig.unchecked.start({ accessToken, attributeName: 'email', policy: QUICK });
    expect(status).toMatchObject({ state: 'awaitingCode', attemptsLeft: 0, joined: true });
    expect(await runIdOf(user)).toBe(runId);
  });

  test('opens one verification more, however often that start is repeated', async () => {
    const user = await exhausted();
    const { accessToken } = user;
    const request = { accessToken, attributeName: 'email', policy: QUICK, requestId: 'again' } as const;
    const { status } = await rig.client.start(request);
    const runId = await runIdOf(user);
    expect((await rig.client.start(request)).status).toEqual(status);
    await cancel(user);
    expect((await rig.client.start(request)).status).toEqual(status);
    expect(await runIdOf(user)).toBe(runId);
  });

  test.each([
    ['to a new value', 'AttributeChanged'],
    ['to the same value', 'AttemptsExhausted'],
  ])('makes way for a start that reports a code %s, which counts once', async (_to, reason) => {
    const user = await exhausted();
    const runId = await runIdOf(user);
    if (reason === 'AttributeChanged') await changeEmail(user);
    const alreadySent = { destination: 'o***@e***', deliveryMedium: 'EMAIL' };
    const accessToken = await rig.sandbox.issueAccessToken(user);
    const { status } = await rig.client.start({ accessToken, attributeName: 'email', alreadySent });
    expect(status).toMatchObject({ state: 'awaitingCode', joined: false, sends: [{ outcome: 'alreadySent' }] });
    expect(status.sends).toHaveLength(1);
    expect(await handleOf(user, runId).result()).toMatchObject({ outcome: 'expired', reason });
  });
});

test('a corrected address keeps the counts, and gets the shortest cool-down', async () => {
  const user = await rig.user();
  const policy = { resendCooldown: '2 seconds' } as const;
  await start(user, policy);
  await sleep(2_100);
  await rig.client.resendCode(idOf(user));
  await sleep(4_100);
  await rig.client.resendCode(idOf(user));
  await cancel(user);
  const alreadySent = { destination: 'y***@o***', deliveryMedium: 'EMAIL' };
  const { accessToken } = user;
  const { status } = await rig.client.start({ accessToken, attributeName: 'email', policy, alreadySent });
  expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 1 });
  const cooldown = Date.parse(status.resendAllowedAt ?? '') - Date.parse(status.sends[0]?.at ?? '');
  expect(cooldown).toBe(2_000);
});
