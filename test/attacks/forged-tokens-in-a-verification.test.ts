/**
 * A caller without an access token that counts, at a service that does not check tokens: what forged tokens do in a verification,
 * before and after the real user's own service, which checks them, opens or joins it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CodeDelivery, type StartedVerification, VerificationClient } from '@cognito-verification/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { ATTEMPT } from '../lifecycle/time-travel.js';
import { type SandboxUser, useRig } from '../rig.js';
import { otherThan } from '../sandbox/running-sandbox.js';
import { attack } from './attack.js';

const rig = useRig('local');
const TEXT = { text: 'Your parcel waits at http://evil.example' };
const EVIL: CodeDelivery = { destination: 'e***@e***', deliveryMedium: 'EMAIL' };

/** What Cognito passed to the triggers of the pool, with the user's name. */
const passed: [username: string, clientMetadata: object][] = [];
beforeAll(() => {
  rig.sandbox.setCustomMessage((event) => {
    passed.push([event.userName, event.request.clientMetadata]);
    return event;
  });
});

const forge = (user: SandboxUser, expiresInSeconds = 3_600) =>
  rig.sandbox.issueAccessToken(user, { forged: true, expiresInSeconds });
const request = (accessToken: string) => ({ accessToken, attributeName: 'email' as const });
const calls = ({ username }: SandboxUser, operation: string) => rig.sandbox.calls({ username, operation }).length;
const metadataOf = ({ username }: SandboxUser) => passed.filter(([name]) => name === username).map(([, text]) => text);
const codeFor = (user: SandboxUser) => rig.sandbox.codeFor(user, 'email');
const inMinutes = (at: string | undefined) => (Date.parse(at ?? '') - Date.now()) / 60_000;

/** Ends the verification as its user would. */
async function verifies(user: SandboxUser, { workflowId }: Pick<StartedVerification, 'workflowId'>): Promise<void> {
  expect(await rig.client.submitCode(workflowId, { code: codeFor(user) })).toMatchObject({ result: 'verified' });
}

describe('a flood of messages', () => {
  attack.each<[string, number]>([
    ['not expired', 3_600],
    ['expired', -60],
  ])(
    '1,502 starts with a forged token that has %s leave the user everything',
    'all messages share one budget',
    async (_, life) => {
      const user = await rig.user();
      const forged = await forge(user, life);
      await rig.unchecked.start(request(await forge(user))).catch(() => undefined);
      await inTurns(1_502, () => rig.unchecked.start(request(forged)));
      const started = await rig.client.start({ ...request(user.accessToken), policy: { resendCooldown: '1 second' } });
      expect(started.status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
      const { accessToken } = user;
      expect(await rig.client.renewAccessToken(started.workflowId, { accessToken })).toMatchObject({ sendsLeft: 4 });
      await sleep(1_100);
      expect(await rig.client.resendCode(started.workflowId)).toMatchObject({ sendsLeft: 3 });
      await verifies(user, started);
    },
    180_000,
  );

  it('twelve codes that wait for Cognito at the same time leave the user a place', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.client.start(request(user.accessToken));
    for (const operation of ['GetUser', ATTEMPT])
      rig.sandbox.setFault({ operation, exception: { name: 'TooManyRequestsException' } });
    const forged = await Promise.all(Array.from({ length: 12 }, () => forge(user)));
    const flood = forged.map((accessToken) => rig.unchecked.submitCode(workflowId, { code: '000000', accessToken }));
    await Promise.race([Promise.allSettled(flood), sleep(2_000)]);
    const { client } = rig.env;
    const { userPools, taskQueue } = rig;
    const impatient = new VerificationClient({ client, userPools, taskQueue, timeout: '8 seconds' });
    const renewed = await impatient.renewAccessToken(workflowId, { accessToken: user.accessToken }).catch(String);
    rig.sandbox.clearFaults();
    await Promise.allSettled(flood);
    expect(renewed).toMatchObject({ state: 'awaitingCode' });
    await verifies(user, { workflowId });
  });
});

describe('a verification that was opened with a forged token', () => {
  attack(
    'goes by the policy of the real start that joins it, and sends nothing of the other',
    'the first request is in force',
    async () => {
      const user = await rig.user();
      const policy = { maxAttempts: 1, maxSends: 1, deadline: '1 minute', confirmation: 'trust' } as const;
      await rig.unchecked.start({ ...request(await forge(user)), policy, clientMetadata: TEXT });
      const joined = await rig.client.start({ ...request(user.accessToken), policy: { maxAttempts: 3 } });
      expect(joined.status).toMatchObject({
        state: 'awaitingCode',
        attemptsLeft: 3,
        sendsLeft: 4,
        joined: true,
        policy: { maxAttempts: 3, maxSends: 5, confirmation: 'recheck', deadline: 24 * 3_600_000 },
      });
      expect(inMinutes(joined.status.expiresAt)).toBeGreaterThan(23 * 60);
      expect(metadataOf(user)).toEqual([{}]);
      const wrong = await rig.client.submitCode(joined.workflowId, { code: otherThan(codeFor(user)) });
      expect(wrong).toMatchObject({ result: 'mismatch', status: { attemptsLeft: 2 } });
      await rig.client.confirm(joined.workflowId);
      await expect
        .poll(async () => (await rig.client.status(joined.workflowId)).unprovenConfirmation)
        .toMatchObject({ reason: 'notVerified' });
      await verifies(user, joined);
    },
  );

  attack('believes no confirmation, although its own policy does', 'the first request is in force', async () => {
    const user = await rig.user();
    const policy = { confirmation: 'trust' } as const;
    const { workflowId } = await rig.unchecked.start({ ...request(await forge(user)), policy });
    await rig.client.confirm(workflowId);
    await sleep(500);
    expect((await rig.client.status(workflowId)).state).toBe('awaitingToken');
  });

  attack(
    'and that says that Cognito has sent a code sends one to the real user',
    'the first request is in force',
    async () => {
      const user = await rig.user();
      await rig.unchecked.start({ ...request(await forge(user)), alreadySent: EVIL });
      const joined = await rig.client.start(request(user.accessToken));
      expect(joined.status).toMatchObject({
        state: 'awaitingCode',
        sendsLeft: 4,
        delivery: { destination: 'z***@e***' },
      });
      await verifies(user, joined);
    },
  );

  attack('is open to Temporal as long as any other', 'a request says how long Temporal keeps it open', async () => {
    const user = await rig.user();
    const policy = { deadline: '1 minute' } as const;
    const { workflowId } = await rig.unchecked.start({ ...request(await forge(user)), policy });
    const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
    const { workflowExecutionTimeout } = events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
    expect(Number(workflowExecutionTimeout?.seconds)).toBe(31 * 24 * 3_600);
  });
});

describe('a verification of the real user', () => {
  attack(
    'takes no message, policy or metadata from a forged start or re-send',
    'a token that nobody has checked counts',
    async () => {
      const user = await rig.user();
      const started = await rig.client.start({
        ...request(user.accessToken),
        policy: { resendCooldown: '1 second' },
        clientMetadata: { locale: 'de' },
      });
      const forged = await forge(user);
      const joined = await rig.unchecked.start({
        ...request(forged),
        policy: { maxAttempts: 1 },
        clientMetadata: TEXT,
        alreadySent: EVIL,
      });
      expect(joined.status).toMatchObject({
        attemptsLeft: 10,
        sends: [{ outcome: 'sent' }],
        delivery: { destination: 'z***@e***' },
      });
      await sleep(1_100);
      await rig.unchecked
        .resendCode(started.workflowId, { accessToken: await forge(user), clientMetadata: TEXT })
        .catch(() => undefined);
      expect(metadataOf(user)).not.toContainEqual(TEXT);
      await expect(rig.client.resendCode(started.workflowId, { clientMetadata: TEXT })).rejects.toMatchObject({
        code: 'InvalidRequest',
        field: 'clientMetadata',
      });
      await verifies(user, started);
    },
  );

  attack('keeps the fresh token of the user beside seven forged ones', 'the newest tokens are kept', async () => {
    const user = await rig.user();
    const started = await rig.client.start(request(user.accessToken));
    rig.sandbox.revokeTokens(user);
    const accessToken = await rig.sandbox.issueAccessToken(user);
    await rig.client.renewAccessToken(started.workflowId, { accessToken });
    for (let count = 0; count < 7; count++) await rig.unchecked.start(request(await forge(user)));
    await verifies(user, started);
  });

  attack(
    'makes no attempt with a forged token, and soon asks Cognito nothing about them',
    ['a code is tried with any token', 'Cognito is asked about every token'],
    async () => {
      const user = await rig.user();
      const started = await rig.client.start(request(user.accessToken));
      const reads = calls(user, 'GetUser');
      const code = codeFor(user);
      const answers = [];
      for (let count = 0; count < 12; count++)
        answers.push(await rig.unchecked.submitCode(started.workflowId, { code, accessToken: await forge(user) }));
      expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['accessTokenRejected']));
      expect(calls(user, ATTEMPT)).toBe(0);
      expect(calls(user, 'GetUser') - reads).toBe(5);
      expect(inMinutes(answers.at(-1)?.retryAt)).toBeCloseTo(1, 0);
      expect(answers.at(-1)?.status).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10 });
      await expect(rig.unchecked.start(request(await forge(user)))).rejects.toMatchObject({ code: 'TooManyMessages' });
      await verifies(user, started);
    },
  );
});

attack('a token that Cognito has refused is not sent to it again', 'a refused token may come again', async () => {
  const user = await rig.user();
  const forged = await forge(user);
  const { workflowId } = await rig.unchecked.start(request(forged));
  const made = rig.sandbox.calls({ username: user.username }).length;
  for (let count = 0; count < 5; count++) {
    const again = rig.unchecked.renewAccessToken(workflowId, { accessToken: forged });
    await expect(again).rejects.toMatchObject({ code: 'AccessTokenRefused' });
  }
  expect(rig.sandbox.calls({ username: user.username })).toHaveLength(made);
});

/** Makes calls, some at a time, whatever comes of them. */
async function inTurns(count: number, call: () => Promise<unknown>): Promise<void> {
  let left = count;
  const line = async () => {
    while (left-- > 0) await call().catch(() => undefined);
  };
  await Promise.all(Array.from({ length: 8 }, line));
}
