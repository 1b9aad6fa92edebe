/** Whose policy is in force. */
import { policyOf, type VerificationPolicy } from '@cognito-verification/contract';
import { describe, expect, test } from 'vitest';
import { claimOf, Terms } from '../../workflows/terms.js';

const START = 1_700_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const claim = (policy: VerificationPolicy, atMs = START, more: object = {}) =>
  claimOf({ policy, ...more }, 'email', atMs);

describe('a later request that counts may only tighten', () => {
  const FIRST = {
    deadline: 10 * HOUR,
    codeLifetime: HOUR,
    resendAfter: HOUR,
    resendCooldown: MINUTE,
    maxSends: 4,
    maxAttempts: 6,
    confirmation: 'trust',
    codeFormat: 'nonSpace',
  } as const satisfies VerificationPolicy;
  const LATER_MS = START + 2 * HOUR;
  const TABLE: [later: VerificationPolicy, changes: VerificationPolicy][] = [
    [{}, {}],
    [FIRST, {}],
    [{ deadline: 9 * HOUR }, {}],
    [{ deadline: HOUR }, { deadline: 3 * HOUR }],
    [{ codeLifetime: 2 * HOUR }, {}],
    [{ codeLifetime: MINUTE }, { codeLifetime: MINUTE }],
    [{ resendAfter: MINUTE }, {}],
    [{ resendAfter: 2 * HOUR }, { resendAfter: 2 * HOUR }],
    [{ resendCooldown: 1_000 }, {}],
    [{ resendCooldown: HOUR }, { resendCooldown: HOUR }],
    [{ maxSends: 20 }, {}],
    [{ maxSends: 1 }, { maxSends: 1 }],
    [{ maxAttempts: 15 }, {}],
    [{ maxAttempts: 1 }, { maxAttempts: 1 }],
    [{ confirmation: 'trust' }, {}],
    [{ confirmation: 'recheck' }, { confirmation: 'recheck' }],
    [{ codeFormat: 'nonSpace' }, {}],
    [{ codeFormat: 'sixDigits' }, { codeFormat: 'sixDigits' }],
  ];
  test.each(TABLE)('%j changes %j', (later, changes) => {
    const opening = claim(FIRST, START, { clientMetadata: { locale: 'de' } });
    const terms = new Terms(opening);
    expect(terms.take(opening)).toBe(false);
    expect(terms.take(claim(later, LATER_MS, { clientMetadata: { locale: 'en' } }))).toBe(false);
    expect(policyOf(terms.policy)).toEqual({ ...FIRST, ...changes });
    expect(terms.clientMetadata).toEqual({ locale: 'de' });
  });

  test('no automatic re-send is added', () => {
    const opening = claim({});
    const terms = new Terms(opening);
    terms.take(opening);
    terms.take(claim({ resendAfter: HOUR }));
    expect(terms.policy.resendAfterMs).toBeUndefined();
  });
});

test('the first request that counts takes the place of one that does not, and its deadline begins when it came', () => {
  const terms = new Terms(claim({ maxAttempts: 1, confirmation: 'trust', deadline: '1 minute' }));
  expect([terms.proven, terms.confirmable, terms.expiresAtMs]).toEqual([false, false, START + MINUTE]);
  expect(terms.take(claim({ deadline: HOUR }, START + 30_000))).toBe(true);
  expect([terms.proven, terms.confirmable, terms.expiresAtMs]).toEqual([true, true, START + 30_000 + HOUR]);
  expect(terms.policy).toMatchObject({ maxAttempts: 10, confirmation: 'recheck' });
});

test('any request that counts may ask for a code of what is verified already, and none takes that back', () => {
  const opening = claim({}, START, { reverify: true });
  const terms = new Terms(opening);
  // Until another one counts.
  expect(terms.reverify).toBe(true);
  terms.take(claim({}));
  expect(terms.reverify).toBe(false);
  terms.take(claim({}, START, { reverify: true }));
  terms.take(claim({}, START, { reverify: false }));
  expect(terms.reverify).toBe(true);
});

test.each([
  undefined,
  null,
  7,
  [],
  {},
  { policy: 7 },
  { policy: { maxSends: 'many' } },
  { alreadySent: 'yes' },
  { reverify: 'yes' },
])('a recorded message that later versions refuse claims nothing: %j', (message) => {
  expect(claimOf(message, 'email', START)).toEqual(claimOf({}, 'email', START));
});
