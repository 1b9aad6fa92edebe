/** The model knows the orders in which things may come. */
import { expect, test } from 'vitest';
import type { Troubles } from './faults.js';
import type { Message } from './messages.js';
import { open, receive } from './model.js';
import { pass } from './time.js';
import { HOUR, MINUTE, type World } from './world.js';

const LASTING = { name: 'throttled', once: false } as const;
const WRONG: Message = { kind: 'submit', code: undefined };

const at = (now: number) => ({ from: now, to: now });

/** All that may have happened by the end of the start. */
function opened(troubles: Troubles, maxAttempts: number): World[] {
  const rules = { deadline: HOUR, codeLifetime: HOUR, resendCooldown: 0, maxSends: 5, maxAttempts };
  return open(
    {
      rules: { ...rules, confirmation: 'trust' },
      token: { good: true, expiresAt: 72 * HOUR },
      alreadySent: false,
      verified: false,
      reverify: false,
      keeps: false,
      told: 'all',
      troubles,
    },
    at(0),
  );
}

/** How a story may end: trouble from its start, other trouble while messages come a minute later, and none from then on. */
function worldsOf(story: { first: Troubles; meanwhile: Troubles; asks: Message[] }): World[] {
  let worlds = opened(story.first, 5).flatMap((world) => pass(world, MINUTE, story.meanwhile));
  for (const [index, message] of story.asks.entries())
    worlds = worlds.flatMap((world) => receive(world, [{ ...message, id: index + 1 }], at(MINUTE)));
  return worlds.flatMap((world) => pass(world, 3 * MINUTE, {}));
}

const outcomes = (worlds: World[], tell: (world: World) => string) => [...new Set(worlds.map(tell))];
const attempts = (world: World) => world.attempts.map(({ outcome }) => outcome).join(', ');

test('a code is checked before or after the first send', () => {
  const trouble = { send: LASTING, read: LASTING };
  const worlds = worldsOf({ first: trouble, meanwhile: trouble, asks: [WRONG] });
  expect(outcomes(worlds, attempts)).toEqual(expect.arrayContaining(['codeExpired', 'mismatch']));
});

test('a send comes between two codes', () => {
  const trouble = { send: LASTING, read: LASTING };
  const worlds = worldsOf({ first: trouble, meanwhile: trouble, asks: [WRONG, WRONG] });
  expect(outcomes(worlds, attempts)).toEqual(
    expect.arrayContaining(['codeExpired, codeExpired', 'codeExpired, mismatch', 'mismatch, mismatch']),
  );
  expect(outcomes(worlds, attempts)).not.toContain('mismatch, codeExpired');
});

test('a right code is accepted only before the message that replaces it', () => {
  const asks: Message[] = [{ kind: 'resend' }, { kind: 'submit', code: 1 }];
  const worlds = worldsOf({ first: {}, meanwhile: { send: LASTING, attempt: LASTING }, asks });
  const tell = (world: World) => `${attempts(world)}: ${world.cognito.codes} codes`;
  expect(outcomes(worlds, tell)).toEqual(expect.arrayContaining(['accepted: 1 codes', 'mismatch: 2 codes']));
  expect(outcomes(worlds, tell)).not.toContain('accepted: 2 codes');
});

test('a re-send that comes while the last attempt is being made is refused for lack of attempts', () => {
  const messages: (Message & { id: number })[] = [
    { kind: 'resend', id: 1 },
    { kind: 'submit', code: 1, id: 2 },
  ];
  const worlds = opened({}, 1).flatMap((world) => receive(world, messages, at(MINUTE)));
  const verified = worlds.filter(({ state, sends }) => state === 'verified' && sends.length === 1);
  expect(verified.flatMap(({ answers }) => answers[1])).toContain('ResendNotAllowed:attemptsExhausted');
});
