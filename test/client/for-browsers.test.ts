/** What a service takes from a browser and hands on to it: who is signed in, the answer for an error, the public part of a status, texts. */
import {
  errorResponse,
  HTTP_STATUS,
  publicStatus,
  ResendFailedError,
  ResendNotAllowedError,
  SealingError,
  TooManyMessagesError,
  VerificationEndedError,
  type VerificationErrorCode,
  VerificationFailedError,
  type VerificationStatus,
} from '@cognito-verification/client';
import { TEXTS } from '@cognito-verification/client/texts';
import { REFUSED_REASONS } from '@cognito-verification/contract';
import { FakeVerifications } from '@cognito-verification/testing';
import { describe, expect, it } from 'vitest';
import { errorWith } from '../../testing/errors.js';
import { untyped } from './fixtures.js';

describe('an error that says from when it is worth another try', () => {
  const inAMinute = () => new Date(Date.now() + 60_000).toISOString();

  it('says it in seconds', () => {
    const notYet = new ResendNotAllowedError('Not yet.', { reason: 'cooldown', allowedAt: inAMinute() });
    expect([59, 60]).toContain(notYet.retryAfterSeconds);
    expect(notYet.httpStatus).toBe(429);
    expect([59, 60]).toContain(new TooManyMessagesError('Too many.', inAMinute()).retryAfterSeconds);
  });

  it('has one second left at least', () => {
    expect(new TooManyMessagesError('Too many.', '2026-01-01T00:00:00Z').retryAfterSeconds).toBe(1);
  });

  it('is a conflict where no time helps', () => {
    const never = new ResendNotAllowedError('Never.', { reason: 'maxSends' });
    expect([never.httpStatus, never.retryAfterSeconds]).toEqual([409, undefined]);
  });
});

describe('the response for an error', () => {
  it.each(Object.keys(HTTP_STATUS) as VerificationErrorCode[])(
    '%s is its status, its text, and when to try again',
    (code) => {
      const error = errorWith(code, { workflowId: 'verify/secret', nowMs: Date.now() });
      error.cause = new Error('secret');
      const { status, headers, body } = errorResponse(error);
      const waits = error.retryAfterSeconds;
      expect(JSON.parse(JSON.stringify({ status, headers, body }))).toEqual({
        status: HTTP_STATUS[code],
        headers: {
          'cache-control': 'no-store',
          ...(waits !== undefined && { 'retry-after': String(waits) }),
          ...(code === 'AccessTokenRefused' && { 'www-authenticate': 'Bearer' }),
        },
        body: { code, text: TEXTS.en.errors[code], ...(waits !== undefined && { retryAfterSeconds: waits }) },
      });
      expect(Response.json(body, { status, headers }).status).toBe(status);
    },
  );

  it('is in the language of the texts that it gets', () => {
    expect(errorResponse(new SealingError('secret'), TEXTS.de).body.text).toBe(TEXTS.de.errors.Sealing);
  });

  it.each(REFUSED_REASONS)('says what is wrong with the number: %s', (type) => {
    const failure = { type, message: 'secret' };
    for (const error of [new VerificationFailedError('verify/x', failure), new ResendFailedError('secret', failure)])
      expect(errorResponse(error, TEXTS.es).body.text).toBe(TEXTS.es.refused[type]);
  });

  it('has the public part of the status that the error knows', () => {
    const status = untyped({ state: 'verified', attributeName: 'email', policy: 'secret' }) as VerificationStatus;
    const { body } = errorResponse(new VerificationEndedError('verify/x', { outcome: 'verified', status }));
    expect(body).toMatchObject({ text: TEXTS.en.states.verified, status: publicStatus(status) });
  });

  it.each([new Error('of the service'), 'a text', undefined])('is none for %s: that is thrown on', (other) => {
    let thrown: unknown = 'nothing was thrown';
    try {
      errorResponse(other);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(other);
  });
});

describe('the Authorization header', () => {
  const verifications = new FakeVerifications();
  const { accessToken } = verifications.createUser();

  it.each(['Bearer ', 'bearer  ', ''])('says who is signed in by a token after "%s"', async (scheme) => {
    const { status } = await verifications.forUser({ authorization: `${scheme}${accessToken}` }).start('email');
    expect(status.state).toBe('awaitingCode');
  });

  it.each([
    undefined,
    null,
    '',
    'Bearer',
    'Bearer ',
    'Basic em9lOnNlY3JldA==',
    ['Bearer x'],
    `Bearer Bearer ${accessToken}`,
  ])('lets nobody in with %s', (authorization) => {
    expect(() => verifications.forUser({ authorization: untyped(authorization) })).toThrow(
      expect.objectContaining({ code: 'AccessTokenRefused', message: expect.not.stringContaining('em9l') }),
    );
  });

  it('is no way past the check of a reference', () => {
    const both = untyped({ authorization: accessToken, accessTokenReference: 'session-1' });
    expect(() => verifications.forUser(both)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
  });
});

it('a browser sees what its page shows, and nothing that a later release adds', () => {
  const shown = {
    state: 'expired',
    attributeName: 'email',
    delivery: { destination: 'z***@e***', deliveryMedium: 'EMAIL' },
    deliveryUncertain: false,
    sendsLeft: 4,
    attemptsLeft: 10,
    resendAllowedAt: '2026-11-23T10:01:00.000Z',
    retryAt: '2026-11-23T10:02:00.000Z',
    held: 'DestinationCeiling',
    codeExpiresAt: '2026-11-23T10:03:00.000Z',
    expiresAt: '2026-11-23T10:04:00.000Z',
    reason: 'AttributeChanged',
    currentDestination: 'y***@e***',
  } as const;
  const hidden = {
    sends: [{ at: '2026-11-23T10:00:00.000Z', outcome: 'sent', reason: 'secret' }],
    attempts: [{ at: '2026-11-23T10:00:00.000Z', outcome: 'mismatch' }],
    proof: 'outstanding',
    unprovenConfirmation: { reason: 'notTold', message: 'secret' },
    failure: { type: 'secret', message: 'secret' },
    policy: { maxSends: 5 },
    joined: true,
    ofALaterRelease: 'secret',
  } as const;
  const delivery = { ...shown.delivery, address: 'secret' };
  const status = { ...shown, ...hidden, delivery } as unknown as VerificationStatus;
  expect(JSON.parse(JSON.stringify(publicStatus(status)))).toEqual(shown);
});

describe('the texts', () => {
  it.each(Object.keys(TEXTS))('in %s are sentences, and none is in another language', (language) => {
    const { states, results, errors } = TEXTS[language as keyof typeof TEXTS];
    const texts = [states, results, errors].flatMap((group) => Object.values(group));
    for (const text of texts) expect(text).toMatch(/^[¡¿]?\p{Lu}.*[.!?]$/u);
    for (const [other, { errors: others }] of Object.entries(TEXTS)) {
      if (other !== language) expect(errors.CodeNotSent).not.toBe(others.CodeNotSent);
    }
  });
});
