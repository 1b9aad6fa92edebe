/** The look before the first send shows the attribute as verified: the verification ends, and nobody gets a message. */
import {
  AdminUpdateUserAttributesCommand,
  UpdateUserAttributesCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { isAlreadyVerifiedValue, isVerifiedValue } from '@cognito-verification/client';
import {
  type AttributeName,
  type CodeDelivery,
  SEARCH_ATTRIBUTES,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { collect, enough, type SandboxUser, useRig } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';

const SEND = 'GetUserAttributeVerificationCode';
const VALUES = { email: 'zoe@example.com', phone_number: '+15555550123' };

const allowance = enough();
const rig = useRig('local', { allowance });

const verifiedUser = (): Promise<SandboxUser> =>
  rig.sandbox.createUser({ attributes: VALUES, emailVerified: true, phoneNumberVerified: true });
const request = ({ accessToken }: SandboxUser, attributeName: AttributeName = 'email') => ({
  accessToken,
  attributeName,
});
const called = ({ username }: SandboxUser) => rig.sandbox.calls({ username }).map(({ operation }) => operation);
const throttled = ({ username }: SandboxUser) =>
  rig.sandbox.setFault({ operation: SEND, username, exception: { name: 'TooManyRequestsException' } });

async function verifyElsewhere({ userPoolId, username }: SandboxUser): Promise<void> {
  const client = sdkFor(rig.sandbox);
  const UserAttributes = [{ Name: 'email_verified', Value: 'true' }];
  const command = new AdminUpdateUserAttributesCommand({ UserPoolId: userPoolId, Username: username, UserAttributes });
  await client.send(command).finally(() => client.destroy());
}

/** The user has another address, and Cognito has sent a code there by itself. */
async function change({ accessToken }: SandboxUser): Promise<CodeDelivery> {
  const client = sdkFor(rig.sandbox);
  const UserAttributes = [{ Name: 'email', Value: 'yara@example.org' }];
  const command = new UpdateUserAttributesCommand({ AccessToken: accessToken, UserAttributes });
  const { CodeDeliveryDetailsList } = await client.send(command).finally(() => client.destroy());
  const [details] = CodeDeliveryDetailsList ?? [];
  return { destination: details?.Destination, deliveryMedium: details?.DeliveryMedium };
}

/** What a throttle of its pool does: no direct calls for a while. */
async function byTheTaskQueue<Result>(work: () => Promise<Result>): Promise<Result> {
  const draw = allowance.draw.bind(allowance);
  allowance.draw = () => undefined;
  return await work().finally(() => {
    allowance.draw = draw;
  });
}

describe.each(['email', 'phone_number'] as const)('a %s that is verified', (attributeName) => {
  it('ends the verification in the answer to its start: no message, no send counted, nothing proven', async () => {
    const user = await verifiedUser();
    const { workflowId, status } = await rig.client.start(request(user, attributeName));
    expect(status).toMatchObject({ state: 'alreadyVerified', sendsLeft: 5, sends: [], attempts: [] });
    expect(status).not.toHaveProperty('proof');
    expect(status.currentDestination).toBe(attributeName === 'email' ? 'z***@e***' : '+*******0123');
    expect(called(user)).toEqual(['GetUser']);
    expect(rig.sandbox.inbox(user)).toEqual([]);
    const outcome = await rig.client.wait(workflowId);
    expect(outcome).toMatchObject({ outcome: 'alreadyVerified', status: { state: 'alreadyVerified' } });
    expect(outcome).not.toHaveProperty('proof');
    const value = VALUES[attributeName];
    expect([isAlreadyVerifiedValue(outcome, value), isVerifiedValue(outcome, value)]).toEqual([true, false]);
    expect(isAlreadyVerifiedValue(outcome, `${value}0`)).toBe(false);
    const described = await rig.env.client.workflow.getHandle(workflowId).describe();
    expect(described.status.name).toBe('COMPLETED');
    expect(described.searchAttributes?.[SEARCH_ATTRIBUTES.state]).toEqual(['alreadyVerified']);
  });

  it('gets a code all the same with reverify, which proves it anew', async () => {
    const user = await verifiedUser();
    const { workflowId, status } = await rig.client.start({ ...request(user, attributeName), reverify: true });
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, attributeName) });
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });
});

describe('what a caller sees of it', () => {
  it('the list, watch, a code, and the next start', async () => {
    const user = await verifiedUser();
    const { userPoolId } = user;
    const first = await rig.client.start({ ...request(user), requestId: 'first' });
    const { workflowId } = first;
    const { signal } = new AbortController();
    const seen = [];
    for await (const { state } of rig.client.watch(workflowId, { signal })) seen.push(state);
    expect(seen).toEqual(['alreadyVerified']);
    await expect
      .poll(() => collect(rig.client.list({ userPoolId, state: 'alreadyVerified' })))
      .toMatchObject([{ workflowId, executionStatus: 'COMPLETED' }]);
    await expect(rig.client.submitCode(workflowId, { code: '000000' })).rejects.toMatchObject({
      code: 'VerificationEnded',
      outcome: { outcome: 'alreadyVerified' },
    });
    expect(await rig.client.start({ ...request(user), requestId: 'first' })).toEqual(first);
    const again = await rig.client.start({ ...request(user), requestId: 'second' });
    expect(again.run).not.toBe(first.run);
    expect(again.status).toMatchObject({ state: 'alreadyVerified', sendsLeft: 5 });
    expect(rig.sandbox.inbox(user)).toEqual([]);
  });

  it('a start after one that was verified is told so, while the cool-down of its message lasts', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const again = await rig.client.start(request(user));
    expect(again.status).toMatchObject({ state: 'alreadyVerified', sendsLeft: 4, sends: [] });
    const anew = await rig.client.start({ ...request(user), reverify: true });
    expect(anew.status).toMatchObject({ state: 'rateLimited', sendsLeft: 4, sends: [] });
    await rig.client.cancel(anew);
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });

  it('a dozen loads of the page leave the next verification all that the hour has', async () => {
    const user = await verifiedUser();
    for (let load = 0; load < 12; load += 1)
      expect((await rig.client.start(request(user))).status).toMatchObject({ state: 'alreadyVerified', sendsLeft: 5 });
    const alreadySent = await change(user);
    const { status } = await rig.client.start({ ...request(user), alreadySent });
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, attemptsLeft: 10 });
    await rig.client.cancel(workflowIdFor({ ...user, attributeName: 'email' }));
  });

  it('a start without a stamp, as another language may send it', async () => {
    const user = await verifiedUser();
    const { taskQueue } = rig;
    const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
    const execute = (more: object) =>
      rig.env.client.workflow.execute(WORKFLOW_TYPE, { taskQueue, workflowId, args: [{ ...request(user), ...more }] });
    expect(await execute({ reverify: null })).toMatchObject({ outcome: 'alreadyVerified' });
    expect(rig.sandbox.inbox(user)).toEqual([]);
  });
});

describe('what happens meanwhile', () => {
  it('it becomes verified between two looks before the first send: the second one ends it', async () => {
    const user = await rig.user();
    const fault = throttled(user);
    const answer = rig.start(user);
    await expect.poll(() => called(user).filter((operation) => operation === SEND).length).toBeGreaterThan(1);
    await verifyElsewhere(user);
    expect((await answer).status).toMatchObject({ state: 'alreadyVerified', sends: [] });
    rig.sandbox.clearFaults(fault);
    expect(rig.sandbox.inbox(user)).toEqual([]);
  });

  it('a start that joins with reverify gets the code', async () => {
    const user = await verifiedUser();
    rig.sandbox.setFault({ operation: 'GetUser', username: user.username, latencyMs: 1_500, times: 1 });
    const first = rig.start(user);
    await expect.poll(() => called(user)).toContain('GetUser');
    const joined = await rig.client.start({ ...request(user), reverify: true });
    expect(joined.status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, joined: true });
    expect((await first).status).toMatchObject({ state: 'awaitingCode' });
    expect(rig.sandbox.inbox(user)).toHaveLength(1);
  });

  it('a start that joins during the look of one that must wait says that a code is out: nobody gets another one', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const alreadySent = await change(user);
    rig.sandbox.setFault({ operation: 'GetUser', username: user.username, latencyMs: 1_500, times: 1 });
    const before = called(user).length;
    await byTheTaskQueue(async () => {
      const first = rig.client.start(request(user));
      await expect.poll(() => called(user).length).toBeGreaterThan(before);
      const joined = await rig.client.start({ ...request(user), alreadySent });
      expect(joined.status).toMatchObject({ state: 'awaitingCode', joined: true, sends: [{ outcome: 'alreadySent' }] });
      expect((await first).status.sends).toHaveLength(1);
    });
    expect(called(user).filter((operation) => operation === SEND)).toHaveLength(1);
    await rig.client.cancel(workflowId);
  });

  it('a code of before is answered first: once it is accepted, the verification has proven the value', async () => {
    const user = await rig.user();
    const before = await rig.client.start(request(user));
    const code = rig.sandbox.codeFor(user, 'email');
    await rig.client.cancel(before);
    rig.sandbox.setFault({ operation: SEND, username: user.username, exception: { name: 'TooManyRequestsException' } });
    const open = rig.client.start({ ...request(user), policy: { resendCooldown: '1 second' } });
    await expect.poll(() => called(user).filter((operation) => operation === SEND).length).toBeGreaterThan(2);
    expect(await rig.client.submitCode(before.workflowId, { code })).toMatchObject({ result: 'verified' });
    await open;
    expect(await rig.client.wait(before.workflowId)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });

  it('an attribute that cannot be read is sent a code', async () => {
    const user = await verifiedUser();
    const { username } = user;
    rig.sandbox.setFault({ operation: 'GetUser', username, exception: { name: 'ForbiddenException' }, times: 1 });
    expect((await rig.start(user)).status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
  });

  it('alreadySent says that a code is out, so that it is awaited', async () => {
    const user = await verifiedUser();
    const { status } = await rig.client.start({ ...request(user), alreadySent: { destination: 'z***@e***' } });
    expect(status).toMatchObject({ state: 'awaitingCode', sends: [{ outcome: 'alreadySent' }] });
    await rig.client.cancel(workflowIdFor({ ...user, attributeName: 'email' }));
  });

  it('a forged token opens it and ends nothing; the real one is told', async () => {
    const user = await verifiedUser();
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    const opened = await rig.unchecked.start({ accessToken: forged, attributeName: 'email', reverify: true });
    expect(opened.status).toMatchObject({ state: 'awaitingToken' });
    expect((await rig.client.start(request(user))).status).toMatchObject({ state: 'alreadyVerified', joined: true });
    expect(rig.sandbox.inbox(user)).toEqual([]);
  });
});

it('by the task queue of calls it is the same', async () => {
  const user = await verifiedUser();
  const { workflowId, status } = await byTheTaskQueue(() => rig.start(user));
  expect(status).toMatchObject({ state: 'alreadyVerified', sends: [] });
  expect(called(user)).toEqual(['GetUser']);
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const queues = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) => one?.taskQueue?.name ?? []);
  expect(queues).toEqual([rig.taskQueue, `${rig.taskQueue}-cognito`]);
});
