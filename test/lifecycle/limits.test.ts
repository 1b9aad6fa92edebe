/** A verification under Cognito's limits, and at its own deadline. */
import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULT_SWITCHES } from '../../sandbox/switches.js';
import { replayAll } from '../replay-all.js';
import { HOUR, MINUTE, type Opened, SEND, useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');
afterEach(() => travel.base.sandbox.setSwitches(DEFAULT_SWITCHES));

/** Cognito's hour, and a little more because its beginning is not exactly known. */
const WINDOW = HOUR + 5_000;

const at = (time: string | undefined): number => Date.parse(time ?? '');

/** Lets time pass until shortly after the `retryAt` in the status. */
async function passRetryAt(opened: Opened): Promise<void> {
  const { retryAt } = await travel.status(opened);
  await travel.pass(at(retryAt) - (await travel.now()) + 2_000);
}

describe("Cognito's limit on sends", () => {
  test('the verification waits out a rate limit that its own sends do not explain, with a retryAt that grows up to an hour', async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'LimitExceededException');
    const opened = await travel.open({ user });
    expect(opened.started).toMatchObject({ state: 'rateLimited', sendsLeft: 5 });
    for (const minutes of [5, 10, 20, 40, 60, 60]) {
      const { retryAt, sends } = await travel.until(opened, ({ state }) => state === 'rateLimited');
      expect(at(retryAt) - at(sends.at(-1)?.at)).toBe(minutes * MINUTE);
      await passRetryAt(opened);
    }
    travel.base.sandbox.clearFaults();
    await passRetryAt(opened);
    const status = await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect(status).toMatchObject({ sendsLeft: 4, expiresAt: opened.started.expiresAt });
    expect(status).not.toHaveProperty('retryAt');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('the verification waits out a rate limit until its oldest send leaves the hour, and sends one code then', async () => {
    travel.base.sandbox.setSwitches({ sendsPerHour: 2 });
    const opened = await travel.open();
    await travel.pass('10 minutes');
    await travel.resend(opened);
    await travel.pass('10 minutes');
    const status = await travel.resend(opened);
    expect(status.state).toBe('rateLimited');
    expect(at(status.retryAt)).toBe(at(status.sends[0]?.at) + WINDOW);
    expect(status.sendsLeft).toBe(3);
    await travel.pass('38 minutes');
    expect(travel.calls(opened).sends).toBe(3);
    await travel.pass('4 minutes');
    expect(await travel.status(opened)).toMatchObject({ state: 'awaitingCode', sendsLeft: 2 });
    await travel.pass('2 hours');
    expect(travel.codes(opened)).toHaveLength(3);
  });

  test('while rate limited a re-send is refused until retryAt, and a code that arrived earlier still verifies', async () => {
    travel.base.sandbox.setSwitches({ sendsPerHour: 1 });
    const opened = await travel.open();
    await travel.pass('10 minutes');
    const { retryAt } = await travel.resend(opened);
    await expect(travel.resend(opened)).rejects.toMatchObject({ reason: 'rateLimited', allowedAt: retryAt });
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    expect((await travel.status(opened)).state).toBe('rateLimited');
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(travel.calls(opened).sends).toBe(2);
  });

  test('the verification waits out the daily limit of e-mails until 09:00 UTC', async () => {
    const user = await travel.user({ emailAccount: 'COGNITO_DEFAULT' });
    travel.base.sandbox.setSwitches({ emailsPerDay: 0 });
    const opened = await travel.open({ user, policy: { deadline: '3 days' } });
    expect(opened.started.state).toBe('rateLimited');
    const retryAt = opened.started.retryAt ?? '';
    expect(retryAt).toMatch(/T09:00:00\.000Z$/);
    const wait = at(retryAt) - at(opened.started.sends[0]?.at);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(24 * HOUR);
    travel.base.sandbox.setSwitches({ emailsPerDay: 50 });
    // The user's token may have expired by then.
    await travel.client.renewAccessToken(opened.id, {
      accessToken: await travel.token(user, { expiresInSeconds: 2 * 24 * 3600 }),
    });
    await passRetryAt(opened);
    await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });
});

describe("Cognito's limit on attempts", () => {
  test('a lockout is answered with a retryAt, and no attempt reaches Cognito until then', async () => {
    travel.base.sandbox.setSwitches({ attemptsPerHour: 2 });
    const opened = await travel.open();
    await travel.submitWrong(opened);
    await travel.pass('10 minutes');
    await travel.submitWrong(opened);
    const answer = await travel.submitWrong(opened);
    expect(answer.result).toBe('rateLimited');
    expect(at(answer.retryAt)).toBe(at(answer.status.attempts[0]?.at) + WINDOW);
    expect(answer.status).toMatchObject({ state: 'awaitingCode', retryAt: answer.retryAt });
    expect(await travel.submitRight(opened)).toMatchObject({ result: 'rateLimited', retryAt: answer.retryAt });
    expect(travel.calls(opened).attempts).toBe(3);
    await passRetryAt(opened);
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });
});

describe('throttling', () => {
  test('a throttled first send is tried until Cognito accepts it, and sends one message', async () => {
    const user = await travel.user();
    const fault = travel.refuse(user, SEND, 'TooManyRequestsException');
    const opened = await travel.open({ user, impatient: true });
    expect(opened.started).toMatchObject({ state: 'sending', sendsLeft: 5 });
    await travel.pass('3 minutes');
    expect((await travel.status(opened)).state).toBe('sending');
    travel.base.sandbox.clearFaults(fault);
    await travel.pass('1 minute');
    await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect(travel.codes(opened)).toHaveLength(1);
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a first send that is throttled beyond its budget fails the verification', async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'TooManyRequestsException');
    const opened = await travel.open({ user, impatient: true });
    await travel.pass('12 minutes');
    const outcome = await travel.wait(opened);
    expect(outcome).toMatchObject({ outcome: 'failed', failure: { type: 'CognitoUnavailable' } });
    expect(outcome.failure?.message).toContain('TooManyRequestsException');
  });

  test('a re-send that is throttled beyond its budget is refused, and the earlier code still verifies', async () => {
    const opened = await travel.open();
    await travel.pass('1 minute');
    travel.refuse(opened.user, SEND, 'TooManyRequestsException');
    const resend = travel.resend(opened).catch((error: unknown) => error);
    await travel.until(opened, ({ state }) => state === 'sending');
    await travel.pass('12 minutes');
    expect(await resend).toMatchObject({ code: 'CognitoUnavailable' });
    expect(await travel.status(opened)).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });
});

describe('the deadline', () => {
  test('an unconfirmed verification expires at its deadline, and a new one may be started', async () => {
    const opened = await travel.open({ policy: { deadline: '2 hours' } });
    const outcome = await travel.wait(opened);
    expect(outcome).toMatchObject({ outcome: 'expired', status: { state: 'expired' } });
    expect(await travel.closedAfterDeadlineMs(opened)).toBeGreaterThanOrEqual(0);
    await expect(travel.submitRight(opened)).rejects.toMatchObject({ code: 'VerificationEnded' });
    expect((await travel.status(opened)).state).toBe('expired');
    const user = { ...opened.user, accessToken: await travel.token(opened.user) };
    const again = await travel.open({ user, policy: { deadline: '2 hours' } });
    expect(again.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
  });

  test('the deadline ends a send that is still being tried', async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'TooManyRequestsException');
    const opened = await travel.open({ user, impatient: true, policy: { deadline: '2 minutes' } });
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired', status: { sends: [] } });
  });

  test.each(['rateLimited', 'awaitingToken'] as const)('the deadline ends a verification that is %s', async (state) => {
    const user = await travel.user();
    const forged = state === 'awaitingToken';
    const accessToken = await travel.token(user, { forged });
    if (!forged) travel.refuse(user, SEND, 'LimitExceededException');
    const opened = await travel.open({ user: { ...user, accessToken }, policy: { deadline: '90 minutes' } });
    expect(opened.started.state).toBe(state);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired' });
    expect(await travel.closedAfterDeadlineMs(opened)).toBeLessThan(MINUTE);
  });

  test('a code that was verified elsewhere and not reported is found at the deadline', async () => {
    const opened = await travel.open({ policy: { deadline: '2 hours' } });
    await travel.verifyElsewhere(opened);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'found' });
  });

  test('at the deadline an attribute that was already verified proves nothing', async () => {
    const user = await travel.user({ emailVerified: true });
    const opened = await travel.open({ user, policy: { deadline: '2 hours' }, request: { reverify: true } });
    await travel.verifyElsewhere(opened);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired' });
  });

  test('at the deadline nothing is looked up without a valid token', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600), policy: { deadline: '3 hours' } });
    await travel.verifyElsewhere(opened);
    const { reads } = travel.calls(opened);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired' });
    expect(travel.calls(opened).reads).toBe(reads);
  });

  test('a lookup that keeps failing delays the end only briefly', async () => {
    const opened = await travel.open({ policy: { deadline: '2 hours' } });
    await travel.verifyElsewhere(opened);
    travel.refuse(opened.user, 'GetUser', 'InternalErrorException');
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'expired' });
    expect(await travel.closedAfterDeadlineMs(opened)).toBeLessThan(MINUTE);
  });
});

describe('the limits of the last hour', () => {
  test('a cancelled verification may be started again, and sends when the cool-down of its message is over', async () => {
    const opened = await travel.open();
    await travel.client.cancel(opened.id);
    // Not `wait`, which lets time skip past the cool-down.
    await travel.until(opened, ({ state }) => state === 'cancelled');
    const again = await travel.open({ user: opened.user });
    expect(again.started).toMatchObject({ state: 'rateLimited', sendsLeft: 4, sends: [] });
    await expect(travel.resend(again)).rejects.toMatchObject({ reason: 'rateLimited' });
    await travel.pass('1 minute');
    expect(await travel.status(again)).toMatchObject({ state: 'awaitingCode', sendsLeft: 3 });
    expect((await travel.submitRight(again)).result).toBe('verified');
  });

  test('what an expired verification has used counts for an hour, and no longer', async () => {
    const opened = await travel.open({ policy: { deadline: '10 minutes' } });
    await travel.submitWrong(opened);
    await travel.pass('11 minutes');
    expect((await travel.status(opened)).state).toBe('expired');
    const again = await travel.open({ user: opened.user });
    expect(again.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 3, attemptsLeft: 9 });
    await travel.pass('55 minutes');
    await travel.submitWrong(again);
    expect(await travel.status(again)).toMatchObject({ sendsLeft: 4, attemptsLeft: 9 });
  });

  test('a verification that was put off for want of attempts sends once there is one', async () => {
    const policy = { maxAttempts: 1 };
    const opened = await travel.open({ policy });
    await travel.submitWrong(opened);
    const again = await travel.open({ user: opened.user, policy });
    expect(again.started).toMatchObject({ state: 'rateLimited', attemptsLeft: 0, sends: [] });
    expect(travel.calls(again)).toMatchObject({ sends: 1, attempts: 1 });
    await passRetryAt(again);
    expect(await travel.until(again, ({ state }) => state === 'awaitingCode')).toMatchObject({ attemptsLeft: 1 });
    expect((await travel.submitRight(again)).result).toBe('verified');
  });
});

describe('a send that is planned', () => {
  test('goes out no earlier than it was put off to, also past the deadline', async () => {
    const opened = await travel.open({ policy: { resendAfter: '5 minutes' } });
    const { accessToken } = opened.user;
    await travel.client.start({ accessToken, attributeName: 'email', policy: { resendAfter: '2 days' } });
    await travel.pass('10 minutes');
    expect(travel.codes(opened)).toHaveLength(1);
  });

  test('past the deadline goes out once the deadline has moved past it', async () => {
    const opened = await travel.open();
    await travel.client.cancel(opened.id);
    await travel.until(opened, ({ state }) => state === 'cancelled');
    const forged = { ...opened.user, accessToken: await travel.token(opened.user, { forged: true }) };
    const policy = { resendCooldown: '1 hour', deadline: '10 minutes' } as const;
    const again = await travel.open({ user: forged, policy });
    expect(again.started.state).toBe('rateLimited');
    expect(at(again.started.retryAt)).toBeGreaterThan(at(again.started.expiresAt));
    // Its token was checked, so that its deadline counts.
    await travel.base.client.start({ accessToken: opened.user.accessToken, attributeName: 'email' });
    await travel.pass('65 minutes');
    await travel.until(again, ({ state }) => state === 'awaitingCode');
    expect(travel.codes(again)).toHaveLength(2);
  });
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
