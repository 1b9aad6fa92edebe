/** A verification that waits: for its next send, and for a code until the code is too old. */
import { ResendNotAllowedError } from '@cognito-verification/client';
import { describe, expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { HOUR, MINUTE, useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('timeSkipping');

async function refusedResend(asked: Promise<unknown>): Promise<ResendNotAllowedError> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ResendNotAllowedError);
  return error as ResendNotAllowedError;
}

const at = (time: string | undefined): number => Date.parse(time ?? '');

describe('automatic re-sends', () => {
  test('a code is re-sent by itself if nothing is confirmed, up to maxSends', async () => {
    const opened = await travel.open({ policy: { resendAfter: '20 minutes', maxSends: 3 } });
    await travel.pass('19 minutes');
    expect(travel.codes(opened)).toHaveLength(1);
    await travel.pass('2 minutes');
    expect(travel.codes(opened)).toHaveLength(2);
    await travel.pass('20 minutes');
    expect(travel.codes(opened)).toHaveLength(3);
    await travel.pass('6 hours');
    expect(travel.codes(opened)).toHaveLength(3);
    const status = await travel.status(opened);
    expect(status).toMatchObject({ state: 'awaitingCode', sendsLeft: 0, expiresAt: opened.started.expiresAt });
    expect(status).not.toHaveProperty('resendAllowedAt');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('no code is re-sent by itself unless the policy says so', async () => {
    const opened = await travel.open();
    await travel.pass('12 hours');
    expect(travel.calls(opened).sends).toBe(1);
  });

  test('an automatic re-send respects the cool-down, which doubles with each message', async () => {
    const opened = await travel.open({ policy: { resendAfter: '1 minute', resendCooldown: '10 minutes' } });
    await travel.pass('9 minutes');
    expect(travel.codes(opened)).toHaveLength(1);
    await travel.pass('2 minutes');
    expect(travel.codes(opened)).toHaveLength(2);
    await travel.pass('18 minutes');
    expect(travel.codes(opened)).toHaveLength(2);
    await travel.pass('3 minutes');
    expect(travel.codes(opened)).toHaveLength(3);
  });

  test('no code is sent by itself once the attempts are used up, since it would be useless', async () => {
    const opened = await travel.open({ policy: { resendAfter: '10 minutes', maxAttempts: 1 } });
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    await travel.pass('1 hour');
    expect(travel.calls(opened)).toMatchObject({ sends: 1, attempts: 1 });
  });
});

describe('re-sends on request', () => {
  test('a refusal says when the next re-send is allowed, and the cool-down doubles with each send', async () => {
    const opened = await travel.open({ policy: { resendCooldown: '10 minutes' } });
    for (const minutes of [10, 20, 40]) {
      const { sends, resendAllowedAt } = await travel.status(opened);
      const refusal = await refusedResend(travel.resend(opened));
      expect(refusal.reason).toBe('cooldown');
      expect(refusal.allowedAt).toBe(resendAllowedAt);
      expect(at(refusal.allowedAt)).toBe(at(sends.at(-1)?.at) + minutes * MINUTE);
      await travel.pass(at(refusal.allowedAt) - (await travel.now()) - 30_000);
      await refusedResend(travel.resend(opened));
      await travel.pass('1 minute');
      expect((await travel.resend(opened)).sends).toHaveLength(sends.length + 1);
    }
    expect(travel.calls(opened).sends).toBe(4);
  });

  test('a re-send past maxSends is refused without a time, since it is never allowed', async () => {
    const opened = await travel.open({ policy: { maxSends: 1 } });
    await travel.pass('2 hours');
    const refusal = await refusedResend(travel.resend(opened));
    expect(refusal.reason).toBe('maxSends');
    expect(refusal.allowedAt).toBeUndefined();
    expect(travel.calls(opened).sends).toBe(1);
  });

  test('a re-send neither resets the attempts nor moves the deadline', async () => {
    const opened = await travel.open({ policy: { maxAttempts: 3 } });
    await travel.submitWrong(opened);
    await travel.submitWrong(opened);
    await travel.pass('10 minutes');
    const status = await travel.resend(opened);
    expect(status).toMatchObject({ attemptsLeft: 1, sendsLeft: 3, expiresAt: opened.started.expiresAt });
    expect((await travel.submitWrong(opened)).status.attemptsLeft).toBe(0);
    await expect(travel.submitRight(opened)).rejects.toMatchObject({ code: 'AttemptsExhausted' });
    expect(travel.calls(opened).attempts).toBe(3);
  });
});

describe('the lifetime of a code', () => {
  test('a code is accepted until its lifetime ends, and after that answered without a call to Cognito', async () => {
    const opened = await travel.open({ policy: { codeLifetime: '30 minutes', resendCooldown: '1 hour' } });
    expect(at(opened.started.codeExpiresAt)).toBe(at(opened.started.sends[0]?.at) + 30 * MINUTE);
    await travel.pass('29 minutes');
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    await travel.pass('2 minutes');
    const answer = await travel.submitRight(opened);
    expect(answer.result).toBe('codeExpired');
    expect(answer.status.attemptsLeft).toBe(9);
    expect(travel.calls(opened).attempts).toBe(1);
  });

  test('an expired code waives the cool-down for one re-send', async () => {
    const opened = await travel.open({ policy: { codeLifetime: '1 minute', resendCooldown: '30 minutes' } });
    await refusedResend(travel.resend(opened));
    await travel.pass('2 minutes');
    expect((await travel.submitRight(opened)).result).toBe('codeExpired');
    expect((await travel.resend(opened)).sends).toHaveLength(2);
    expect((await refusedResend(travel.resend(opened))).reason).toBe('cooldown');
    expect((await travel.submitRight(opened)).result).toBe('verified');
  });

  test('a code that Cognito calls expired waives the cool-down as well', async () => {
    const opened = await travel.open();
    travel.refuse(opened.user, 'VerifyUserAttribute', 'ExpiredCodeException', 1);
    const answer = await travel.submitRight(opened);
    expect(answer).toMatchObject({ result: 'codeExpired', status: { attemptsLeft: 9 } });
    expect((await travel.resend(opened)).sends).toHaveLength(2);
  });

  test('by default a code sent by SMS is accepted for 10 minutes', async () => {
    const opened = await travel.open({ attributeName: 'phone_number' });
    expect(at(opened.started.codeExpiresAt)).toBe(at(opened.started.sends[0]?.at) + 10 * MINUTE);
    await travel.pass('9 minutes');
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    await travel.pass('2 minutes');
    expect((await travel.submitRight(opened)).result).toBe('codeExpired');
    expect(travel.calls(opened).attempts).toBe(1);
  });

  test('by default a code sent by e-mail is accepted for 24 hours', async () => {
    const user = await travel.user({}, 3 * 24 * 3600);
    const opened = await travel.open({ user, policy: { deadline: '3 days' } });
    expect(at(opened.started.codeExpiresAt)).toBe(at(opened.started.sends[0]?.at) + 24 * HOUR);
    await travel.pass('23 hours');
    expect((await travel.submitWrong(opened)).result).toBe('mismatch');
    await travel.pass('2 hours');
    expect((await travel.submitRight(opened)).result).toBe('codeExpired');
    expect(travel.calls(opened).attempts).toBe(1);
  });
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
