/** What a service hands on to a browser: the HTTP status of an error, the public part of a status, texts. */
import {
  publicStatus,
  ResendNotAllowedError,
  TooManyMessagesError,
  type VerificationStatus,
} from '@cognito-verification/client';
import { TEXTS } from '@cognito-verification/client/texts';
import { describe, expect, it } from 'vitest';

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
