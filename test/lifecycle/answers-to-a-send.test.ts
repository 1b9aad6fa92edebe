import { VerificationClient, VerificationFailedError } from '@cognito-verification/client';
import type { VerificationStatus } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { type Rig, type SandboxUser, startWorker, useRig } from '../rig.js';

/** Every row of the design's table "answer to a send": state, answer to the caller, messages, and calls Cognito saw. */
const SEND = 'GetUserAttributeVerificationCode';
type Fault = Omit<Parameters<Rig['sandbox']['setFault']>[0], 'operation' | 'username'>;

const rig = useRig('timeSkipping');

async function startUnder(fault: Fault | undefined, client = rig.client) {
  const user = await rig.user();
  if (fault) rig.sandbox.setFault({ operation: SEND, username: user.username, ...fault });
  const workflowId = `verify/${user.userPoolId}/${user.sub}/email`;
  const started = client
    .start({ accessToken: user.accessToken, attributeName: 'email' })
    .then(({ status }) => ({ status, failure: undefined }))
    .catch((error: unknown) => {
      if (!(error instanceof VerificationFailedError)) throw error;
      return { status: undefined, failure: error.failure };
    });
  return { user, workflowId, ...(await started) };
}

function sendCalls(user: SandboxUser) {
  return {
    messages: rig.sandbox.inbox(user).length,
    calls: rig.sandbox.calls({ operation: SEND, username: user.username }).length,
  };
}

/** Expects the code that was sent, or may have been sent, to verify. */
async function verifiesWithItsCode(user: SandboxUser, workflowId: string) {
  const code = rig.sandbox.codeFor(user, 'email');
  expect(await rig.client.submitCode(workflowId, { code })).toMatchObject({ result: 'verified' });
}

describe('a message left', () => {
  it('CodeDeliveryDetails: awaitingCode', async () => {
    const { user, status, workflowId } = await startUnder(undefined);
    expect(status).toMatchObject({
      state: 'awaitingCode',
      delivery: { deliveryMedium: 'EMAIL' },
      deliveryUncertain: false,
      sendsLeft: 4,
    });
    expect(status?.delivery?.destination).toMatch(/\*/);
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 1 });
    await verifiesWithItsCode(user, workflowId);
  });

  it('an answer without CodeDeliveryDetails: awaitingCode, with no destination', async () => {
    const { user, status, workflowId } = await startUnder({ emptyAnswer: true });
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: false, sendsLeft: 4 });
    expect(status?.delivery?.destination).toBeUndefined();
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 1 });
    await verifiesWithItsCode(user, workflowId);
  });
});

describe('refused before any effect: tried again, one message', () => {
  it.each<[string, Fault]>([
    ['TooManyRequestsException', { exception: { name: 'TooManyRequestsException' }, times: 2 }],
    ['HTTP 429 under an unknown name', { exception: { name: 'SlowDown', status: 429 }, times: 2 }],
  ])('%s', async (_name, fault) => {
    const { user, status } = await startUnder(fault);
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: false, sendsLeft: 4 });
    expect(status?.sends).toHaveLength(1);
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 3 });
  });

  it('a throttle that outlasts the send budget fails the verification, and nothing is sent', async () => {
    const impatient = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      now: rig.now,
      taskQueue: rig.taskQueue,
      timeout: '6 seconds',
    });
    const { user, status, workflowId } = await startUnder(
      { exception: { name: 'TooManyRequestsException' } },
      impatient,
    );
    expect(status).toMatchObject({ state: 'sending', sendsLeft: 5 });
    const outcome = await rig.client.wait(workflowId);
    expect(outcome).toMatchObject({ outcome: 'failed', failure: { type: 'CognitoUnavailable' } });
    expect(outcome.failure?.message).toContain('TooManyRequestsException');
    expect(sendCalls(user).messages).toBe(0);
  });

  it('connection refused: retried until the send budget ends, and then reported', async () => {
    const cognito = createCognitoClients({ endpoint: `http://127.0.0.1:${await freePort()}` });
    const taskQueue = `${rig.taskQueue}-refused`;
    const worker = await startWorker(rig, cognito, taskQueue);
    const client = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      now: rig.now,
      taskQueue,
      timeout: '6 seconds',
    });
    const { user, status, workflowId } = await startUnder(undefined, client);
    expect(status).toMatchObject({ state: 'sending', sendsLeft: 5 });
    const outcome = await client.wait(workflowId);
    expect(outcome).toMatchObject({ outcome: 'failed', failure: { type: 'CognitoUnavailable' } });
    expect(outcome.failure?.message).toContain('ECONNREFUSED');
    expect(sendCalls(user)).toEqual({ messages: 0, calls: 0 });
    await worker.stop();
    cognito.destroy();
  });
});

describe("the user's limit is reached: rateLimited", () => {
  it('LimitExceededException: the status has retryAt, and the verification sends by itself then', async () => {
    const { user, status, workflowId } = await startUnder({ exception: { name: 'LimitExceededException' }, times: 1 });
    expect(status).toMatchObject({ state: 'rateLimited', sendsLeft: 5 });
    expect(waitOf(status)).toBe(5 * 60);
    expect(sendCalls(user)).toEqual({ messages: 0, calls: 1 });
    await expect(rig.client.submitCode(workflowId, { code: '123456' })).rejects.toThrow(
      `No code has been sent in this verification yet, so there is none to check. It sends one by itself at ${status?.retryAt}.`,
    );
    await rig.env.sleep('6 minutes');
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 2 });
  });

  it('LimitExceededException for the daily e-mail limit: retryAt is the next 09:00 UTC', async () => {
    const { user, status } = await startUnder({
      exception: {
        name: 'LimitExceededException',
        message: 'Exceeded daily email limit for the operation or the account.',
      },
    });
    expect(status?.state).toBe('rateLimited');
    expect(status?.retryAt).toMatch(/T09:00:00\.000Z$/);
    expect(waitOf(status)).toBeGreaterThan(0);
    expect(waitOf(status)).toBeLessThanOrEqual(24 * 60 * 60);
    expect(sendCalls(user)).toEqual({ messages: 0, calls: 1 });
  });
});

describe('a message may have left: counted as a send, never repeated', () => {
  it.each<[string, Fault, number]>([
    ['InternalErrorException', { exception: { name: 'InternalErrorException', status: 500 } }, 0],
    ['UnexpectedLambdaException', { exception: { name: 'UnexpectedLambdaException' } }, 0],
    ['a 503 that is not JSON', { htmlError: 503 }, 0],
    ['an unknown name with a server fault', { exception: { name: 'BrandNewException', status: 500 } }, 0],
    ['the connection drops before Cognito takes it', { dropConnection: 'beforeEffect' }, 0],
    ['accepted, then the connection drops', { dropConnection: 'afterEffect' }, 1],
  ])('%s', async (_name, fault, messages) => {
    const { user, status, workflowId } = await startUnder(fault);
    expect(status).toMatchObject({ state: 'awaitingCode', deliveryUncertain: true, sendsLeft: 4 });
    expect(status?.sends).toMatchObject([{ outcome: 'uncertain' }]);
    expect(sendCalls(user)).toEqual({ messages, calls: 1 });
    if (messages > 0) await verifiesWithItsCode(user, workflowId);
  });
});

describe('the token is unusable: awaitingToken', () => {
  it.each(['Access Token has expired', 'Access Token has been revoked', 'Invalid Access Token'])(
    'NotAuthorizedException "%s": continues with a fresh one',
    async (message) => {
      const { user, status, workflowId } = await startUnder({
        exception: { name: 'NotAuthorizedException', message },
        times: 1,
      });
      expect(status).toMatchObject({ state: 'awaitingToken', sendsLeft: 5 });
      expect(sendCalls(user)).toEqual({ messages: 0, calls: 1 });
      await rig.client.renewAccessToken(workflowId, { accessToken: await rig.sandbox.issueAccessToken(user) });
      await expect.poll(async () => (await rig.client.status(workflowId)).state).toBe('awaitingCode');
      expect(sendCalls(user)).toEqual({ messages: 1, calls: 2 });
    },
  );

  it('an expired token is not sent at all', async () => {
    const user = await rig.user();
    const accessToken = await rig.sandbox.issueAccessToken(user, { expiresInSeconds: -60 });
    await expect(rig.client.start({ accessToken, attributeName: 'email' })).rejects.toMatchObject({
      code: 'AccessTokenRefused',
    });
    expect(sendCalls(user)).toEqual({ messages: 0, calls: 0 });
  });
});

describe('retried slowly, because each try may count towards a limit of five', () => {
  it.each([
    ['CodeDeliveryFailureException', 3, 'End User Messaging'],
    ['ForbiddenException', 2, 'WAF'],
  ])('%s: %d tries in all, then failed with a remedy', async (name, calls, remedy) => {
    const impatient = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      now: rig.now,
      taskQueue: rig.taskQueue,
      timeout: '6 seconds',
    });
    const { user, status, workflowId } = await startUnder({ exception: { name } }, impatient);
    expect(status?.state).toBe('sending');
    expect(waitOf(status)).toBeGreaterThanOrEqual(25);
    const outcome = await rig.client.wait(workflowId);
    expect(outcome).toMatchObject({ outcome: 'failed', failure: { type: name } });
    expect(outcome.failure?.message).toContain(remedy);
    expect(sendCalls(user)).toEqual({ messages: 0, calls });
  });

  it('CodeDeliveryFailureException that resolves itself: awaitingCode', async () => {
    const impatient = new VerificationClient({
      client: rig.env.client,
      userPools: rig.userPools,
      now: rig.now,
      taskQueue: rig.taskQueue,
      timeout: '6 seconds',
    });
    const { user, workflowId } = await startUnder(
      { exception: { name: 'CodeDeliveryFailureException' }, times: 1 },
      impatient,
    );
    await rig.env.sleep('1 minute');
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 2 });
  });
});

describe('a person must act: failed at once, and the message says what to do', () => {
  it.each<[string, string | undefined, RegExp]>([
    ['NotAuthorizedException', 'Access Token does not have required scopes', /scope/],
    ['NotAuthorizedException', 'User is disabled.', /administrator/],
    ['UserLambdaValidationException', 'CustomMessage failed with error no texts to that country.', /that country/],
    ['InvalidLambdaResponseException', 'Unrecognizable lambda output', /custom message trigger/],
    ['InvalidSmsRoleAccessPolicyException', undefined, /SMS role/],
    ['InvalidSmsRoleTrustRelationshipException', undefined, /SMS role/],
    ['InvalidEmailRoleAccessPolicyException', undefined, /SES identity/],
    ['OperationNotEnabledException', undefined, /replica/],
    ['ResourceNotFoundException', undefined, /user pool/],
    ['InvalidParameterException', 'User does not have a valid registered email address', /value for the attribute/],
    ['UserNotFoundException', 'User does not exist.', /sign up again/],
    ['UserNotConfirmedException', undefined, /ConfirmSignUp/],
    ['PasswordResetRequiredException', undefined, /ForgotPassword/],
    ['BrandNewException', 'nobody knows this one', /does not know/],
  ])('%s %s', async (name, message, remedy) => {
    const { user, failure, workflowId } = await startUnder({ exception: { name, ...(message ? { message } : {}) } });
    expect(failure?.type).toBe(name);
    expect(failure?.message).toMatch(remedy);
    if (message) expect(failure?.message).toContain(message);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'failed', failure: { type: name } });
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'failed', failure: { type: name } });
    expect(sendCalls(user)).toEqual({ messages: 0, calls: 1 });
  });

  it('real cases have the same message: an attribute without a value, a deleted user and a disabled user', async () => {
    await rig.user(); // synchronises the clocks
    const nobody = await rig.sandbox.createUser({ attributes: { phone_number: '+15555550123' } });
    await expect(rig.client.start({ accessToken: nobody.accessToken, attributeName: 'email' })).rejects.toMatchObject({
      failure: { type: 'AttributeUnreadable' },
    });
    const disabled = await rig.user();
    rig.sandbox.disableUser(disabled);
    await expect(rig.start(disabled)).rejects.toMatchObject({ failure: { type: 'NotAuthorizedException' } });
    const deletedUser = await rig.user();
    rig.sandbox.deleteUser(deletedUser);
    await expect(rig.start(deletedUser)).rejects.toMatchObject({ failure: { type: 'UserNotFoundException' } });
  });
});

describe('a re-send that fails for good', () => {
  const refusal = { operation: SEND, exception: { name: 'InvalidSmsRoleAccessPolicyException' } };

  it('leaves the earlier code valid', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
    rig.sandbox.setFault({ ...refusal, username: user.username });
    await rig.env.sleep('2 seconds');
    await expect(rig.client.resendCode(workflowId)).rejects.toMatchObject({
      code: 'ResendFailed',
      failure: { type: 'InvalidSmsRoleAccessPolicyException' },
    });
    expect(await rig.client.status(workflowId)).toMatchObject({
      state: 'awaitingCode',
      sendsLeft: 4,
      sends: [{ outcome: 'sent' }, { outcome: 'notSent', reason: 'InvalidSmsRoleAccessPolicyException' }],
    });
    expect(sendCalls(user)).toEqual({ messages: 1, calls: 2 });
    await verifiesWithItsCode(user, workflowId);
  });

  it('fails the verification if no valid code is left', async () => {
    const user = await rig.user();
    const { accessToken } = user;
    const policy = { codeLifetime: '1 minute', resendCooldown: '1 second' } as const;
    const { workflowId } = await rig.client.start({ accessToken, attributeName: 'email', policy });
    rig.sandbox.setFault({ ...refusal, username: user.username });
    await rig.env.sleep('2 minutes');
    await expect(rig.client.resendCode(workflowId)).rejects.toMatchObject({ code: 'VerificationFailed' });
    expect(await rig.client.wait(workflowId)).toMatchObject({
      outcome: 'failed',
      failure: { type: refusal.exception.name },
    });
  });
});

/** Seconds from the newest send, or from the start, until `retryAt`. */
function waitOf(status: VerificationStatus | undefined): number {
  const newest = status?.sends.at(-1)?.at ?? '';
  return Math.round((Date.parse(status?.retryAt ?? '') - Date.parse(newest)) / 1000);
}
