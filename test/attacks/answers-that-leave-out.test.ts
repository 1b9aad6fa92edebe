/** What answers in place of Cognito, or Cognito itself for an app client that may not read: fields are left out, or lie. */
import { afterEach, describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type SandboxUser, useRig } from '../rig.js';
import { otherThan } from '../sandbox/running-sandbox.js';
import { type Attribute, useAlteredAnswers } from './altered-answers.js';
import { attack } from './attack.js';

const between = useAlteredAnswers();
const rig = useRig('local', {
  cognito: (sandbox) => {
    between.sandbox = sandbox;
    return createCognitoClients({ endpoint: between.url });
  },
});
afterEach(() => rig.sandbox.clearFaults());

const without =
  (...names: string[]) =>
  (attributes: Attribute[]) =>
    attributes.filter(({ Name }) => !names.includes(Name));
const calls = (user: SandboxUser, operation: string) =>
  rig.sandbox.calls({ operation, username: user.username }).length;
const codeOf = (user: SandboxUser) => rig.sandbox.codeFor(user, 'email');
const isVerified = (user: SandboxUser) => rig.sandbox.attribute(user, 'email').verified;

async function awaitingCode(): Promise<{ user: SandboxUser; workflowId: string }> {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  return { user, workflowId };
}

describe('an answer to GetUser without', () => {
  it('the flag, before the send: it stops nothing, and the right code proves', async () => {
    between.attributes = without('email_verified');
    const { user, workflowId } = await awaitingCode();
    between.attributes = undefined;
    expect(await rig.client.submitCode(workflowId, { code: codeOf(user) })).toMatchObject({ result: 'verified' });
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });

  attack(
    'the flag, after a code was accepted: nothing is verified, and the remedy names the setting',
    'what is not told counts as yes',
    async () => {
      const { user, workflowId } = await awaitingCode();
      between.attributes = without('email_verified');
      const answer = rig.client.submitCode(workflowId, { code: codeOf(user) });
      await expect(answer).rejects.toMatchObject({ failure: { type: 'AttributeUnreadable' } });
      const { outcome, failure } = await rig.client.wait(workflowId);
      expect(outcome).toBe('failed');
      expect(failure?.message).toMatch(/email_verified.*ReadAttributes/);
    },
  );

  attack.each(['TRUE', 'yes', '1', ' true', ''])(
    'a flag that is known, such as "%s": no other word than Cognito\'s means yes',
    'any word but false means yes',
    async (word) => {
      const { user, workflowId } = await awaitingCode();
      between.attributes = (attributes) =>
        attributes.map((one) => (one.Name === 'email_verified' ? { ...one, Value: word } : one));
      const answer = rig.client.submitCode(workflowId, { code: codeOf(user) });
      await expect(answer).rejects.toMatchObject({ failure: { type: 'AttributeUnreadable' } });
    },
  );

  attack(
    'the flag, and the answer to a right code is lost: the code is not called expired',
    'a look that tells nothing says no',
    async () => {
      between.attributes = without('email_verified');
      const { user, workflowId } = await awaitingCode();
      rig.sandbox.setFault({ operation: 'VerifyUserAttribute', dropConnection: 'afterEffect', times: 1 });
      const answer = rig.client.submitCode(workflowId, { code: codeOf(user) });
      await expect(answer).rejects.toMatchObject({
        code: 'CognitoUnavailable',
        message: expect.stringMatching(/ReadAttributes/),
      });
      expect(isVerified(user)).toBe(true);
    },
  );

  attack(
    'the flag, for an address that was verified before: a confirmation proves nothing',
    'what was not told before counts as no',
    async () => {
      const user = await rig.sandbox.createUser({ attributes: { email: 'zoe@example.com' }, emailVerified: true });
      between.attributes = without('email_verified');
      const { workflowId } = await rig.start(user);
      between.attributes = undefined;
      await rig.client.confirm(workflowId);
      await expect
        .poll(async () => (await rig.client.status(workflowId)).unprovenConfirmation)
        .toMatchObject({ reason: 'notTold' });
      expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode' });
    },
  );

  attack(
    'the attribute: it fails before a message goes out',
    'a code goes to a value that cannot be read',
    async () => {
      between.attributes = without('email');
      const user = await rig.user();
      await expect(rig.start(user)).rejects.toMatchObject({
        failure: { type: 'AttributeUnreadable', message: expect.stringMatching(/ReadAttributes.*has a value/) },
      });
      expect(rig.sandbox.inbox(user)).toEqual([]);
      expect(calls(user, 'GetUserAttributeVerificationCode')).toBe(0);
    },
  );

  attack(
    'the attribute, after a code was accepted: nothing is verified',
    'an absent value is another value',
    async () => {
      const { user, workflowId } = await awaitingCode();
      between.attributes = without('email');
      await expect(rig.client.submitCode(workflowId, { code: codeOf(user) })).rejects.toMatchObject({
        failure: { type: 'AttributeUnreadable' },
      });
    },
  );

  it('the sub: the claim of the token that Cognito has just taken decides', async () => {
    between.attributes = without('sub');
    const { user, workflowId } = await awaitingCode();
    expect(await rig.client.submitCode(workflowId, { code: codeOf(user) })).toMatchObject({ result: 'verified' });
  });
});

attack(
  'a look that shows another user is a refused token: nothing is sent, and it waits for a good one',
  'a look may show another user',
  async () => {
    between.attributes = (attributes) =>
      attributes.map((one) => (one.Name === 'sub' ? { ...one, Value: 'another' } : one));
    const user = await rig.user();
    const { workflowId, status } = await rig.start(user);
    expect(status).toMatchObject({ state: 'awaitingToken', sends: [{ outcome: 'accessTokenRejected' }] });
    expect(rig.sandbox.inbox(user)).toEqual([]);
    between.attributes = undefined;
    await rig.client.renewAccessToken(workflowId, { accessToken: await rig.sandbox.issueAccessToken(user) });
    await expect.poll(async () => (await rig.client.status(workflowId)).state).toBe('awaitingCode');
  },
);

attack(
  'a success without effect: the value does not show as verified for 10 s, and it fails',
  'an accepted code needs no look',
  async () => {
    const { user, workflowId } = await awaitingCode();
    between.acceptsWithoutEffect = true;
    const startedAt = Date.now();
    const answer = rig.client.submitCode(workflowId, { code: otherThan(codeOf(user)) });
    await expect(answer).rejects.toMatchObject({ failure: { type: 'AttributeNotVerified' } });
    expect(Date.now() - startedAt).toBeGreaterThan(8_000);
    expect(await rig.client.wait(workflowId)).toMatchObject({
      outcome: 'failed',
      status: { attempts: [{ outcome: 'accepted' }] },
    });
  },
);

it('a look that lags behind an accepted code is repeated, and then it is verified', async () => {
  const { user, workflowId } = await awaitingCode();
  const untilMs = Date.now() + 3_000;
  between.attributes = (attributes) =>
    attributes.map((one) => (one.Name === 'email_verified' && Date.now() < untilMs ? { ...one, Value: 'false' } : one));
  expect(await rig.client.submitCode(workflowId, { code: codeOf(user) })).toMatchObject({ result: 'verified' });
  expect(calls(user, 'VerifyUserAttribute')).toBe(1);
});

describe('between accepted and proven', () => {
  attack(
    'without a look the proof is outstanding, no further code is sent, and the looks go on by themselves',
    'a code is tried after one was accepted',
    async () => {
      const { user, workflowId } = await awaitingCode();
      const reads = rig.sandbox.setFault({ operation: 'GetUser', username: user.username, htmlError: 503 });
      const startedAt = Date.now();
      await expect(rig.client.submitCode(workflowId, { code: codeOf(user) })).rejects.toMatchObject({
        code: 'CognitoUnavailable',
        status: { proof: 'outstanding', state: 'awaitingCode' },
      });
      expect(Date.now() - startedAt).toBeLessThan(90_000);
      await expect(rig.client.submitCode(workflowId, { code: '000000' })).rejects.toMatchObject({
        code: 'CognitoUnavailable',
      });
      await expect(rig.client.resendCode(workflowId)).rejects.toMatchObject({ reason: 'codeAccepted' });
      expect(calls(user, 'VerifyUserAttribute')).toBe(1);
      rig.sandbox.clearFaults(reads);
      expect(await rig.client.wait(workflowId, { timeout: '2 minutes' })).toMatchObject({
        outcome: 'verified',
        proof: 'accepted',
      });
    },
    240_000,
  );

  it('without a token it waits for one, and a renewal reads first', async () => {
    const { user, workflowId } = await awaitingCode();
    // Cognito takes the code, and then the user signs out everywhere.
    rig.sandbox.setFault({
      operation: 'GetUser',
      username: user.username,
      exception: { name: 'NotAuthorizedException' },
      times: 2,
    });
    const answer = await rig.client.submitCode(workflowId, { code: codeOf(user) });
    expect(answer).toMatchObject({
      result: 'accessTokenRejected',
      status: { state: 'awaitingToken', proof: 'outstanding' },
    });
    between.attributes = undefined;
    expect((await rig.client.submitCode(workflowId, { code: '000000' })).result).toBe('accessTokenRejected');
    expect(calls(user, 'VerifyUserAttribute')).toBe(1);
    const accessToken = await rig.sandbox.issueAccessToken(user);
    await rig.client.renewAccessToken(workflowId, { accessToken });
    expect(await rig.client.wait(workflowId, { timeout: '20 seconds' })).toMatchObject({
      outcome: 'verified',
      proof: 'accepted',
    });
  });
});
