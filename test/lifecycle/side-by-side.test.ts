import { awaitDelivery } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';

/** Messages that arrive while something else is under way: nothing is lost, nothing is sent twice, no caller is stuck. */
const SEND = 'GetUserAttributeVerificationCode';
const ATTEMPT = 'VerifyUserAttribute';
const rig = useRig('local');

const messages = (user: SandboxUser) => rig.sandbox.inbox(user).length;
const until = (workflowId: string, state: string) =>
  expect.poll(async () => (await rig.client.status(workflowId)).state, { timeout: 20_000 }).toBe(state);
const resendAllowed = (workflowId: string) =>
  expect
    .poll(async () => Date.parse((await rig.client.status(workflowId)).resendAllowedAt ?? '') <= Date.now())
    .toBe(true);
/** Starts an operation that cannot be awaited before the next step. */
const startedTask = <T>(answer: Promise<T>) => {
  answer.catch(() => undefined);
  return answer;
};

describe('while a send is under way', () => {
  it.each([
    ['a start that joins', (user: SandboxUser) => rig.start(user)],
    [
      'renewAccessToken',
      (user: SandboxUser, workflowId: string) =>
        rig.client.renewAccessToken(workflowId, { accessToken: user.accessToken }),
    ],
  ])('the good token of %s is used when Cognito refuses the forged one', async (_how, bring) => {
    const user = await rig.user();
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: 1_500, times: 1 });
    const workflowId = `verify/${user.userPoolId}/${user.sub}/email`;
    const opened = startedTask(rig.unchecked.start({ accessToken: forged, attributeName: 'email' }));
    await until(workflowId, 'sending');
    await bring(user, workflowId);
    expect((await opened).status.state).toBe('awaitingCode');
    expect(messages(user)).toBe(1);
  });

  it('ten requests for another code are one message, and a code is still checked at once', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
    const code = rig.sandbox.codeFor(user, 'email');
    const fault = rig.sandbox.setFault({
      operation: SEND,
      username: user.username,
      exception: { name: 'TooManyRequestsException' },
    });
    await resendAllowed(workflowId);
    const wishes = Array.from({ length: 10 }, () => startedTask(rig.client.resendCode(workflowId)));
    await until(workflowId, 'sending');
    const wrong = code === '000000' ? '111111' : '000000';
    expect(await rig.client.submitCode(workflowId, { code: wrong })).toMatchObject({ result: 'mismatch' });
    rig.sandbox.clearFaults(fault);
    const settled = await Promise.allSettled(wishes);
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    await until(workflowId, 'awaitingCode');
    expect(messages(user)).toBe(2);
  });

  it('a code is checked at once though the first send is being retried, and costs one attempt', async () => {
    const user = await rig.user();
    const exception = { name: 'ThrottlingException' };
    const fault = rig.sandbox.setFault({ operation: SEND, username: user.username, exception });
    const workflowId = `verify/${user.userPoolId}/${user.sub}/email`;
    void startedTask(rig.start(user));
    await until(workflowId, 'sending');
    // Cognito has no code yet, and says so.
    expect(await rig.client.submitCode(workflowId, { code: '000000' })).toMatchObject({
      result: 'codeExpired',
      status: { state: 'sending', sends: [], attempts: [{ outcome: 'codeExpired' }] },
    });
    rig.sandbox.clearFaults(fault);
    await until(workflowId, 'awaitingCode');
    expect(messages(user)).toBe(1);
    const code = rig.sandbox.codeFor(user, 'email');
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });
});

it('a token that arrives while a code is being checked sends nothing that would replace the right code', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
  const code = rig.sandbox.codeFor(user, 'email');
  const revoked = { name: 'NotAuthorizedException', message: 'Access Token has been revoked' };
  rig.sandbox.setFault({ operation: SEND, username: user.username, exception: revoked, times: 1 });
  await resendAllowed(workflowId);
  await rig.client.resendCode(workflowId);
  await until(workflowId, 'awaitingToken');
  rig.sandbox.setFault({ operation: ATTEMPT, username: user.username, latencyMs: 1_500 });
  const [first, second] = [await rig.sandbox.issueAccessToken(user), await rig.sandbox.issueAccessToken(user)];
  const submitted = startedTask(rig.client.submitCode(workflowId, { code, accessToken: first }));
  await expect.poll(() => rig.sandbox.calls({ operation: ATTEMPT, username: user.username })).toHaveLength(1);
  // It waits for the attempt, which ends the verification.
  const renewed = startedTask(rig.client.renewAccessToken(workflowId, { accessToken: second }));
  await expect(renewed).rejects.toMatchObject({ code: 'VerificationEnded' });
  expect(await submitted).toMatchObject({ result: 'verified' });
  expect(messages(user)).toBe(1);
});

it('a start that joins with alreadySent: its message counts, and its code is the newest', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  const alreadySent = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };
  const again = await rig.client.start({ accessToken: user.accessToken, attributeName: 'email', alreadySent });
  expect(again.workflowId).toBe(workflowId);
  expect(again.status).toMatchObject({
    state: 'awaitingCode',
    delivery: alreadySent,
    sendsLeft: 3,
    sends: [{ outcome: 'sent' }, { outcome: 'alreadySent' }],
  });
  expect(messages(user)).toBe(1);
});

it('alreadySent replaces a re-send that waits to be retried, and answers its caller', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
  rig.sandbox.setFault({
    operation: SEND,
    username: user.username,
    exception: { name: 'CodeDeliveryFailureException' },
  });
  await resendAllowed(workflowId);
  const resend = startedTask(rig.client.resendCode(workflowId));
  await expect.poll(async () => (await rig.client.status(workflowId)).retryAt).toBeDefined();
  const alreadySent = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };
  await rig.client.start({ accessToken: user.accessToken, attributeName: 'email', alreadySent });
  expect(await resend).toMatchObject({ state: 'awaitingCode', delivery: alreadySent, sendsLeft: 3 });
});

it('alreadySent joins a first send that then fails for good: the verification continues with its code', async () => {
  const user = await rig.user();
  rig.sandbox.setFault({
    operation: SEND,
    username: user.username,
    latencyMs: 2_000,
    exception: { name: 'InvalidSmsRoleAccessPolicyException' },
  });
  const workflowId = `verify/${user.userPoolId}/${user.sub}/email`;
  const opened = startedTask(rig.start(user));
  await until(workflowId, 'sending');
  const alreadySent = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };
  // Uses the raw update: a start would query the status after a while.
  const joined = rig.env.client.workflow
    .getHandle(workflowId)
    .executeUpdate(awaitDelivery.name, { args: [{ accessToken: user.accessToken, alreadySent }] });
  expect(await joined).toMatchObject({ state: 'awaitingCode', delivery: alreadySent, sendsLeft: 4 });
  expect((await opened).status).toMatchObject({ state: 'awaitingCode', delivery: alreadySent });
});

it('a start with alreadySent counts its message once, though both the request and the update report it', async () => {
  const user = await rig.user();
  const alreadySent = { destination: 'z***@e***', deliveryMedium: 'EMAIL' };
  const { status } = await rig.client.start({ accessToken: user.accessToken, attributeName: 'email', alreadySent });
  expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, sends: [{ outcome: 'alreadySent' }] });
  expect(messages(user)).toBe(0);
});

it('an activity that an operator pauses in the middle of a send and unpauses sends no second message', async () => {
  const user = await rig.user();
  rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: 12_000, afterEffect: true });
  const workflowId = `verify/${user.userPoolId}/${user.sub}/email`;
  const opened = startedTask(rig.start(user));
  await expect.poll(() => messages(user), { timeout: 20_000 }).toBe(1);
  const service = rig.env.client.workflowService;
  const execution = { workflowId };
  await service.pauseActivity({ namespace: 'default', execution, type: 'sendCode', identity: 'operator' });
  await opened;
  await expect.poll(async () => (await rig.client.status(workflowId)).state, { timeout: 30_000 }).toBe('awaitingCode');
  expect(await rig.client.status(workflowId)).toMatchObject({ sendsLeft: 4 });
  expect(messages(user)).toBe(1);
  expect(rig.sandbox.calls({ operation: SEND, username: user.username })).toHaveLength(1);
}, 90_000);
