/** What a look before a first send shows, and what follows from what came meanwhile. */
import { Secret } from '@cognito-verification/contract';
import { describe, expect, it, test } from 'vitest';
import { LookBeforeSend, shownBy } from '../../workflows/look-before-send.js';

const attribute = { verified: true, valueDigest: 'a digest', salt: 'a salt', destination: 'z***@e***' };
const verified = { verdict: 'alreadyVerified', attribute } as const;
const notYet = { verdict: 'notYet' } as const;

test.each([
  ['shows it as verified', attribute, verified],
  ['shows it as not verified', { ...attribute, verified: false }, notYet],
  ['tells no flag', { ...attribute, verified: undefined }, notYet],
  ['tells no value', { ...attribute, valueDigest: undefined }, notYet],
  ['has failed', undefined, notYet],
])('a look that %s', (_, read, shown) => {
  expect(shownBy(read)).toEqual(shown);
});

interface Meanwhile {
  codeAccepted?: boolean;
  sent?: boolean;
  reverify?: boolean;
  alreadySent?: object;
  superseded?: boolean;
  newValue?: Secret;
}

function lookBefore(
  { codeAccepted = false, sent = false, reverify = false, alreadySent, superseded = false, newValue }: Meanwhile,
  earlier = {},
) {
  const parts = {
    terms: { reverify, change: { newValue, replaceAtOnce: false } },
    mailbox: { alreadySent, superseded },
    looks: { codeAccepted },
    limits: { earlier: { sends: [], attempts: [], ...earlier } },
    takeRequests: () => undefined,
  };
  return new LookBeforeSend(parts, { nothingSent: !sent });
}

const ends = {
  outcome: 'alreadyVerified',
  value: { digest: 'a digest', salt: 'a salt' },
  currentDestination: 'z***@e***',
};

describe('what follows', () => {
  test.each<[string, Meanwhile, afterVerified: unknown, afterNotYet: unknown]>([
    ['nothing came', {}, ends, 'send'],
    ['a code of Cognito is out', { sent: true }, 'awaitCode', 'awaitCode'],
    ['such a code is to be taken in', { alreadySent: {} }, 'send', 'send'],
    ['a start wants another value', { superseded: true }, 'send', 'send'],
    ['it is another value than the new one', { newValue: new Secret('new@example.com') }, 'send', 'send'],
    ['a code was accepted', { codeAccepted: true }, 'awaitCode', 'awaitCode'],
    ['a code is asked for', { reverify: true }, 'send', 'send'],
    ['a code is asked for, and one is out', { reverify: true, sent: true }, 'awaitCode', 'awaitCode'],
  ])('%s', (_, meanwhile, afterVerified, afterNotYet) => {
    expect(lookBefore(meanwhile).settle(verified)).toEqual(afterVerified);
    expect(lookBefore(meanwhile).settle(notYet)).toEqual(afterNotYet);
  });
});

it('is made once, where an earlier verification was verified, and nobody asks for a code', () => {
  const look = lookBefore({}, { endedVerified: true });
  expect(look.wanted).toBe(true);
  look.begin();
  expect(look.wanted).toBe(false);
  expect(lookBefore({}).wanted).toBe(false);
  expect(lookBefore({ reverify: true }, { endedVerified: true }).wanted).toBe(false);
});
