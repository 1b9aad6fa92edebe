/** How a verification ends, on the development server: by a code, or by a confirmation that is trusted or checked. */
import {
  codeConfirmed,
  SEARCH_ATTRIBUTE_KEYS,
  type VerificationRequest,
  WORKFLOW_TYPE,
  workflowIdFor,
} from '@cognito-verification/contract';
import { describe, expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { type SandboxUser } from '../rig.js';
import { otherThan } from '../sandbox/running-sandbox.js';
import { ATTEMPT, type Opened, SEND, useTimeTravel } from './time-travel.js';

// Used for everything except time travel: the development server's time cannot be moved.
const travel = useTimeTravel('local');

/** What an operator sees in the list of workflows. */
async function listed({ id }: Opened): Promise<{ status: string; state: unknown }> {
  const { status, typedSearchAttributes } = await travel.base.env.client.workflow.getHandle(id).describe();
  return { status: status.name, state: typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state) };
}

/** Acts as a service that learns of a confirmation before the verification starts: the signal precedes the first task. */
async function signalWithStart(user: SandboxUser, policy: VerificationRequest['policy'] = {}): Promise<Opened> {
  const { env, taskQueue } = travel.base;
  const id = workflowIdFor({ ...user, attributeName: 'email' });
  await env.client.workflow.signalWithStart(WORKFLOW_TYPE, {
    workflowId: id,
    taskQueue,
    args: [{ accessToken: user.accessToken, attributeName: 'email', policy }],
    signal: codeConfirmed.name,
    signalArgs: [{ reference: 'first' }],
  });
  travel.started.add(id);
  return { user, attributeName: 'email', id, started: await travel.client.status(id) };
}

describe('a code', () => {
  test('one that is submitted while a re-send is being throttled is checked at once, and ends the send', async () => {
    const opened = await travel.open({ policy: { resendCooldown: '1 second' } });
    await travel.until(opened, () => Date.now() > Date.parse(opened.started.resendAllowedAt ?? ''));
    travel.refuse(opened.user, SEND, 'TooManyRequestsException');
    const resend = travel.resend(opened);
    await travel.until(opened, ({ state }) => state === 'sending');
    expect(await travel.submitWrong(opened)).toMatchObject({ result: 'mismatch', status: { state: 'sending' } });
    expect(await travel.submitRight(opened)).toMatchObject({ result: 'verified', status: { state: 'verified' } });
    expect(await resend).toMatchObject({ state: 'verified', sendsLeft: 4 });
    expect(await listed(opened)).toEqual({ status: 'COMPLETED', state: 'verified' });
    const { sends } = travel.calls(opened);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(travel.calls(opened).sends).toBe(sends);
  });

  test('attempts are made one at a time, in order of arrival, and each is counted before it is made', async () => {
    const opened = await travel.open({ policy: { maxAttempts: 3 } });
    travel.base.sandbox.setFault({ operation: ATTEMPT, username: opened.user.username, latencyMs: 1_000, times: 3 });
    const answers = [1, 2, 3, 4].map(() => travel.submitWrong(opened).catch(({ code }: { code: string }) => code));
    const checking = await travel.until(opened, ({ attempts }) => attempts.at(-1)?.outcome === 'checking');
    expect(checking.attemptsLeft).toBe(3 - checking.attempts.length);
    const results = (await Promise.all(answers)).map((answer) => (typeof answer === 'string' ? answer : answer.result));
    expect(results.toSorted()).toEqual(['AttemptsExhausted', 'mismatch', 'mismatch', 'mismatch']);
    const at = travel.base.sandbox.calls({ operation: ATTEMPT, username: opened.user.username }).map((call) => call.at);
    expect(at).toHaveLength(3);
    for (const [index, time] of at.entries()) {
      if (index > 0) expect(Date.parse(time) - Date.parse(at[index - 1] ?? '')).toBeGreaterThanOrEqual(990);
    }
  });

  test('one that is submitted twice under the same attempt id counts one attempt', async () => {
    const opened = await travel.open();
    const wrong = { code: otherThan(travel.code(opened)), attemptId: 'attempt-1' };
    const first = await travel.client.submitCode(opened.id, wrong);
    expect(await travel.client.submitCode(opened.id, wrong)).toEqual(first);
    expect((await travel.status(opened)).attemptsLeft).toBe(9);
    expect(travel.calls(opened).attempts).toBe(1);
  });
});

describe('an attempt whose answer is lost', () => {
  test('a code that the attempt consumed turns out to have verified when it is submitted again', async () => {
    const opened = await travel.open();
    const { username } = opened.user;
    travel.base.sandbox.setFault({ operation: ATTEMPT, username, dropConnection: 'afterEffect', times: 1 });
    const reads = travel.base.sandbox.setFault({ operation: 'GetUser', username, htmlError: 503 });
    await travel.submitRight(opened).catch(() => undefined);
    expect((await travel.status(opened)).attempts[0]).toMatchObject({ outcome: 'uncertain' });
    travel.base.sandbox.clearFaults(reads);
    expect(await travel.submitRight(opened)).toMatchObject({ result: 'verified' });
  });
});

describe('codeConfirmed, trusted', () => {
  const policy = { confirmation: 'trust' } as const;

  test('it ends the verification, with its reference', async () => {
    const opened = await travel.open({ policy });
    await travel.client.confirm(opened.id, { reference: 'order-17' });
    expect(await travel.wait(opened)).toMatchObject({
      outcome: 'verified',
      proof: 'trusted',
      reference: 'order-17',
    });
    expect(await listed(opened)).toEqual({ status: 'COMPLETED', state: 'verified' });
  });

  test('a confirmation that comes with the start cannot name its run and is not trusted; one that does is', async () => {
    const user = await travel.user();
    const opened = await signalWithStart(user, policy);
    await travel.until(opened, ({ state }) => state === 'awaitingCode');
    await travel.client.confirm(opened.id);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'trusted' });
    expect(travel.calls(opened)).toMatchObject({ sends: 1, attempts: 0 });
    expect(await listed(opened)).toEqual({ status: 'COMPLETED', state: 'verified' });
  });

  test('it ends a send that is still being retried, and a caller that waits for the send is answered', async () => {
    const opened = await travel.open({ policy: { ...policy, resendCooldown: '1 second' } });
    await travel.until(opened, () => Date.now() > Date.parse(opened.started.resendAllowedAt ?? ''));
    travel.refuse(opened.user, SEND, 'TooManyRequestsException');
    const resend = travel.resend(opened);
    await travel.until(opened, ({ state }) => state === 'sending');
    await travel.client.confirm(opened.id);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'trusted' });
    expect(await resend).toMatchObject({ state: 'verified', sendsLeft: 4 });
  });

  test('a code that is being checked at that moment is answered first', async () => {
    const opened = await travel.open({ policy });
    travel.base.sandbox.setFault({ operation: ATTEMPT, username: opened.user.username, latencyMs: 1_500 });
    const answer = travel.submitWrong(opened);
    await expect.poll(() => travel.calls(opened).attempts).toBe(1);
    await travel.client.confirm(opened.id);
    expect(await answer).toMatchObject({ result: 'mismatch' });
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'trusted' });
  });
});

describe('codeConfirmed, rechecked', () => {
  const policy = {};

  test('it does not end a verification whose attribute is not verified in Cognito', async () => {
    const opened = await travel.open({ policy });
    const { reads } = travel.calls(opened);
    await travel.client.confirm(opened.id);
    await expect.poll(() => travel.calls(opened).reads).toBe(reads + 1);
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });

  test('it ends a verification whose attribute has become verified', async () => {
    const opened = await travel.open({ policy });
    await travel.verifyElsewhere(opened);
    await travel.client.confirm(opened.id, { reference: 'order-18' });
    expect(await travel.wait(opened)).toMatchObject({
      outcome: 'verified',
      proof: 'confirmed',
      reference: 'order-18',
    });
  });

  test('it survives one look that Cognito fails', async () => {
    const opened = await travel.open({ policy });
    await travel.verifyElsewhere(opened);
    const { username } = opened.user;
    travel.base.sandbox.setFault({ operation: 'GetUser', username, htmlError: 503, times: 1 });
    await travel.client.confirm(opened.id);
    expect(await travel.client.wait(opened.id, { timeout: '10 seconds' })).toMatchObject({ outcome: 'verified' });
  });

  test('it proves nothing for an attribute that was already verified, but a code still does', async () => {
    const opened = await travel.open({
      policy,
      user: await travel.user({ emailVerified: true }),
      request: { reverify: true },
    });
    const { reads } = travel.calls(opened);
    await travel.client.confirm(opened.id);
    await expect.poll(() => travel.calls(opened).reads).toBe(reads + 1);
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(await travel.wait(opened)).toMatchObject({ proof: 'accepted' });
  });

  test('a confirmation before the first send proves nothing by itself, and the code is sent', async () => {
    const opened = await signalWithStart(await travel.user(), policy);
    await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('while a new address waits for its verification, the flag of the old one proves nothing', async () => {
    const user = await travel.user({ emailVerified: true, requireVerificationBeforeUpdate: true });
    const alreadySent = await travel.changeEmail(user, 'new@example.com');
    const opened = await travel.open({ user, policy, request: { alreadySent } });
    await travel.client.confirm(opened.id);
    await expect.poll(() => travel.calls(opened).reads).toBeGreaterThanOrEqual(2);
    expect((await travel.submitWrong(opened)).status.state).toBe('awaitingCode');
    await travel.verifyElsewhere(opened);
    await travel.client.confirm(opened.id);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'confirmed' });
    expect(travel.base.sandbox.attribute(user, 'email')).toEqual({ value: 'new@example.com', verified: true });
  });
});

describe('a code that Cognito has sent by itself', () => {
  test('nothing is sent at the start, the message counts, and its code verifies', async () => {
    const user = await travel.user();
    const alreadySent = await travel.changeEmail(user, 'other@example.com');
    const opened = await travel.open({ user, request: { alreadySent } });
    expect(opened.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, delivery: alreadySent });
    expect(opened.started.sends.map(({ outcome }) => outcome)).toEqual(['alreadySent']);
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(travel.calls(opened).sends).toBe(0);
  });
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
