/** A verification that is open on another task queue than that of the client that asks. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type UserVerifications, VerificationClient } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type SandboxUser, startWorker, useRig } from '../rig.js';
import { thrownBy } from './fixtures.js';

const rig = useRig('local');
const DESERTED = `deserted-${randomUUID()}`;
const OTHER = `other-${randomUUID()}`;

const clientOn = (taskQueue: string) =>
  new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
const here = ({ accessToken }: SandboxUser): UserVerifications => rig.client.forUser({ accessToken });
const on = (taskQueue: string, { accessToken }: SandboxUser) => clientOn(taskQueue).forUser({ accessToken });
const describeOf = async (user: SandboxUser) =>
  await rig.env.client.workflow.getHandle(workflowIdFor({ ...user, attributeName: 'email' })).describe();

/** Open where no worker is. */
async function stranded(): Promise<SandboxUser> {
  const user = await rig.user();
  const error = await thrownBy(on(DESERTED, user).start('email', {}, { timeout: '3 seconds' }));
  expect(error).toMatchObject({ code: 'WorkerUnavailable' });
  return user;
}

describe('where no worker is', () => {
  let user: SandboxUser;
  beforeAll(async () => {
    user = await stranded();
  });

  it.each<[string, (mine: UserVerifications) => Promise<unknown>]>([
    ['start', (mine) => mine.start('email')],
    ['status', (mine) => mine.status('email', { timeout: '3 seconds' })],
    ['submitCode', (mine) => mine.submitCode('email', '123456', { timeout: '3 seconds' })],
    ['resendCode', (mine) => mine.resendCode('email', {}, { timeout: '3 seconds' })],
    ['renewAccessToken', (mine) => mine.renewAccessToken('email', { timeout: '3 seconds' })],
    ['wait', (mine) => mine.wait('email', { timeout: '1 second' })],
    // Last: what it asks for stays.
    ['cancel', (mine) => mine.cancel('email')],
  ])('%s says on which task queue it is, and that nobody is there', async (_name, call) => {
    expect(await thrownBy(call(here(user)))).toMatchObject({
      code: 'OtherTaskQueue',
      taskQueue: DESERTED,
      hasPollers: false,
      message: expect.stringMatching(/No worker was seen there .* takeOver/),
    });
    expect((await describeOf(user)).status.name).toBe('RUNNING');
  });

  it('a start that takes it over ends it after ten seconds, and sends its code', async () => {
    const { status } = await here(user).start('email', { takeOver: true });
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect((await describeOf(user)).taskQueue).toBe(rig.taskQueue);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await here(user).submitCode('email', code)).toMatchObject({ result: 'verified' });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });
});

describe('where a worker is', () => {
  let worker: Awaited<ReturnType<typeof startWorker>>;
  let user: SandboxUser;
  beforeAll(async () => {
    worker = await startWorker(rig, createCognitoClients({ endpoint: rig.sandbox.url }), OTHER);
    user = await rig.user();
    await on(OTHER, user).start('email');
    await on(OTHER, user).submitCode('email', '000000');
  });
  afterAll(() => worker.stop());

  it('a start is refused, and changes nothing; other calls have their answer', async () => {
    const error = { code: 'OtherTaskQueue', taskQueue: OTHER, hasPollers: true };
    expect(await thrownBy(here(user).start('email'))).toMatchObject(error);
    expect(await here(user).status('email')).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, attemptsLeft: 9 });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });

  it('a start that takes it over has it cancelled, and the limits of the user come along', async () => {
    const [before, { status }] = [await describeOf(user), await here(user).start('email', { takeOver: true })];
    const ended = rig.env.client.workflow.getHandle(before.workflowId, before.runId);
    expect((await ended.describe()).status.name).toBe('CANCELLED');
    // The cool-down after the send of the other one.
    expect(status).toMatchObject({ state: 'rateLimited', sendsLeft: 4, attemptsLeft: 9 });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });

  it('a start whose time ends before the other one has ended says so, and not that it was started', async () => {
    const other = await rig.user();
    await on(OTHER, other).start('email');
    rig.sandbox.setFault({ operation: 'VerifyUserAttribute', username: other.username, latencyMs: 8_000, times: 1 });
    const checking = on(OTHER, other)
      .submitCode('email', '000000')
      .catch(() => undefined);
    await sleep(1_000);
    expect(await thrownBy(here(other).start('email', { takeOver: true }, { timeout: '3 seconds' }))).toMatchObject({
      code: 'OtherTaskQueue',
      hasPollers: true,
    });
    await checking;
  });
});
