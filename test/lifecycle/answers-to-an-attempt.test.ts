import { CognitoUnavailableError, VerificationFailedError } from '@cognito-verification/client';
import type { VerificationPolicy } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { type Rig, type SandboxUser, useRig } from '../rig.js';

/** Every row of the design's table "answer to an attempt": state, answer to the caller, messages, calls Cognito saw. */
const ATTEMPT = 'VerifyUserAttribute';
type Fault = Omit<Parameters<Rig['sandbox']['setFault']>[0], 'operation' | 'username'>;

const rig = useRig('local');

async function awaitingCode(policy: VerificationPolicy = {}) {
  const user = await rig.user();
  const { workflowId } = await rig.start(user, policy);
  const fault = (what: Fault) => rig.sandbox.setFault({ operation: ATTEMPT, username: user.username, ...what });
  return { user, workflowId, fault, code: rig.sandbox.codeFor(user, 'email') };
}

function attemptCalls(user: SandboxUser) {
  return {
    messages: rig.sandbox.inbox(user).length,
    attempts: rig.sandbox.calls({ operation: ATTEMPT, username: user.username }).length,
  };
}

const wrong = (code: string) => (code === '000000' ? '111111' : '000000');

describe('answers', () => {
  it('success: verified, and so is the attribute', async () => {
    const { user, workflowId, code } = await awaitingCode();
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('verified');
    expect(status).toMatchObject({ state: 'verified', attemptsLeft: 9, attempts: [{ outcome: 'accepted' }] });
    expect(rig.sandbox.attribute(user, 'email')).toMatchObject({ verified: true });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });

  it('CodeMismatchException: mismatch, with the number of attempts left', async () => {
    const { user, workflowId, code } = await awaitingCode({ maxAttempts: 3 });
    const { result, status } = await rig.client.submitCode(workflowId, { code: wrong(code) });
    expect(result).toBe('mismatch');
    expect(status).toMatchObject({ state: 'awaitingCode', attemptsLeft: 2, attempts: [{ outcome: 'mismatch' }] });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it('ExpiredCodeException: codeExpired, and a re-send is allowed at once', async () => {
    const { user, workflowId, code, fault } = await awaitingCode({ resendCooldown: '1 hour' });
    fault({ exception: { name: 'ExpiredCodeException' }, times: 1 });
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('codeExpired');
    expect(status).toMatchObject({ state: 'awaitingCode', attemptsLeft: 9 });
    expect(Date.parse(status.resendAllowedAt ?? '')).toBeLessThanOrEqual(Date.now() + 1_000);
    await rig.client.resendCode(workflowId);
    expect(attemptCalls(user)).toEqual({ messages: 2, attempts: 1 });
    expect(await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })).toMatchObject({
      result: 'verified',
    });
  });

  it('LimitExceededException: rateLimited with retryAt, and no call to Cognito until then', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ exception: { name: 'LimitExceededException' } });
    const first = await rig.client.submitCode(workflowId, { code });
    expect(first).toMatchObject({ result: 'rateLimited', status: { state: 'awaitingCode', attemptsLeft: 9 } });
    expect(Date.parse(first.retryAt ?? '')).toBeGreaterThan(Date.now() + 60_000);
    expect(first.status.retryAt).toBe(first.retryAt);
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({
      result: 'rateLimited',
      retryAt: first.retryAt,
    });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it('TooManyRequestsException: tried again, one attempt', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ exception: { name: 'TooManyRequestsException' }, times: 2 });
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('verified');
    expect(status.attempts).toMatchObject([{ outcome: 'accepted' }]);
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 3 });
  });

  it.each(['Access Token has expired', 'Access Token has been revoked', 'Invalid Access Token'])(
    'NotAuthorizedException "%s": accessTokenRejected, which does not count',
    async (message) => {
      const { user, workflowId, code, fault } = await awaitingCode();
      fault({ exception: { name: 'NotAuthorizedException', message }, times: 1 });
      const { result, status } = await rig.client.submitCode(workflowId, { code });
      expect(result).toBe('accessTokenRejected');
      expect(status).toMatchObject({ state: 'awaitingToken', attemptsLeft: 10 });
      expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
      const renewed = await rig.client.renewAccessToken(workflowId, {
        accessToken: await rig.sandbox.issueAccessToken(user),
      });
      expect(renewed.state).toBe('awaitingCode');
      expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    },
  );

  it('a forged token that comes with a code uses up no attempt, and the good one stays', async () => {
    const { user, workflowId, code } = await awaitingCode();
    const forged = await rig.sandbox.issueAccessToken(user, { forged: true });
    expect(await rig.unchecked.submitCode(workflowId, { code, accessToken: forged })).toMatchObject({
      result: 'accessTokenRejected',
      status: { state: 'awaitingCode', attemptsLeft: 10 },
    });
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });

  it('AliasExistsException: failed, and the answer says that another user owns the address', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ exception: { name: 'AliasExistsException', message: 'An account with the email already exists.' } });
    const submitted = rig.client.submitCode(workflowId, { code });
    await expect(submitted).rejects.toBeInstanceOf(VerificationFailedError);
    await expect(submitted).rejects.toMatchObject({ failure: { type: 'AliasExistsException' } });
    expect(await rig.client.wait(workflowId)).toMatchObject({
      outcome: 'failed',
      failure: { type: 'AliasExistsException', message: expect.stringContaining('Another user') },
    });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it.each(['UserNotFoundException', 'ResourceNotFoundException', 'OperationNotEnabledException'])(
    '%s: failed',
    async (name) => {
      const { user, workflowId, code, fault } = await awaitingCode();
      fault({ exception: { name } });
      await expect(rig.client.submitCode(workflowId, { code })).rejects.toMatchObject({ failure: { type: name } });
      expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'failed', failure: { type: name } });
      expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
    },
  );
});

it('ForbiddenException: a firewall rule ends no verification; no verdict, and the attempt does not count', async () => {
  const { user, workflowId, code, fault } = await awaitingCode();
  fault({ exception: { name: 'ForbiddenException' }, times: 1 });
  await expect(rig.client.submitCode(workflowId, { code })).rejects.toBeInstanceOf(CognitoUnavailableError);
  expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 10 });
  expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 2 });
});

describe('the answer was lost', () => {
  const LOST: [string, Fault][] = [
    ['InternalErrorException', { exception: { name: 'InternalErrorException', status: 500 }, times: 1 }],
    ['a 503 that is not JSON', { htmlError: 503, times: 1 }],
    ['the connection drops before Cognito takes it', { dropConnection: 'beforeEffect', times: 1 }],
  ];

  it.each(LOST)('%s, and the attribute is not verified: tried once more', async (_name, what) => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault(what);
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('verified');
    expect(status.attempts).toMatchObject([{ outcome: 'uncertain' }, { outcome: 'accepted' }]);
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 2 });
  });

  it('accepted, then the connection drops: the attribute is verified, and the consumed code is not tried again', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ dropConnection: 'afterEffect', times: 1 });
    const { result, status } = await rig.client.submitCode(workflowId, { code });
    expect(result).toBe('verified');
    expect(status.state).toBe('verified');
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it('accepted, lost, and the attribute is unreadable: no verdict, and the same code submitted again is not called expired', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ dropConnection: 'afterEffect', times: 1 });
    const unreadable = { name: 'InvalidParameterException' };
    rig.sandbox.setFault({ operation: 'GetUser', username: user.username, exception: unreadable, times: 1 });
    await expect(rig.client.submitCode(workflowId, { code })).rejects.toBeInstanceOf(CognitoUnavailableError);
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 2 });
  });

  it('and so was the first answer about the attribute: read again, because reading changes nothing', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ dropConnection: 'afterEffect', times: 1 });
    rig.sandbox.setFault({ operation: 'GetUser', username: user.username, htmlError: 503, times: 1 });
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it('of an attribute that was already verified, the flag proves nothing: codeExpired', async () => {
    const user = await rig.sandbox.createUser({ attributes: { email: 'zoe@example.com' }, emailVerified: true });
    const { accessToken } = user;
    const { workflowId } = await rig.client.start({ accessToken, attributeName: 'email', reverify: true });
    rig.sandbox.setFault({
      operation: ATTEMPT,
      username: user.username,
      exception: { name: 'InternalErrorException', status: 500 },
      times: 1,
    });
    rig.sandbox.setFault({
      operation: ATTEMPT,
      username: user.username,
      exception: { name: 'ExpiredCodeException' },
      nth: 2,
    });
    const { result } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(result).toBe('codeExpired');
  });

  it('twice: no verdict, both count, and the same code may be submitted again', async () => {
    const { user, workflowId, code, fault } = await awaitingCode();
    fault({ exception: { name: 'InternalErrorException', status: 500 }, times: 2 });
    await expect(rig.client.submitCode(workflowId, { code })).rejects.toBeInstanceOf(CognitoUnavailableError);
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 8 });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 2 });
    expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
  });

  it('with the last attempt: it is not tried again', async () => {
    const { user, workflowId, code, fault } = await awaitingCode({ maxAttempts: 1 });
    fault({ exception: { name: 'InternalErrorException', status: 500 }, times: 1 });
    await expect(rig.client.submitCode(workflowId, { code })).rejects.toBeInstanceOf(CognitoUnavailableError);
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });
});

describe('the form of a code is checked before a call is spent on it', () => {
  it.each(['12345', '1234567', '12 456', 'abcdef', ''])('"%s" is refused without a call to Cognito', async (code) => {
    const { user, workflowId } = await awaitingCode();
    await expect(rig.client.submitCode(workflowId, { code })).rejects.toMatchObject({ field: 'code' });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 0 });
  });

  it('another form is accepted if the policy allows it', async () => {
    const { user, workflowId } = await awaitingCode({ codeFormat: 'nonSpace' });
    expect(await rig.client.submitCode(workflowId, { code: 'AB-12' })).toMatchObject({ result: 'mismatch' });
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });
});

describe('limits', () => {
  it('a call that is repeated with the same attempt id counts one attempt', async () => {
    const { user, workflowId, code } = await awaitingCode();
    const submission = { code: wrong(code), attemptId: 'the-same' };
    const answers = await Promise.all([1, 2, 3].map(() => rig.client.submitCode(workflowId, submission)));
    expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['mismatch']));
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 1 });
  });

  it('fifty wrong codes at once: never more calls than maxAttempts, and every caller gets an answer', async () => {
    const { user, workflowId, code } = await awaitingCode({ maxAttempts: 5, confirmation: 'trust' });
    const codes = Array.from({ length: 50 }, (_, index) => String(100_000 + index)).filter((other) => other !== code);
    const settled = await Promise.allSettled(codes.map((other) => rig.client.submitCode(workflowId, { code: other })));
    const mismatches = settled.filter(({ status }) => status === 'fulfilled');
    expect(mismatches).toHaveLength(5);
    for (const answer of settled) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'AttemptsExhausted' });
    }
    expect(attemptCalls(user)).toEqual({ messages: 1, attempts: 5 });
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', attemptsLeft: 0 });
    // The verification is still open for a confirmation from elsewhere.
    await rig.client.confirm(workflowId, { reference: 'support-17' });
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified', reference: 'support-17' });
  }, 120_000);
});
