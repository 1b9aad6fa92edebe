/** The worker itself changes the attribute, and verifies the new value and no other. */
import {
  AdminUpdateUserAttributesCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { isAlreadyVerifiedValue, isVerifiedValue } from '@cognito-verification/client';
import { workflowIdFor } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { sdkFor } from '../sandbox/running-sandbox.js';
import { change, changesIn, NEW, OLD, UNVERIFIED, UPDATE } from './changing.js';

const SEND = 'GetUserAttributeVerificationCode';

const rig = useRig('local');
const { userIn, inbox, updates } = changesIn(rig);
const idOf = (user: SandboxUser) => workflowIdFor({ ...user, attributeName: 'email' });

describe.each(['email', 'phone_number'] as const)('a new %s', (attributeName) => {
  it('in a pool that keeps the old one: the code goes to the new one, which is verified then', async () => {
    const user = await userIn(true);
    const { workflowId, status } = await rig.client.start(change(user, attributeName));
    expect(status).toMatchObject({
      state: 'awaitingCode',
      sendsLeft: 4,
      oldValue: 'kept',
      sends: [{ outcome: 'sent' }],
    });
    expect(inbox(user)).toEqual([NEW[attributeName]]);
    expect(rig.sandbox.attribute(user, attributeName)).toMatchObject({ value: OLD[attributeName], verified: true });
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    const outcome = await rig.client.wait(workflowId);
    expect(outcome).toMatchObject({ outcome: 'verified', proof: 'accepted' });
    expect([NEW, OLD].map((values) => isVerifiedValue(outcome, values[attributeName]))).toEqual([true, false]);
    expect(rig.sandbox.attribute(user, attributeName)).toEqual({ value: NEW[attributeName], verified: true });
    expect(JSON.stringify([status, outcome])).not.toContain(NEW[attributeName]);
  });

  it('in a pool that does not: refused, unless it may take its place at once', async () => {
    const user = await userIn(false);
    await expect(rig.client.start(change(user, attributeName))).rejects.toMatchObject({
      failure: { type: 'ReplacesAtOnce', message: expect.stringMatching(/nothing was changed.*replaceAtOnce/s) },
    });
    expect([inbox(user), updates(user)]).toEqual([[], 0]);
    const { workflowId, status } = await rig.client.start(change(user, attributeName, { replaceAtOnce: true }));
    expect(status).toMatchObject({ state: 'awaitingCode', oldValue: 'replaced' });
    expect(inbox(user)).toEqual([NEW[attributeName]]);
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(isVerifiedValue(await rig.client.wait(workflowId), NEW[attributeName])).toBe(true);
  });
});

describe.each([true, false])('where the old value is kept: %s', (keeps) => {
  const more = { replaceAtOnce: !keeps, policy: { resendCooldown: '1 second' as const } };

  it('a re-send goes to the new value, and only the newest code counts', async () => {
    rig.sandbox.setSwitches({ sendWhilePending: 'currentValue' });
    const user = await userIn(keeps);
    const { workflowId } = await rig.client.start(change(user, 'email', more));
    await expect
      .poll(() => rig.client.resendCode(workflowId, {}).catch(() => undefined), { timeout: 30_000 })
      .toBeDefined();
    expect(inbox(user)).toEqual([NEW.email, NEW.email]);
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    await rig.client.submitCode(workflowId, { code });
    expect(isVerifiedValue(await rig.client.wait(workflowId), NEW.email)).toBe(true);
  });

  it('a lost answer is uncertain and not repeated; another call is the wish of the user', async () => {
    const user = await userIn(keeps);
    const { username } = user;
    rig.sandbox.setFault({ operation: UPDATE, username, dropConnection: 'afterEffect', times: 1 });
    const { workflowId, status } = await rig.client.start(change(user, 'email', more));
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true, sends: [{ outcome: 'uncertain' }] });
    expect([inbox(user), updates(user)]).toEqual([[NEW.email], 1]);
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    const outcome = await rig.client.wait(workflowId);
    expect([isVerifiedValue(outcome, NEW.email), isVerifiedValue(outcome, OLD.email)]).toEqual([true, false]);
  });

  it('an answer that nobody sees: the look after it takes the new value for the target, and no other', async () => {
    const user = await userIn(keeps);
    const { username } = user;
    rig.sandbox.setFault({ operation: UPDATE, username, latencyMs: 18_000, afterEffect: true, times: 1 });
    const answer = rig.client.start(change(user, 'email', more));
    await expect.poll(() => inbox(user), { timeout: 30_000 }).toEqual([NEW.email]);
    const handle = rig.env.client.workflow.getHandle(idOf(user));
    const { activityId } = (await handle.describe()).raw.pendingActivities?.[0] ?? {};
    await rig.env.client.workflowService.respondActivityTaskCompletedById({
      namespace: 'default',
      workflowId: idOf(user),
      activityId: activityId ?? '',
    });
    expect((await answer).status).toMatchObject({ state: 'awaitingCode', sends: [{ reason: 'AnswerLost' }] });
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    expect(await rig.client.submitCode(idOf(user), { code })).toMatchObject({ result: 'verified' });
    const outcome = await rig.client.wait(idOf(user));
    expect([isVerifiedValue(outcome, NEW.email), isVerifiedValue(outcome, OLD.email)]).toEqual([true, false]);
    expect([inbox(user), updates(user)]).toEqual([[NEW.email], 1]);
  });

  it('what nobody could read after a change is not told', async () => {
    const user = await userIn(keeps);
    const { username } = user;
    rig.sandbox.setFault({ operation: UPDATE, username, dropConnection: 'beforeEffect', times: 1 });
    const { workflowId, status } = await rig.client.start(change(user, 'email', more));
    expect(status).toMatchObject({ deliveryUncertain: true, oldValue: 'kept' });
    // The look after the second change, which Cognito takes.
    const unread = rig.sandbox.setFault({
      operation: 'GetUser',
      username,
      nth: 2,
      exception: { name: 'ForbiddenException' },
    });
    const resent = () => rig.client.resendCode(workflowId, {}).catch(() => undefined);
    await expect.poll(resent, { timeout: 30_000 }).toMatchObject({ deliveryUncertain: false });
    rig.sandbox.clearFaults(unread);
    expect(rig.sandbox.attribute(user, 'email').value).toBe(keeps ? OLD.email : NEW.email);
    expect((await rig.client.status(workflowId)).oldValue).not.toBe(keeps ? 'replaced' : 'kept');
  });

  it('another value than both ends it', async () => {
    const user = await userIn(keeps);
    const { workflowId } = await rig.client.start(change(user, 'email', more));
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    const sdk = sdkFor(rig.sandbox);
    const UserAttributes = [
      { Name: 'email', Value: 'third@example.com' },
      { Name: 'email_verified', Value: 'true' },
    ];
    const command = new AdminUpdateUserAttributesCommand({
      UserPoolId: user.userPoolId,
      Username: user.username,
      UserAttributes,
    });
    await sdk.send(command).finally(() => sdk.destroy());
    await rig.client.confirm(workflowId);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'expired', reason: 'AttributeChanged' });
    expect(code).not.toBe('');
  });

  it('an unproven change says which value the user has', async () => {
    const user = await userIn(keeps);
    const { workflowId } = await rig.client.start(change(user, 'email', more));
    await rig.client.cancel(workflowId);
    expect(await rig.client.wait(workflowId)).toMatchObject({
      outcome: 'cancelled',
      status: { oldValue: keeps ? 'kept' : 'replaced' },
    });
  });
});

describe('pools and users of other kinds', () => {
  it('a pool that verifies nothing by itself sends when it is asked', async () => {
    const sdk = sdkFor(rig.sandbox);
    const made = await sdk.send(new CreateUserPoolCommand({ PoolName: 'by-hand' })).finally(() => sdk.destroy());
    const user = await rig.sandbox.createUser({ attributes: OLD, emailVerified: true, poolId: made.UserPool?.Id });
    const { workflowId, status } = await rig.client.start(change(user, 'email', { replaceAtOnce: true }));
    expect(status).toMatchObject({ state: 'awaitingCode', oldValue: 'replaced', sendsLeft: 4 });
    expect([inbox(user), updates(user)]).toEqual([[NEW.email], 1]);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(isVerifiedValue(await rig.client.wait(workflowId), NEW.email)).toBe(true);
  });

  it('there the old value is told as replaced also where the answer to the change was only that Cognito throttles the send', async () => {
    const sdk = sdkFor(rig.sandbox);
    const made = await sdk.send(new CreateUserPoolCommand({ PoolName: 'by-hand' })).finally(() => sdk.destroy());
    const user = await rig.sandbox.createUser({ attributes: OLD, emailVerified: true, poolId: made.UserPool?.Id });
    for (const [index, name] of ['TooManyRequestsException', 'LimitExceededException'].entries())
      rig.sandbox.setFault({ operation: SEND, username: user.username, exception: { name }, nth: index + 1 });
    const { status } = await rig.client.start(change(user, 'email', { replaceAtOnce: true }));
    expect(status).toMatchObject({ state: 'rateLimited', oldValue: 'replaced' });
    expect([inbox(user), updates(user)]).toEqual([[], 1]);
  });

  it.each([true, false])('a user without an old value, where it would be kept: %s', async (keeps) => {
    const { phone_number } = OLD;
    const user = await rig.sandbox.createUser({ attributes: { phone_number }, requireVerificationBeforeUpdate: keeps });
    const { workflowId, status } = await rig.client.start(change(user, 'email', { replaceAtOnce: !keeps }));
    expect(status).toMatchObject({ state: 'awaitingCode', oldValue: keeps ? 'kept' : 'replaced' });
    expect(inbox(user)).toEqual([NEW.email]);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(isVerifiedValue(await rig.client.wait(workflowId), NEW.email)).toBe(true);
  });

  it('Cognito names no message for a value that waits already: nobody knows, and the earlier code counts', async () => {
    const user = await userIn(true);
    rig.sandbox.setSwitches({ updateToPending: 'sendsNothing' });
    try {
      const policy = { resendCooldown: '1 second' } as const;
      const { workflowId } = await rig.client.start(change(user, 'email', { policy }));
      const resent = () => rig.client.resendCode(workflowId, {}).catch(() => undefined);
      const again = expect.poll(resent, { timeout: 30_000 });
      await again.toMatchObject({ deliveryUncertain: true, sends: [{}, { reason: 'NoMessageNamed' }] });
      expect(inbox(user)).toEqual([NEW.email]);
      await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
      expect(isVerifiedValue(await rig.client.wait(workflowId), NEW.email)).toBe(true);
    } finally {
      rig.sandbox.setSwitches({ updateToPending: 'sendsAgain' });
    }
  });
});

describe('what Cognito does not change', () => {
  it('a value that the attribute has, verified: alreadyVerified, and nothing is sent', async () => {
    const user = await userIn(true);
    const { workflowId, status } = await rig.client.start({ ...change(user), newValue: OLD.email });
    expect(status).toMatchObject({ state: 'alreadyVerified', sends: [] });
    expect(isAlreadyVerifiedValue(await rig.client.wait(workflowId), OLD.email)).toBe(true);
    expect([inbox(user), updates(user)]).toEqual([[], 0]);
  });

  it('a value that the attribute has, unverified: a code goes to it', async () => {
    const user = await userIn(false, UNVERIFIED);
    const { status } = await rig.client.start({ ...change(user), newValue: OLD.email });
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect([inbox(user), updates(user)]).toEqual([[OLD.email], 0]);
  });

  it('what the app client may not write: failed, and the message names the setting', async () => {
    const user = await userIn(true);
    const sdk = sdkFor(rig.sandbox);
    const command = new CreateUserPoolClientCommand({
      UserPoolId: user.userPoolId,
      ClientName: 'reads',
      WriteAttributes: ['name'],
    });
    const { UserPoolClient } = await sdk.send(command).finally(() => sdk.destroy());
    const { ClientId: clientId = '' } = UserPoolClient ?? {};
    const accessToken = await rig.sandbox.issueAccessToken({ ...user, clientId });
    await expect(rig.client.start({ ...change(user), accessToken })).rejects.toMatchObject({
      failure: { type: 'NotAuthorizedException', message: expect.stringMatching(/WriteAttributes/) },
    });
    expect(inbox(user)).toEqual([]);
  });

  it('what another user has: failed when the code comes', async () => {
    const pool = { aliasAttributes: ['email' as const], requireVerificationBeforeUpdate: true };
    const owner = await rig.sandbox.createUser({ attributes: NEW, emailVerified: true, ...pool });
    const { userPoolId: poolId } = owner;
    const user = await rig.sandbox.createUser({ attributes: OLD, emailVerified: true, poolId });
    const { workflowId } = await rig.client.start(change(user));
    const { code = '' } = rig.sandbox.inbox(user).at(-1) ?? {};
    await rig.client.submitCode(workflowId, { code }).catch(() => undefined);
    expect(await rig.client.wait(workflowId)).toMatchObject({
      outcome: 'failed',
      failure: { type: 'AliasExistsException' },
      status: { oldValue: 'kept' },
    });
  });
});
