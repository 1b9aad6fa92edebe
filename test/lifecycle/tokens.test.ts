/** The access tokens of a verification: they expire while it waits, and a bad token locks no other caller out. */
import { describe, expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');

describe('a token that expires during a wait', () => {
  test('an attempt asks for a fresh token without a call to Cognito, and continues with it', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    await travel.pass('2 hours');
    const answer = await travel.submitRight(opened);
    expect(answer).toMatchObject({
      result: 'accessTokenRejected',
      status: { state: 'awaitingToken', attemptsLeft: 10 },
    });
    expect(travel.calls(opened).attempts).toBe(0);
    const renewed = await travel.client.renewAccessToken(opened.id, {
      accessToken: await travel.token(opened.user),
    });
    expect(renewed).toMatchObject({ state: 'awaitingCode', sendsLeft: 4, expiresAt: opened.started.expiresAt });
    expect((await travel.submitRight(opened)).result).toBe('verified');
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', proof: 'accepted' });
  });

  test('a fresh token that comes with the code needs no earlier renewal', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    await travel.pass('2 hours');
    expect((await travel.submitRight(opened, await travel.token(opened.user))).result).toBe('verified');
  });

  test('an automatic re-send without a valid token waits for one, and sends as soon as it comes', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600), policy: { resendAfter: '2 hours' } });
    await travel.pass('3 hours');
    expect((await travel.status(opened)).state).toBe('awaitingToken');
    expect(travel.calls(opened).sends).toBe(1);
    await travel.client.renewAccessToken(opened.id, { accessToken: await travel.token(opened.user) });
    await travel.until(opened, ({ sends, state }) => sends.length === 2 && state === 'awaitingCode');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('an expired token opens nothing, and the next start opens a verification of its own', async () => {
    const user = await travel.user({}, 60);
    await travel.pass('2 minutes');
    await expect(travel.open({ user })).rejects.toMatchObject({ code: 'AccessTokenRefused' });
    expect(travel.calls({ user })).toEqual({ sends: 0, attempts: 0, reads: 0 });
    const opened = await travel.open({ user: { ...user, accessToken: await travel.token(user) } });
    expect(opened.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a token of another user, and an expired one, are refused and change nothing', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    const ended = await travel.token(opened.user, { expiresInSeconds: 60 });
    const stranger = await travel.user();
    await travel.pass('2 hours');
    await travel.submitRight(opened);
    for (const accessToken of [stranger.accessToken, ended]) {
      await expect(travel.client.renewAccessToken(opened.id, { accessToken })).rejects.toMatchObject({
        code: 'AccessTokenRefused',
      });
    }
    expect((await travel.status(opened)).state).toBe('awaitingToken');
  });

  test('Cognito detects a forged token, and the wait for a good one continues', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600), policy: { resendAfter: '2 hours' } });
    await travel.pass('3 hours');
    await travel.client.renewAccessToken(opened.id, {
      accessToken: await travel.token(opened.user, { forged: true }),
    });
    await travel.until(opened, ({ sends, state }) => sends.length === 2 && state === 'awaitingToken');
    await travel.client.renewAccessToken(opened.id, { accessToken: await travel.token(opened.user) });
    const status = await travel.until(opened, ({ state }) => state === 'awaitingCode');
    expect(status.sends.map(({ outcome }) => outcome)).toEqual(['sent', 'accessTokenRejected', 'sent']);
    expect(status.sendsLeft).toBe(3);
  });
});

describe('a bad token next to a good one', () => {
  test('a forged token that joins does not replace the token that the code was sent with', async () => {
    const opened = await travel.open();
    const forged = await travel.token(opened.user, { forged: true });
    expect((await travel.open({ user: { ...opened.user, accessToken: forged } })).id).toBe(opened.id);
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that joins does not replace the token of an alreadySent', async () => {
    const user = await travel.user();
    const alreadySent = await travel.changeEmail(user, 'other@example.com');
    const opened = await travel.open({ user, request: { alreadySent } });
    const forged = await travel.token(user, { forged: true });
    await travel.open({ user: { ...user, accessToken: forged } });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that joins does not replace a good one that is still unused', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    await travel.pass('2 hours');
    await travel.client.renewAccessToken(opened.id, { accessToken: await travel.token(opened.user) });
    const forged = await travel.token(opened.user, { forged: true });
    await travel.open({ user: { ...opened.user, accessToken: forged } });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that comes with a code affects only that answer and uses up no attempt', async () => {
    const opened = await travel.open();
    const forged = await travel.token(opened.user, { forged: true });
    const answer = await travel.submitRight(opened, forged);
    expect(answer).toMatchObject({
      result: 'accessTokenRejected',
      status: { state: 'awaitingCode', attemptsLeft: 10 },
    });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
