/**
 * An attempt by a local activity: its answer is in no history before its workflow task has ended, and the server throws that task
 * away for whatever comes in the same moment. No right code is lost by that, and nobody hears anything wrong.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerifyUserAttributeCommand } from '@aws-sdk/client-cognito-identity-provider';
import { VerificationClient } from '@cognito-verification/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { type SandboxUser, startWorkerProcess, useRig } from '../rig.js';

const ATTEMPT = 'VerifyUserAttribute';
const rig = useRig('local', { allowance: new Allowance(1_000) });

const attemptsSeen = ({ username }: SandboxUser) => rig.sandbox.calls({ operation: ATTEMPT, username });
const wrongFor = (code: string) => (code === '000000' ? '111111' : '000000');
const held = (user: SandboxUser, latencyMs: number) =>
  rig.sandbox.setFault({ operation: ATTEMPT, username: user.username, latencyMs, afterEffect: true, times: 1 });
const asked = (user: SandboxUser) => expect.poll(() => attemptsSeen(user)).toHaveLength(1);

async function eventsOf(workflowId: string) {
  return (await rig.env.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}
/** How the attempts of a verification were made. */
async function waysOf(workflowId: string) {
  const events = await eventsOf(workflowId);
  return {
    local: events.filter((event) => event.markerRecordedEventAttributes).length,
    normal: events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'verifyCode')
      .length,
  };
}

async function verifiedElsewhere({ accessToken, userPoolId, ...user }: SandboxUser): Promise<void> {
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const Code = rig.sandbox.codeFor({ userPoolId, ...user }, 'email');
  const command = new VerifyUserAttributeCommand({ AccessToken: accessToken, AttributeName: 'email', Code });
  await cognito.forUserPool(userPoolId).send(command);
  cognito.destroy();
}

describe('the way of an attempt', () => {
  it('is a local activity where the attribute was not verified before', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const code = rig.sandbox.codeFor(user, 'email');
    expect((await rig.client.submitCode(workflowId, { code: wrongFor(code) })).result).toBe('mismatch');
    expect((await rig.client.submitCode(workflowId, { code })).result).toBe('verified');
    expect(await waysOf(workflowId)).toMatchObject({ local: 2, normal: 0 });
  });

  it('is a normal one where it was: after a repeat nothing would tell that the code was right', async () => {
    const user = await rig.user();
    const first = await rig.start(user);
    await rig.client.submitCode(first.workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const policy = { resendCooldown: '1 second' } as const;
    const { accessToken } = user;
    const again = { accessToken, attributeName: 'email', policy, reverify: true } as const;
    const { workflowId } = await rig.client.start(again);
    await expect.poll(async () => (await rig.client.status(workflowId)).state).toBe('awaitingCode');
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(await waysOf(workflowId)).toMatchObject({ local: 0, normal: 1 });
  });

  it('is a normal one while a send is under way, which would end the task in the same moment', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
    const code = rig.sandbox.codeFor(user, 'email');
    await sleep(1_200);
    const SEND = 'GetUserAttributeVerificationCode';
    rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: 2_000, times: 1 });
    const resending = rig.client.resendCode(workflowId);
    await expect.poll(() => rig.sandbox.calls({ operation: SEND, username: user.username })).toHaveLength(2);
    expect((await rig.client.submitCode(workflowId, { code: wrongFor(code) })).result).toBe('mismatch');
    // The local one asks the process for attempts of lost tasks, and Cognito nothing.
    expect(await waysOf(workflowId)).toMatchObject({ local: 1, normal: 1 });
    expect(attemptsSeen(user)).toHaveLength(1);
    await resending;
  });

  it('counts as unanswered after 3 s, and is looked up', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    held(user, 6_000);
    const { result } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    expect(result).toBe('verified');
    const { status, proof } = await rig.client.wait(workflowId);
    expect(status?.attempts.map(({ outcome }) => outcome)).toEqual(['uncertain']);
    expect(proof).toBe('found');
    expect(attemptsSeen(user)).toHaveLength(1);
  });
});

describe('a workflow task that is thrown away while the attempt is made', () => {
  it('for a confirmation: the process remembers the answer, and asks Cognito nothing', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    held(user, 1_500);
    const submitted = rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    await asked(user);
    // The look that the confirmation asks for, after that of the attempt.
    rig.sandbox.setFault({ operation: 'GetUser', username: user.username, latencyMs: 2_500, nth: 2 });
    await rig.client.confirm(workflowId);
    expect((await submitted).result).toBe('verified');
    const { proof, status } = await rig.client.wait(workflowId);
    expect(proof).toBe('accepted');
    expect(status?.attempts.map(({ outcome }) => outcome)).toEqual(['accepted']);
    expect(attemptsSeen(user)).toHaveLength(1);
    // The confirmation was taken in a task before that of the answer, so that the first task of the attempt was lost.
    const events = await eventsOf(workflowId);
    const look = events.findIndex(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'readAttribute',
    );
    const answer = events.findIndex((event) => event.markerRecordedEventAttributes);
    expect(look).toBeGreaterThan(0);
    expect(answer).toBeGreaterThan(look);
  });

  it('for a cancellation: it is cancelled, and the caller hears so', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    held(user, 1_500);
    const submitted = rig.client
      .submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') })
      .catch((error: unknown) => error);
    await asked(user);
    await rig.client.cancel(workflowId);
    expect(await submitted).toMatchObject({ code: 'VerificationEnded' });
    expect((await rig.client.wait(workflowId)).outcome).toBe('cancelled');
    expect(attemptsSeen(user)).toHaveLength(1);
  });

  it("for a second tab's codes and start: each has its answer, and the attempts are made one by one", async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user);
    const code = rig.sandbox.codeFor(user, 'email');
    held(user, 1_500);
    const first = rig.client.submitCode(workflowId, { code: wrongFor(code) });
    await asked(user);
    const second = rig.client.submitCode(workflowId, { code });
    const joined = rig.start(user).then(
      ({ status }) => status.state,
      (error: { code: string }) => error.code,
    );
    expect((await first).result).toBe('mismatch');
    expect((await second).result).toBe('verified');
    expect(['awaitingCode', 'verified', 'sending']).toContain(await joined);
    expect(attemptsSeen(user)).toHaveLength(2);
  });
});

describe('a worker that ends while the attempt is made', { timeout: 120_000 }, () => {
  it.each([
    { what: 'a right code, killed', signal: 'SIGKILL', right: true, result: 'verified', calls: 2 },
    { what: 'a wrong code, killed', signal: 'SIGKILL', right: false, result: 'mismatch', calls: 2 },
    { what: 'a right code, told to stop', signal: 'SIGTERM', right: true, result: 'verified', calls: 1 },
  ] as const)('$what: no answer is lost, and it is right', async ({ signal, right, result, calls }) => {
    const taskQueue = `killed-${randomUUID()}`;
    const settings = { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: rig.sandbox.url };
    const killed = await startWorkerProcess(rig, taskQueue, settings);
    const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
    const user = await rig.user();
    const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
    const code = rig.sandbox.codeFor(user, 'email');
    held(user, 2_500);
    const submitted = client.submitCode(workflowId, { code: right ? code : wrongFor(code) });
    await asked(user);
    await killed.end(signal);
    const next = await startWorkerProcess(rig, taskQueue, settings);
    onTestFinished(() => next.end('SIGTERM'));
    const answer = await submitted;
    expect(answer.result).toBe(result);
    expect(answer.status.attempts).toHaveLength(1);
    expect(attemptsSeen(user)).toHaveLength(calls);
    const lost = (await eventsOf(workflowId)).filter((event) => event.workflowTaskTimedOutEventAttributes);
    expect(lost).toHaveLength(calls - 1);
    if (right) expect((await client.wait(workflowId)).proof).toBe(calls === 1 ? 'accepted' : 'found');
    else await client.cancel(workflowId);
  });
});

it('a worker that is held up for longer than its task may take: the answer is right, and Cognito is asked once', async () => {
  const taskQueue = `held-${randomUUID()}`;
  const worker = await startWorkerProcess(rig, taskQueue, {
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: rig.sandbox.url,
  });
  onTestFinished(() => worker.end('SIGKILL'));
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  held(user, 2_000);
  const submitted = client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  await asked(user);
  process.kill(worker.pid, 'SIGSTOP');
  await sleep(12_000);
  process.kill(worker.pid, 'SIGCONT');
  expect((await submitted).result).toBe('verified');
  expect(attemptsSeen(user)).toHaveLength(1);
  const lost = (await eventsOf(workflowId)).filter((event) => event.workflowTaskTimedOutEventAttributes);
  expect(lost.length).toBeGreaterThan(0);
}, 120_000);

it('a code that was used elsewhere is found out in the same activity', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  const code = rig.sandbox.codeFor(user, 'email');
  await verifiedElsewhere(user);
  expect((await rig.client.submitCode(workflowId, { code })).result).toBe('verified');
  expect((await rig.client.wait(workflowId)).proof).toBe('found');
  const activities = (await eventsOf(workflowId)).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
  expect(activities).toEqual(['sendCode']);
});

it('the next token is tried where Cognito refuses the first', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  const accessToken = await rig.sandbox.issueAccessToken(user);
  await rig.client.start({ accessToken, attributeName: 'email' });
  const exception = { name: 'NotAuthorizedException', message: 'Access Token has been revoked' };
  rig.sandbox.setFault({ operation: ATTEMPT, username: user.username, exception, times: 1 });
  const { result, status } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(result).toBe('verified');
  expect(status.attempts.map(({ outcome }) => outcome)).toEqual(['accessTokenRejected', 'accepted']);
  expect(await waysOf(workflowId)).toMatchObject({ local: 2, normal: 0 });
});

it('a code that Cognito calls expired is not called so before a look tells: it may be a repeat', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  const code = rig.sandbox.codeFor(user, 'email');
  const { username } = user;
  rig.sandbox.setFault({ operation: ATTEMPT, username, exception: { name: 'ExpiredCodeException' }, times: 1 });
  const unreadable = rig.sandbox.setFault({
    operation: 'GetUser',
    username,
    exception: { name: 'ForbiddenException' },
  });
  await expect(rig.client.submitCode(workflowId, { code })).rejects.toMatchObject({ code: 'CognitoUnavailable' });
  rig.sandbox.clearFaults(unreadable);
  expect((await rig.client.submitCode(workflowId, { code })).result).toBe('verified');
});

// The last one here, for it takes the allowance of this process.
it('goes on as a normal one where Cognito throttles, and so does every one of the next minute', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  rig.sandbox.setFault({
    operation: ATTEMPT,
    username: user.username,
    exception: { name: 'TooManyRequestsException' },
    times: 2,
  });
  const { result } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(result).toBe('verified');
  const { status } = await rig.client.wait(workflowId);
  expect(status?.attempts).toHaveLength(1);
  expect(await waysOf(workflowId)).toMatchObject({ local: 1, normal: 1 });
  expect(attemptsSeen(user)).toHaveLength(3);
  const next = await rig.user();
  const following = await rig.start(next);
  await rig.client.submitCode(following.workflowId, { code: rig.sandbox.codeFor(next, 'email') });
  expect(await waysOf(following.workflowId)).toMatchObject({ normal: 1 });
});
