/** The client against a real Temporal server, the worker and the Cognito sandbox. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type StartedVerification,
  VerificationClient,
  type VerificationListing,
  type VerificationPolicy,
  workflowIdFor,
} from '@cognito-verification/client';
import { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type Rig, type SandboxUser, startRig, startWorker } from '../rig.js';
import { accessToken, thrownBy } from './fixtures.js';

let rig: Rig;
let client: VerificationClient;

beforeAll(async () => {
  rig = await startRig('local');
  client = rig.client;
});
afterEach(() => rig.sandbox.clearFaults());
afterAll(() => rig?.close());

const WRONG = (code: string) => (code === '000000' ? '111111' : '000000');

async function sent(policy?: VerificationPolicy): Promise<StartedVerification & { user: SandboxUser; code: string }> {
  const user = await rig.user();
  const started = await rig.start(user, policy);
  return { ...started, user, code: rig.sandbox.codeFor(user, 'email') };
}

function sends(user: SandboxUser): number {
  return rig.sandbox.calls().filter(({ operation, username }) => {
    return operation === 'GetUserAttributeVerificationCode' && username === user.username;
  }).length;
}

describe('a verification', () => {
  it('is started, says where the code went, and is verified by the code', async () => {
    const { workflowId, status, user, code } = await sent();
    const { userPoolId, sub } = user;
    expect(workflowId).toBe(workflowIdFor({ userPoolId, sub, attributeName: 'email' }));
    expect(status).toMatchObject({ state: 'awaitingCode', delivery: { deliveryMedium: 'EMAIL' } });
    expect(await client.submitCode(workflowId, { code: WRONG(code) })).toMatchObject({ result: 'mismatch' });
    expect(await client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(await client.wait(workflowId)).toMatchObject({
      outcome: 'verified',
      proof: 'accepted',
      status: { state: 'verified' },
    });
    expect(await client.status(workflowId)).toMatchObject({ state: 'verified' });
  });

  it('is recognisable in the Web UI', async () => {
    const { workflowId, user } = await sent();
    const described = await rig.env.client.workflow.getHandle(workflowId).describe();
    expect(await described.staticSummary()).toBe(`Verify email in ${user.userPoolId}`);
    expect(await described.staticDetails()).toContain('getStatus');
    expect(described.priority?.fairnessKey).toBe(user.userPoolId);
  });

  it('is confirmed by a signal', async () => {
    const { workflowId } = await sent({ confirmation: 'trust' });
    await client.confirm(workflowId, { reference: 'signup-1' });
    expect(await client.wait(workflowId)).toMatchObject({
      outcome: 'verified',
      proof: 'trusted',
      reference: 'signup-1',
    });
  });

  it('says that it has ended, and how, to later calls', async () => {
    const { workflowId, user, code } = await sent();
    await client.submitCode(workflowId, { code });
    for (const call of [
      () => client.submitCode(workflowId, { code }),
      () => client.confirm(workflowId),
      () => client.resendCode(workflowId),
      () => client.renewAccessToken(workflowId, { accessToken: user.accessToken }),
      () => client.cancel(workflowId),
    ]) {
      expect(await thrownBy(call())).toMatchObject({
        code: 'VerificationEnded',
        outcome: { outcome: 'verified' },
        status: { state: 'verified' },
      });
    }
  });

  it('is cancelled, and cancelling it again is no error', async () => {
    const { workflowId } = await sent();
    await client.cancel(workflowId);
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'cancelled', status: { state: 'cancelled' } });
    await client.cancel(workflowId);
  });

  it('that an operator terminated counts as failed', async () => {
    const { workflowId } = await sent();
    await rig.env.client.workflow.getHandle(workflowId).terminate('by hand');
    expect(await client.wait(workflowId)).toEqual({
      outcome: 'failed',
      failure: { type: 'Terminated', message: 'by hand' },
    });
  });

  it('that was never started is not found', async () => {
    const { userPoolId } = await rig.user();
    const workflowId = workflowIdFor({ userPoolId, sub: randomUUID(), attributeName: 'email' });
    for (const call of [
      () => client.status(workflowId),
      () => client.wait(workflowId),
      () => client.cancel(workflowId),
      () => client.confirm(workflowId),
      () => client.submitCode(workflowId, { code: '123456' }),
    ]) {
      expect(await thrownBy(call())).toMatchObject({ code: 'VerificationNotFound', workflowId });
    }
  });
});

describe('a run', () => {
  it('is returned by the start, and holds later calls to that verification', async () => {
    const user = await rig.user();
    const request = { accessToken: user.accessToken, attributeName: 'email', reverify: true } as const;
    const first = await client.start(request);
    expect(await client.status(first)).not.toHaveProperty('stamp');
    await client.submitCode(first, { code: rig.sandbox.codeFor(user, 'email') });
    const second = await client.start(request);
    expect(second.run).not.toBe(first.run);
    expect(await client.wait(first)).toMatchObject({ outcome: 'verified' });
    expect(await client.status(first)).toMatchObject({ state: 'verified' });
    // The message of the first one is in the cool-down still.
    expect(await client.status(second)).toMatchObject({ state: 'rateLimited' });
    for (const call of [
      () => client.submitCode(first, { code: '000000' }),
      () => client.confirm(first),
      () => client.cancel(first),
    ])
      expect(await thrownBy(call())).toMatchObject({ code: 'VerificationEnded', outcome: { outcome: 'verified' } });
    expect(await client.status(second.workflowId)).toMatchObject({ state: 'rateLimited', attemptsLeft: 9 });
    expect(await thrownBy(client.status({ ...second, run: 'x' }))).toMatchObject({ field: 'run' });
  });
});

describe('a starter whose clock is wrong', () => {
  it.each([3, -3])('by %d minutes harms nobody: codes and confirmations of other hosts count', async (minutes) => {
    const now = () => Date.now() + minutes * 60_000;
    const { userPools, taskQueue } = rig;
    const wrong = new VerificationClient({ client: rig.env.client, userPools, taskQueue, now });
    const user = await rig.user();
    const { workflowId } = await wrong.start({
      accessToken: user.accessToken,
      attributeName: 'email',
      policy: { confirmation: 'trust' },
    });
    const code = rig.sandbox.codeFor(user, 'email') === '000000' ? '000001' : '000000';
    for (const host of [client, wrong])
      expect(await host.submitCode(workflowId, { code })).toMatchObject({ result: 'mismatch' });
    await client.confirm(workflowId);
    expect(await client.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'trusted' });
  });
});

describe('an id that is used for something else', () => {
  it('is refused, and a repeat with a fresh token is not', async () => {
    const { workflowId, user } = await sent({ resendCooldown: '1 second' });
    const wrong = rig.sandbox.codeFor(user, 'email') === '000000' ? ['000001', '000002'] : ['000000', '000002'];
    const attemptId = randomUUID();
    const submit = (code = '', token = user.accessToken) =>
      client.submitCode(workflowId, { code, accessToken: token, attemptId });
    const answer = await submit(wrong[0]);
    expect(await submit(wrong[0], await rig.sandbox.issueAccessToken(user))).toEqual(answer);
    expect(await thrownBy(submit(wrong[1]))).toMatchObject({ code: 'IdReused', id: `submitCode/${attemptId}` });

    const again = await rig.user();
    const start = (policy: object, token = again.accessToken) =>
      client.start({ accessToken: token, attributeName: 'email', requestId: 'r1', policy });
    const started = await start({ maxSends: 3, deadline: '1 hour' });
    const fresh = await rig.sandbox.issueAccessToken(again);
    expect(await start({ deadline: 3_600_000, maxSends: 3 }, fresh)).toEqual(started);
    expect(await thrownBy(start({ maxSends: 4 }))).toMatchObject({ code: 'IdReused', id: 'awaitDelivery/r1' });
    expect(sends(again)).toBe(1);
  });
});

describe('a repeated call', () => {
  it('ten times at once with one request id gives ten equal answers and one send', async () => {
    const user = await rig.user();
    const request = { accessToken: user.accessToken, attributeName: 'email', requestId: randomUUID() } as const;
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.start(request)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(sends(user)).toBe(1);
  });

  it('with another request id joins the open verification', async () => {
    const { workflowId, user } = await sent();
    expect(await rig.start(user)).toMatchObject({ workflowId, status: { state: 'awaitingCode' } });
    expect(sends(user)).toBe(1);
  });

  it('with the same attempt id counts one attempt', async () => {
    const { workflowId, status, code } = await sent();
    const attempt = { code: WRONG(code), attemptId: randomUUID() };
    const first = await client.submitCode(workflowId, attempt);
    expect(await client.submitCode(workflowId, attempt)).toEqual(first);
    expect((await client.status(workflowId)).attemptsLeft).toBe(status.attemptsLeft - 1);
  });

  it('starts a new verification once the old one has ended', async () => {
    const { user, code, workflowId } = await sent();
    await client.submitCode(workflowId, { code });
    expect(await rig.start(user)).toMatchObject({ workflowId, status: { state: 'alreadyVerified', sends: [] } });
    expect(sends(user)).toBe(1);
  });
});

describe('messages that arrive at the moment of the end', () => {
  // A signal that arrives with the end makes the server redo the workflow task and drop its updates; a run that is closing
  // aborts them. The caller sees neither: with an update id the client can repeat the update safely.
  it('are answered, or told that the verification has ended', { timeout: 120_000 }, async () => {
    for (let round = 0; round < 12; round++) {
      const { workflowId, user, code } = await sent({ confirmation: 'trust' });
      const [first, second, ...others] = await Promise.allSettled([
        rig.start(user),
        rig.start(user),
        client.submitCode(workflowId, { code }),
        client.confirm(workflowId),
        client.submitCode(workflowId, { code: WRONG(code) }),
        client.cancel(workflowId),
      ]);
      expect([first, second]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
      for (const other of others) {
        // A verification that was started meanwhile sends no code before the cool-down of the ended one is over.
        if (other.status === 'rejected') expect(['VerificationEnded', 'CodeNotSent']).toContain(other.reason.code);
      }
    }
  });
});

describe('a refusal', () => {
  it('of a re-send says when the next is allowed', async () => {
    const { workflowId } = await sent();
    expect(await thrownBy(client.resendCode(workflowId))).toMatchObject({
      code: 'ResendNotAllowed',
      reason: 'cooldown',
      allowedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('of the last attempt says that no attempt is left', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, { maxAttempts: 1 });
    const code = WRONG(rig.sandbox.codeFor(user, 'email'));
    await client.submitCode(workflowId, { code });
    expect(await thrownBy(client.submitCode(workflowId, { code }))).toMatchObject({ code: 'AttemptsExhausted' });
  });

  it('of a code by its form follows the policy of the verification', async () => {
    const { workflowId } = await sent();
    expect(await thrownBy(client.submitCode(workflowId, { code: 'abc' }))).toMatchObject({
      code: 'InvalidRequest',
      field: 'code',
    });
  });

  it('from Cognito fails the verification with the name of the exception', async () => {
    const user = await rig.user();
    rig.sandbox.deleteUser(user);
    const error = await thrownBy(rig.start(user));
    expect(error).toMatchObject({ code: 'VerificationFailed', failure: { type: 'UserNotFoundException' } });
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    expect(await client.wait(workflowId)).toMatchObject({
      outcome: 'failed',
      failure: { type: 'UserNotFoundException' },
    });
  });

  it('never holds the token or the code, and neither do its causes', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const code = '918273';
    const errors = await Promise.all([
      thrownBy(client.resendCode(workflowId, { accessToken: user.accessToken })),
      thrownBy(client.submitCode(workflowId, { code: `${code}x`, accessToken: user.accessToken })),
      thrownBy(client.renewAccessToken(workflowId, { accessToken: accessToken() })),
    ]);
    for (const error of errors) {
      const everything = inspect(error, { depth: 8 });
      expect(everything).not.toContain(code);
      expect(everything).not.toContain(user.accessToken.split('.')[2]);
    }
  });
});

describe('waiting', () => {
  it('for a slow first send ends with the current status', async () => {
    const user = await rig.user();
    rig.sandbox.setFault({ operation: 'GetUserAttributeVerificationCode', username: user.username, latencyMs: 8000 });
    const hurried = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue: rig.taskQueue,
      timeout: '6 seconds',
    });
    const { workflowId, status } = await hurried.start({ accessToken: user.accessToken, attributeName: 'email' });
    expect(status.state).toBe('sending');
    // The send continues: a start that joins the verification gets the answer of the one send.
    expect((await rig.start(user)).workflowId).toBe(workflowId);
    expect(await client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
    expect(sends(user)).toBe(1);
  });

  it('for a start that Temporal did not take says so, and not how an earlier verification has ended', async () => {
    const { workflowId, user, code } = await sent();
    await client.submitCode(workflowId, { code });
    await client.wait(workflowId);
    const { userPools, taskQueue, dataConverter, env } = rig;
    const slow = new Client({
      connection: env.connection,
      dataConverter,
      interceptors: {
        workflow: [
          {
            async startUpdateWithStart(input, next) {
              await sleep(4_500);
              return await next(input);
            },
          },
        ],
      },
    });
    const late = new VerificationClient({ client: slow, userPools, taskQueue, timeout: '6 seconds' });
    const error = await thrownBy(late.start({ accessToken: user.accessToken, attributeName: 'email' }));
    expect(error).toMatchObject({
      code: 'TemporalUnavailable',
      message: expect.stringContaining('Nothing was started'),
    });
  });

  it('for an outcome ends at the timeout and the verification continues', async () => {
    const { workflowId } = await sent();
    expect(await thrownBy(client.wait(workflowId, { timeout: '500ms' }))).toMatchObject({
      code: 'VerificationOpen',
      status: { state: 'awaitingCode' },
    });
  });

  it('for a missing worker says where one is missing, and continues once there is one', async () => {
    const user = await rig.user();
    const lonely = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      taskQueue: 'nobody-polls-this',
      timeout: '6 seconds',
    });
    const error = await thrownBy(lonely.start({ accessToken: user.accessToken, attributeName: 'email' }));
    expect(error).toMatchObject({
      code: 'WorkerUnavailable',
      message: expect.stringMatching(/task queue "nobody-polls-this" in namespace "default"/),
    });
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const late = await startWorker(rig, cognito, 'nobody-polls-this');
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    await expect.poll(() => client.status(workflowId), { timeout: 20_000 }).toMatchObject({ state: 'awaitingCode' });
    expect(sends(user)).toBe(1);
    await late.stop();
    cognito.destroy();
  });
});

describe('the list', () => {
  it('finds verifications by state, attribute and pool, newest first', async () => {
    const poolId = (await rig.sandbox.createUser()).userPoolId;
    const user = (email: string) => rig.sandbox.createUser({ poolId, attributes: { email } });
    const users = [await user('one@example.com'), await user('two@example.com')] as const;
    const first = (await rig.start(users[0], { confirmation: 'trust' })).workflowId;
    const second = (await rig.start(users[1])).workflowId;
    await client.confirm(first);
    await client.wait(first);
    const find = async (filter: Parameters<typeof client.list>[0]) => {
      const found: VerificationListing[] = [];
      for await (const row of client.list({ userPoolId: poolId, ...filter })) found.push(row);
      return found;
    };
    // The visibility store is updated later.
    await expect.poll(() => find({ state: 'verified' }), { timeout: 15_000 }).toHaveLength(1);
    await expect.poll(() => find({ state: 'awaitingCode' }), { timeout: 15_000 }).toHaveLength(1);
    const [newest, oldest] = await find({});
    expect(newest).toMatchObject({
      workflowId: second,
      state: 'codePending',
      attributeName: 'email',
      userPoolId: poolId,
      executionStatus: 'RUNNING',
    });
    expect(oldest).toMatchObject({ workflowId: first, state: 'verified', executionStatus: 'COMPLETED' });
    expect(await find({ open: true })).toEqual([newest]);
    expect(await find({ open: false })).toEqual([oldest]);
    expect(await find({ state: 'codePending' })).toEqual([newest]);
    expect(await find({ state: 'awaitingCode' })).toEqual([{ ...newest, state: 'awaitingCode' }]);
    expect(await find({ state: 'sending' })).toEqual([]);
    expect(await find({ attributeName: 'phone_number' })).toEqual([]);
    expect(await find({ limit: 1 })).toEqual([newest]);
  });
});
