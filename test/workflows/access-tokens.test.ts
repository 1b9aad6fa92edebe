/** Which access tokens a verification tries, keeps and believes. */
import { Secret, type TokenInput } from '@cognito-verification/contract';
import { describe, expect, test } from 'vitest';
import { AccessTokens, withToken } from '../../workflows/access-tokens.js';
import type { HeldToken } from '../../workflows/held-token.js';
import { Mailbox } from '../../workflows/mailbox.js';
import { untakenTokensAt } from '../../workflows/policy.js';
import { standingOf } from '../../workflows/standing.js';
import { claimOf } from '../../workflows/terms.js';
import { CLAIMS, SUB, tokenOf } from '../sample-token.js';

const OWNER = { userPoolId: 'eu-central-1_AbC123xyz', sub: SUB };
const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

const token = (name: string, claims: object = {}): TokenInput => ({
  accessToken: new Secret(tokenOf({ ...CLAIMS, jti: name, ...claims })),
});
const nameOf = ({ tokenInput }: HeldToken): string => {
  const claims = tokenInput.accessToken?.reveal().split('.')[1] ?? '';
  return (
    tokenInput.accessTokenReference ?? (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string }).jti
  );
};

class Bag {
  readonly tokens = new AccessTokens(OWNER);
  bring(name: string, { checked = false, ...claims }: { checked?: boolean; exp?: number } = {}): HeldToken {
    const held = this.tokens.of(token(name, claims), checked);
    this.tokens.offer(held, NOW);
    return held;
  }
  takes(name: string): void {
    this.tokens.learn(this.tokens.of(token(name), false), 'read', 'read');
  }
  refuses(name: string): void {
    this.tokens.learn(this.tokens.of(token(name), false), 'read', 'accessTokenRejected');
  }
  usable(nowMs = NOW): string[] {
    return this.tokens.usable(nowMs).map(nameOf);
  }
}

test('tokens that were checked and have expired leave their places to one that nobody has checked', () => {
  const bag = new Bag();
  for (const name of ['a', 'b', 'c', 'd', 'e']) bag.bring(name, { checked: true, exp: NOW / 1_000 + 60 });
  bag.tokens.offer(bag.tokens.of(token('fresh', { exp: NOW / 1_000 + 3_600 }), false), NOW + 2 * MINUTE);
  expect(bag.usable(NOW + 2 * MINUTE)).toEqual(['fresh']);
});

describe('the order in which tokens are tried', () => {
  const TABLE: [string, (bag: Bag) => void, string[]][] = [
    ['the newest of those that nobody has checked', (bag) => ['a', 'b'].map((name) => bag.bring(name)), ['b', 'a']],
    [
      'one that Cognito has taken before those',
      (bag) => {
        bag.bring('a');
        bag.takes('a');
        bag.bring('b');
      },
      ['a', 'b'],
    ],
    [
      'a fresh one that was checked before one that Cognito has taken',
      (bag) => {
        bag.bring('a');
        bag.takes('a');
        bag.bring('b', { checked: true });
        bag.bring('c');
      },
      ['b', 'a', 'c'],
    ],
    ['none that has expired', (bag) => bag.bring('a', { exp: NOW / 1000 }), []],
    [
      'none that Cognito has refused, although it comes again',
      (bag) => {
        bag.bring('a');
        bag.refuses('a');
        bag.bring('a', { checked: true });
      },
      [],
    ],
    [
      'a checked one although twenty others came after it',
      (bag) => {
        bag.bring('real', { checked: true });
        for (let count = 0; count < 20; count++) bag.bring(`forged ${count}`);
      },
      ['real', 'forged 19', 'forged 18', 'forged 17', 'forged 16'],
    ],
  ];
  test.each(TABLE)('%s', (_what, happens, expected) => {
    const bag = new Bag();
    happens(bag);
    expect(bag.usable()).toEqual(expected);
  });

  test('a reference that led to nothing is tried again once it is renewed', async () => {
    const { tokens } = new Bag();
    const reference = (): HeldToken => tokens.of({ accessTokenReference: 'session' }, true);
    tokens.offer(reference(), NOW);
    expect(reference().proven).toBe(false);
    const refuse = () => Promise.resolve({ verdict: 'accessTokenRejected' });
    expect(await withToken(tokens, 'send', refuse)).toEqual({ verdict: 'noToken' });
    expect(tokens.usable(NOW)).toEqual([]);
    tokens.renew(reference(), NOW);
    expect(tokens.usable(NOW).map(nameOf)).toEqual(['session']);
  });
});

describe('refused tokens', () => {
  test.each([
    [4, 0],
    [5, 1],
    [6, 2],
    [7, 4],
    [10, 32],
    [200, 24 * 60],
  ])('after %d of them the next one that nobody has checked waits %d minutes', (refusals, minutes) => {
    expect(untakenTokensAt(refusals, NOW)).toBe(NOW + minutes * MINUTE);
  });

  test('delay no token that counts, and no reference', () => {
    const bag = new Bag();
    for (let count = 0; count < 6; count++) {
      bag.bring(`forged ${count}`);
      bag.refuses(`forged ${count}`);
    }
    bag.bring('unchecked');
    bag.bring('checked', { checked: true });
    bag.tokens.offer(bag.tokens.of({ accessTokenReference: 'session' }, false), NOW);
    expect(bag.usable(Date.now())).toEqual(['checked', 'session']);
    expect(bag.usable(Date.now() + 3 * MINUTE)).toEqual(['checked', 'session', 'unchecked']);
  });

  test('are told at the door', () => {
    const bag = new Bag();
    bag.bring('a');
    bag.refuses('a');
    expect(() => bag.tokens.checkAlive(token('a'), NOW)).toThrow('refused by Cognito');
    expect(() => bag.tokens.checkAlive(token('b', { exp: NOW / 1000 }), NOW)).toThrow('has expired');
    expect(() => bag.tokens.checkAlive(token('b', { sub: 'another' }), NOW)).toThrow('another user');
    expect(() => bag.tokens.checkAlive(token('b'), NOW)).not.toThrow();
  });
});

describe('a request', () => {
  const claim = claimOf({}, 'email', NOW);
  const counting = ({ tokens }: Bag) => tokens.requestsCounting;

  test('counts at once if its token was checked', () => {
    const bag = new Bag();
    bag.tokens.offer(bag.tokens.of(token('a'), true), NOW, claim);
    expect(counting(bag)).toBe(1);
    expect(bag.tokens.takeRequest()).toBe(claim);
  });

  test('counts once Cognito has taken its token, and not because it took another', () => {
    const bag = new Bag();
    bag.tokens.offer(bag.tokens.of(token('a'), false), NOW, claim);
    bag.takes('b');
    expect(counting(bag)).toBe(0);
    bag.takes('a');
    expect(counting(bag)).toBe(1);
  });

  test('counts for nothing if Cognito refused its token', () => {
    const bag = new Bag();
    bag.tokens.offer(bag.tokens.of(token('a'), false), NOW, claim);
    bag.refuses('a');
    expect(counting(bag)).toBe(0);
  });
});

describe('the room for messages', () => {
  const bag = new Bag();
  const unproven = standingOf(bag.tokens.of(token('a'), false));
  const proven = standingOf(bag.tokens.of(token('a'), true));

  test('is 200 for those whose token does not count, and 1,500 for all but codes', () => {
    expect([unproven, proven, standingOf(undefined)]).toEqual(['unproven', 'proven', 'tokenless']);
    const mailbox = new Mailbox();
    for (let count = 0; count < 200; count++) {
      expect([mailbox.full(unproven), mailbox.spent(unproven)]).toEqual([false, false]);
      mailbox.countUpdate(unproven);
    }
    expect([mailbox.full(unproven), mailbox.spent(unproven)]).toEqual([true, true]);
    for (let count = 0; count < 1_300; count++) {
      expect([mailbox.full(proven), mailbox.full('tokenless')]).toEqual([false, false]);
      mailbox.countUpdate(count % 2 ? 'tokenless' : proven);
    }
    expect([mailbox.full(proven), mailbox.full('tokenless')]).toEqual([true, true]);
    expect([mailbox.spent(proven), mailbox.spent('tokenless')]).toEqual([false, false]);
  });

  test('is one for those of them that wait', async () => {
    const mailbox = new Mailbox();
    let answer: () => void = () => undefined;
    const waiting = mailbox.waiting(unproven, () => new Promise<void>((resolve) => (answer = resolve)));
    expect([unproven, proven, 'tokenless' as const].map((one) => mailbox.crowded(one))).toEqual([true, false, false]);
    answer();
    await waiting;
    expect(mailbox.crowded(unproven)).toBe(false);
  });
});
