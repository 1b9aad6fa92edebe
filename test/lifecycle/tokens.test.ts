/** The access tokens of a verification: they expire while it waits, and a caller with a bad one shuts no other caller out. */
import { describe, expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');

describe('a token that ends while waiting', () => {
  test('an attempt asks for a fresh token without a call to Cognito, and goes on with it', async () => {
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
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'verified', confirmedBy: 'submitCode' });
  });

  test('a fresh token that comes with the code needs no renewal before it', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    await travel.pass('2 hours');
    expect((await travel.submitRight(opened, await travel.token(opened.user))).result).toBe('verified');
  });

  test('an automatic re-send that finds no token waits for one, and sends as soon as it comes', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600), policy: { resendAfter: '2 hours' } });
    await travel.pass('3 hours');
    expect((await travel.status(opened)).state).toBe('awaitingToken');
    expect(travel.calls(opened).sends).toBe(1);
    await travel.client.renewAccessToken(opened.id, { accessToken: await travel.token(opened.user) });
    await travel.until(opened, ({ sends, state }) => sends.length === 2 && state === 'awaitingCode');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a first send that finds its token ended waits for one without a call, and a start that joins brings it', async () => {
    const user = await travel.user({}, 60);
    await travel.pass('2 minutes');
    const opened = await travel.open({ user });
    expect(opened.started).toMatchObject({ state: 'awaitingToken', sendsLeft: 5, sends: [] });
    expect(travel.calls(opened)).toMatchObject({ sends: 0 });
    await expect(travel.submit(opened, '123456')).rejects.toMatchObject({ code: 'CodeNotSent' });
    const joined = await travel.open({ user: { ...user, accessToken: await travel.token(user) } });
    expect(joined.id).toBe(opened.id);
    expect(joined.started).toMatchObject({ state: 'awaitingCode', sendsLeft: 4 });
    expect((await travel.submitRight(joined)).result).toBe('verified');
  });

  test('a token of another user, and one that has ended already, are refused and change nothing', async () => {
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

  test('a forged token is found out by Cognito, and the wait for a good one goes on', async () => {
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

describe('a bad token beside a good one', () => {
  test('a forged token that joins does not take the place of the one that the code was sent with', async () => {
    const opened = await travel.open();
    const forged = await travel.token(opened.user, { forged: true });
    expect((await travel.open({ user: { ...opened.user, accessToken: forged } })).id).toBe(opened.id);
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that joins does not take the place of the one that an alreadySent began with', async () => {
    const user = await travel.user();
    const alreadySent = await travel.changeEmail(user, 'other@example.com');
    const opened = await travel.open({ user, request: { alreadySent } });
    const forged = await travel.token(user, { forged: true });
    await travel.open({ user: { ...user, accessToken: forged } });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that joins does not take the place of a good one that was not used yet', async () => {
    const opened = await travel.open({ user: await travel.user({}, 3600) });
    await travel.pass('2 hours');
    await travel.client.renewAccessToken(opened.id, { accessToken: await travel.token(opened.user) });
    const forged = await travel.token(opened.user, { forged: true });
    await travel.open({ user: { ...opened.user, accessToken: forged } });
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a forged token that comes with a code costs that one answer and no attempt', async () => {
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
