/** What a verification may still do, and when: over every state and outcome. */
import {
  ATTRIBUTE_NAMES,
  type AttemptOutcome,
  type AttemptRecord,
  type EarlierCalls,
  LIMITS_WINDOW_MS,
  resolvePolicy,
  type SendOutcome,
  type SendRecord,
} from '@cognito-verification/contract';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attemptAllowedAt,
  attemptsLeft,
  automaticResendAt,
  firstSendAllowedAt,
  inTheHour,
  type LimitFacts,
  type ResendFacts,
  resendAllowedAt,
  resendRefusal,
  sendsLeft,
} from '../../workflows/limits.js';
import {
  codeExpiresAt,
  countedAttempts,
  countedSends,
  nextDailyEmailReset,
  retryAfterRateLimit,
  slowRetryAt,
} from '../../workflows/policy.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 23, 12);

const SEND_OUTCOMES = Object.keys({
  sent: true,
  alreadySent: true,
  uncertain: true,
  rateLimited: true,
  held: true,
  accessTokenRejected: true,
  notSent: true,
} satisfies Record<SendOutcome, true>) as SendOutcome[];
const ATTEMPT_OUTCOMES = Object.keys({
  checking: true,
  accepted: true,
  mismatch: true,
  codeExpired: true,
  rateLimited: true,
  accessTokenRejected: true,
  uncertain: true,
  notMade: true,
  failed: true,
} satisfies Record<AttemptOutcome, true>) as AttemptOutcome[];
const MESSAGES = new Set<SendOutcome>(['sent', 'alreadySent', 'uncertain']);
const NOT_COUNTED = new Set<AttemptOutcome>(['accessTokenRejected', 'notMade']);

const iso = (atMs: number): string => new Date(atMs).toISOString();
const sent = (...minutes: number[]): SendRecord[] =>
  minutes.map((minute) => ({ at: iso(NOON + minute * MINUTE), outcome: 'sent' }));
const policyOf = (policy: Parameters<typeof resolvePolicy>[0] = {}) => resolvePolicy(policy, 'email');

const NONE: EarlierCalls = { sends: [], attempts: [] };
const limits = (more: Partial<LimitFacts> = {}): LimitFacts => ({
  policy: policyOf(),
  sends: [],
  attempts: [],
  earlier: NONE,
  ...more,
});

const sends = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 3 * HOUR }), outcome: fc.constantFrom(...SEND_OUTCOMES) }), {
    maxLength: 12,
  })
  .map((records) =>
    records.toSorted((a, b) => a.at - b.at).map(({ at, outcome }): SendRecord => ({ at: iso(NOON + at), outcome })),
  );
const attempts = fc
  .array(fc.constantFrom(...ATTEMPT_OUTCOMES), { maxLength: 20 })
  .map((outcomes) => outcomes.map((outcome): AttemptRecord => ({ at: iso(NOON), outcome })));
describe('counting', () => {
  test('messages that left or may have left count against maxSends, and nothing else does', () => {
    fc.assert(
      fc.property(sends, fc.integer({ min: 1, max: 20 }), (records, maxSends) => {
        const left = records.filter(({ outcome }) => MESSAGES.has(outcome)).length;
        expect(countedSends(records)).toHaveLength(left);
        expect(sendsLeft(limits({ policy: policyOf({ maxSends }), sends: records }), NOON)).toBe(
          Math.max(0, maxSends - left),
        );
      }),
    );
  });

  test('every attempt counts except those in which no code can have been checked', () => {
    fc.assert(
      fc.property(attempts, fc.integer({ min: 1, max: 15 }), (records, maxAttempts) => {
        const counted = records.filter(({ outcome }) => !NOT_COUNTED.has(outcome)).length;
        expect(countedAttempts(records)).toHaveLength(counted);
        expect(attemptsLeft(limits({ policy: policyOf({ maxAttempts }), attempts: records }), NOON)).toBe(
          Math.max(0, maxAttempts - counted),
        );
      }),
    );
  });

  test('the lifetime starts with the newest message, and is absent before the first', () => {
    for (const attributeName of ATTRIBUTE_NAMES) {
      const policy = resolvePolicy({}, attributeName);
      expect(codeExpiresAt(policy, [])).toBeUndefined();
      expect(codeExpiresAt(policy, [{ at: iso(NOON), outcome: 'rateLimited' }])).toBeUndefined();
      const records: SendRecord[] = [...sent(0, 7), { at: iso(NOON + HOUR), outcome: 'notSent' }];
      const lifetime = attributeName === 'email' ? 24 * HOUR : 10 * MINUTE;
      expect(codeExpiresAt(policy, records)).toBe(NOON + 7 * MINUTE + lifetime);
    }
  });
});

describe('re-sends', () => {
  const facts = (more: Partial<ResendFacts> = {}): ResendFacts => ({
    policy: policyOf({ resendCooldown: '1 minute', maxSends: 5 }),
    state: 'awaitingCode',
    sends: sent(0),
    attempts: [],
    earlier: NONE,
    cooldownWaived: false,
    sendPending: false,
    hasToken: true,
    changePending: false,
    codeAccepted: false,
    ...more,
  });

  test.each([1, 2, 3, 4])('after %i messages the cool-down has doubled with each but the first', (count) => {
    const records = sent(...Array.from({ length: count }, (_, index) => index * 60));
    const newest = NOON + (count - 1) * HOUR;
    expect(resendAllowedAt(facts({ sends: records }), newest)).toBe(newest + MINUTE * 2 ** (count - 1));
  });

  const COOLING = { reason: 'cooldown', allowedAt: iso(NOON + MINUTE) } as const;

  // An ended verification refuses every message before this check.
  test.each([
    ['sending', undefined],
    ['awaitingCode', COOLING],
    ['rateLimited', { reason: 'rateLimited', allowedAt: iso(NOON + HOUR) }],
    ['awaitingToken', COOLING],
  ] as const)('in state %s a re-send is allowed, joins, or is refused with a reason', (state, expected) => {
    const now = facts({ state, retryAtMs: NOON + HOUR });
    expect(resendRefusal(now, NOON)).toEqual(expected);
    if (state === 'awaitingToken') {
      // The send was waiting for this token.
      expect(resendRefusal({ ...now, sendPending: true }, NOON)).toBeUndefined();
      expect(resendRefusal({ ...now, hasToken: false }, NOON)).toEqual({ reason: 'accessTokenNeeded' });
    }
  });

  test('a refusal for the cool-down names the first moment at which the same request is allowed', () => {
    fc.assert(
      fc.property(sends, fc.boolean(), fc.integer({ min: 0, max: 4 * HOUR }), (records, cooldownWaived, later) => {
        const now = facts({ sends: records, cooldownWaived });
        const refusal = resendRefusal(now, NOON + later);
        if (refusal?.allowedAt) {
          expect(refusal.reason).toBe('cooldown');
          const allowedAt = Date.parse(refusal.allowedAt);
          expect(allowedAt).toBeGreaterThan(NOON + later);
          expect(resendRefusal(now, allowedAt)).toBeUndefined();
          expect(resendRefusal(now, allowedAt - 1)).toEqual(refusal);
        } else if (refusal) {
          expect(refusal.reason).toBe('maxSends');
          expect(sendsLeft(now, NOON)).toBe(0);
        }
      }),
    );
  });

  test('an expired code waives the cool-down, but never the limit', () => {
    expect(resendRefusal(facts({ cooldownWaived: true }), NOON)).toBeUndefined();
    const used = facts({ cooldownWaived: true, sends: sent(0, 1, 2, 3, 4) });
    expect(resendRefusal(used, NOON + 24 * HOUR)).toEqual({ reason: 'maxSends' });
  });

  test('an automatic re-send is due after resendAfter or the cool-down, whichever is longer, from the newest try', () => {
    const policy = policyOf({ resendAfter: '3 minutes', resendCooldown: '1 minute', maxSends: 4 });
    expect(automaticResendAt(limits({ policy, sends: [] }), NOON)).toBeUndefined();
    expect(automaticResendAt(limits({ sends: sent(0) }), NOON)).toBeUndefined();
    expect(automaticResendAt(limits({ policy, sends: sent(0) }), NOON)).toBe(NOON + 3 * MINUTE);
    expect(automaticResendAt(limits({ policy, sends: sent(0, 10, 20) }), NOON)).toBe(NOON + 24 * MINUTE);
    expect(automaticResendAt(limits({ policy, sends: sent(0, 10, 20, 30) }), NOON)).toBeUndefined();
    const failed: SendRecord = { at: iso(NOON + 5 * MINUTE), outcome: 'notSent' };
    expect(automaticResendAt(limits({ policy, sends: [...sent(0), failed] }), NOON)).toBe(NOON + 8 * MINUTE);
  });
});

describe('the limits of the hour', () => {
  const at = (...minutes: number[]) => minutes.map((minute) => ({ at: iso(NOON + minute * MINUTE) }));
  const leavesAt = (minute: number) => NOON + minute * MINUTE + LIMITS_WINDOW_MS;
  const policy = policyOf({ resendCooldown: '1 minute', maxSends: 3, maxAttempts: 2 });

  test('an earlier call counts for an hour and a little', () => {
    expect(inTheHour(at(0, -10), NOON)).toEqual([NOON - 10 * MINUTE, NOON]);
    expect(inTheHour(at(0), leavesAt(0) - 1)).toHaveLength(1);
    expect(inTheHour(at(0), leavesAt(0))).toHaveLength(0);
  });

  test.each<[string, { sends?: number[]; attempts?: number[] }, number]>([
    ['nothing: at once', {}, 0],
    ['one message: the first step of the cool-down', { sends: [-0.5] }, NOON + 0.5 * MINUTE],
    ['two messages: the second step', { sends: [-20, -1] }, NOON + MINUTE],
    ['as many messages as the policy allows: when the oldest leaves', { sends: [-30, -20, -10] }, leavesAt(-30)],
    ['more than that: when enough have left', { sends: [-40, -30, -20, -10] }, leavesAt(-30)],
    ['all attempts: when one leaves, since a code could not be submitted', { attempts: [-30, -10] }, leavesAt(-30)],
    ['more than an hour ago: at once', { sends: [-90, -80, -70], attempts: [-90, -80] }, 0],
  ])('the first send after %s', (_, { sends: earlierSends = [], attempts: earlierAttempts = [] }, expected) => {
    const earlier = { sends: at(...earlierSends), attempts: at(...earlierAttempts) };
    const allowedAt = firstSendAllowedAt(limits({ policy, earlier }), NOON) ?? Number.NaN;
    expect(Math.max(allowedAt, NOON)).toBe(Math.max(expected, NOON));
  });

  test('own calls count as long as the verification lasts, earlier ones for an hour', () => {
    const facts = limits({ policy, sends: sent(-300), earlier: { sends: at(-30), attempts: at(-30, -20) } });
    expect(sendsLeft(facts, NOON)).toBe(1);
    expect(sendsLeft(facts, NOON + HOUR)).toBe(2);
    expect(attemptsLeft(facts, NOON)).toBe(0);
    expect(attemptAllowedAt(facts, NOON)).toBe(leavesAt(-30));
    const used = limits({
      policy,
      attempts: at(-300, -200).map(({ at: time }) => ({ at: time, outcome: 'mismatch' })),
    });
    expect(attemptAllowedAt(used, NOON + 24 * HOUR)).toBeUndefined();
  });

  test('at the time that is named the limit holds no longer, and a moment before it does', () => {
    const times = fc.array(fc.integer({ min: -70, max: 0 }), { maxLength: 8 });
    fc.assert(
      fc.property(times, times, (sendTimes, attemptTimes) => {
        const facts = limits({ policy, earlier: { sends: at(...sendTimes), attempts: at(...attemptTimes) } });
        const allowedAt = firstSendAllowedAt(facts, NOON) ?? Number.NaN;
        expect(allowedAt).not.toBeNaN();
        if (allowedAt <= NOON) return;
        const later = firstSendAllowedAt(facts, allowedAt) ?? Number.NaN;
        expect(later).toBeLessThanOrEqual(allowedAt);
        expect(sendsLeft(facts, allowedAt)).toBeGreaterThan(0);
        expect(attemptsLeft(facts, allowedAt)).toBeGreaterThan(0);
      }),
    );
  });

  test('a code that Cognito has sent to a corrected value begins the cool-down again, and counts', () => {
    const corrected = limits({
      policy: policyOf({ resendCooldown: '1 minute' }),
      sends: [...sent(-3, -2), { at: iso(NOON), outcome: 'alreadySent' }],
      earlier: { sends: at(-10), attempts: [] },
    });
    expect(sendsLeft(corrected, NOON)).toBe(1);
    const resend = { ...corrected, state: 'awaitingCode', cooldownWaived: false, sendPending: false } as const;
    const facts = { ...resend, hasToken: true, changePending: false, codeAccepted: false };
    expect(resendAllowedAt(facts, NOON)).toBe(NOON + MINUTE);
  });

  test('without attempts left no re-send is offered, made or allowed', () => {
    const attemptsMade = sent(-5, -4).map((record): AttemptRecord => ({ at: record.at, outcome: 'mismatch' }));
    const used = limits({ policy, sends: sent(-10), attempts: attemptsMade });
    const facts = { ...used, state: 'awaitingCode', cooldownWaived: true, sendPending: false } as const;
    const all = { ...facts, hasToken: true, changePending: false, codeAccepted: false };
    expect(resendAllowedAt(all, NOON)).toBeUndefined();
    expect(resendRefusal(all, NOON)).toEqual({ reason: 'attemptsExhausted' });
    const automatic = { ...used, policy: { ...policy, resendAfterMs: MINUTE } };
    expect(automaticResendAt(automatic, NOON)).toBeUndefined();
  });
});

describe('waits', () => {
  test('the first rate limit lasts until the oldest of our own calls leaves the hour', () => {
    const ownCalls = [NOON - 50 * MINUTE, NOON - 10 * MINUTE];
    expect(retryAfterRateLimit(ownCalls, 1, NOON)).toBe(NOON + 10 * MINUTE + 5 * SECOND);
    expect(retryAfterRateLimit(ownCalls.toReversed(), 1, NOON)).toBe(NOON + 10 * MINUTE + 5 * SECOND);
  });

  test.each([1, 2, 3, 4, 5, 50])(
    'refusal %i that our own calls do not explain causes a longer wait, up to an hour',
    (refusals) => {
      const wait = Math.min(HOUR, 5 * MINUTE * 2 ** (refusals - 1));
      expect(retryAfterRateLimit([], refusals, NOON)).toBe(NOON + wait);
      expect(retryAfterRateLimit([NOON - 2 * HOUR], refusals, NOON)).toBe(NOON + wait);
    },
  );

  test('a wait for a rate limit always lies in the future, and never exceeds an hour and a little', () => {
    const calls = fc.array(fc.integer({ min: NOON - 3 * HOUR, max: NOON }));
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 1_000 }), (own, refusals) => {
        const at = retryAfterRateLimit(own, refusals, NOON);
        expect(at).toBeGreaterThan(NOON);
        expect(at).toBeLessThanOrEqual(NOON + HOUR + 5 * SECOND);
      }),
    );
  });

  test('the daily e-mail limit restarts at the next 09:00 UTC', () => {
    const nine = Date.UTC(2026, 10, 23, 9);
    expect(nextDailyEmailReset(nine - 1)).toBe(nine);
    expect(nextDailyEmailReset(nine)).toBe(nine + 24 * HOUR);
    fc.assert(
      fc.property(fc.date({ min: new Date('2000'), max: new Date('2100'), noInvalidDate: true }), (date) => {
        const reset = nextDailyEmailReset(date.getTime());
        expect(reset).toBeGreaterThan(date.getTime());
        expect(reset - date.getTime()).toBeLessThanOrEqual(24 * HOUR);
        expect(iso(reset)).toMatch(/T09:00:00\.000Z$/);
      }),
    );
  });

  test('a failure that may be temporary is retried a few times, ever more slowly', () => {
    expect([1, 2, 3].map((tries) => slowRetryAt('undeliverable', tries, NOON))).toEqual([
      NOON + 30 * SECOND,
      NOON + 60 * SECOND,
      undefined,
    ]);
    expect([1, 2].map((tries) => slowRetryAt('blocked', tries, NOON))).toEqual([NOON + 60 * SECOND, undefined]);
  });
});
