/** Output for people: times, and commands that they can type as shown. */
import { HELD_REASONS, type VerificationStatus } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { outcomeCard, statusCard } from '../../cli/card.js';
import { asCalled, jsonLine, onTerminal } from '../../cli/print.js';
import { time } from '../../cli/time.js';
import { liveCard } from '../../workflows/live-card.js';

describe('a time', () => {
  const now = Date.parse('2026-01-05T12:30:00.000Z');
  const from = (seconds: number) => time(new Date(now + seconds * 1000).toISOString(), now);

  it.each([
    [0, 'now'],
    [30, 'in 30 s'],
    [59, 'in 59 s'],
    [61, 'in 1 min'],
    [-45, '45 s ago'],
    [-7100, '118 min ago'],
    [24 * 3600, 'in 24 h'],
    [10_000, 'in 2 h 47 min'],
  ])('%d seconds away is "%s"', (seconds, words) => {
    expect(from(seconds)).toMatch(new RegExp(` \\(${words}\\)$`));
  });

  it('is written year, month, day, and with its time zone', () => {
    expect(from(0)).toMatch(/^2026-01-0[56] \d\d:\d\d:\d\d \S+ \(now\)$/);
  });
});

describe('the card of a verification that sends', () => {
  const status = {
    state: 'sending',
    attributeName: 'email',
    deliveryUncertain: false,
    sendsLeft: 5,
    attemptsLeft: 10,
    expiresAt: '2026-01-05T12:30:00.000Z',
  } as const;

  it.each([
    ['says where to look for the reason, without the time of the next try', undefined, true],
    ['does not, with that time', '2026-01-05T12:00:00.000Z', false],
  ])('%s', (_, retryAt, said) => {
    const card = statusCard('verify/x', { ...status, sends: [], attempts: [], retryAt });
    expect(card.includes("the worker's log says why")).toBe(said);
    expect(card.includes('calls are paused or limited: cognito-verification limits')).toBe(said);
  });
});

it.each(HELD_REASONS)(
  'the cards of a verification that the guard holds back say why, and what comes next: %s',
  (held) => {
    const status: VerificationStatus = {
      state: 'rateLimited',
      attributeName: 'phone_number',
      deliveryUncertain: false,
      sendsLeft: 5,
      attemptsLeft: 10,
      retryAt: '2026-01-05T12:10:00.000Z',
      held,
      expiresAt: '2026-01-05T12:30:00.000Z',
      sends: [{ at: '2026-01-05T12:00:00.000Z', outcome: 'held', reason: held }],
      attempts: [],
    };
    const card = statusCard('verify/x', status);
    expect(card).toMatch(new RegExp(`^  Held +${held}: `, 'm'));
    expect(card).toContain('the guard is asked again');
    expect(card).not.toContain("Cognito's limit");
    const live = liveCard(status, Date.parse('2026-01-05T12:00:00.000Z'));
    expect(live).toContain('**The guard holds the next code back for now**');
    expect(live).toMatch(
      /\*\*Why:\*\* [A-Z].*\.\n\n\*\*Next:\*\* it asks the guard again by itself at 2026-01-05 12:10:00 UTC/s,
    );
    expect(live).toContain(`was not asked (\`${held}\`)`);
    const late = liveCard({ ...status, expiresAt: '2026-01-05T12:05:00.000Z' }, 0);
    expect(late).toContain('it ends before another send may be made');
  },
);

it('the cards of a verification that was not needed show the value that is verified, as Cognito masks it', () => {
  const status: VerificationStatus = {
    state: 'alreadyVerified',
    attributeName: 'email',
    deliveryUncertain: false,
    sendsLeft: 5,
    attemptsLeft: 10,
    expiresAt: '2026-01-05T12:30:00.000Z',
    sends: [],
    attempts: [],
    currentDestination: 'z***@e***',
  };
  const cards = [
    statusCard('verify/x', status),
    outcomeCard('verify/x', { outcome: 'alreadyVerified', status }),
    liveCard(status, 0),
  ];
  for (const card of cards) expect(card).toContain('z***@e***');
});

describe('the text of others', () => {
  const HOSTILE = 'a\u001b[2J\u009b31m\u202Eb\u{E0001}\nnext\u007f';

  it('reaches a terminal without what a terminal obeys, but for line breaks', () => {
    expect(onTerminal(HOSTILE)).toBe('a\uFFFD[2J\uFFFD31m\uFFFDb\uFFFD\nnext\uFFFD');
  });

  it('is the same text in JSON, with nothing in it that a terminal obeys', () => {
    const line = jsonLine({ text: HOSTILE });
    expect(JSON.parse(line)).toEqual({ text: HOSTILE });
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('a command in a text', () => {
  const text = 'Next: cognito-verification submit x. Or: cognito-verification list.\nUsage: cognito-verification list';

  it.each([
    ['through npx', '/clone/node_modules/.bin/cognito-verification', { npm_command: 'exec' }],
    ['from a clone', '/clone/dist/program/main.cjs', {}],
    ['by npm start', '/clone/dist/program/main.cjs', { npm_command: 'start' }],
    ['from another folder', '/other clone/dist/program/main.cjs', {}],
  ])('that was called %s is shown so that no registry is asked', (_how, program, env) => {
    const path = program.startsWith('/clone/') ? program.slice('/clone/'.length) : `"${program}"`;
    expect(asCalled(text, { argv: ['node', program], env }, '/clone')).toBe(
      `Next: node ${path} submit x. Or: node ${path} list.\nUsage: cognito-verification list`,
    );
  });

  it('is shown by its name if it was called by it', () => {
    expect(asCalled(text, { argv: ['node', '/usr/local/bin/cognito-verification'], env: {} })).toBe(text);
  });
});

it.each([
  ['alreadySent', {}, 'the start did not say where'],
  ['sent', {}, 'Cognito did not say where'],
  ['alreadySent', { destination: 'z***@e***' }, 'z***@e***'],
] as const)('who did not say where the code went: %s, %j', (outcome, delivery, said) => {
  const at = '2026-01-05T12:30:00.000Z';
  const card = statusCard('verify/p/s/email', {
    state: 'awaitingCode',
    attributeName: 'email',
    delivery,
    deliveryUncertain: false,
    sends: [{ at, outcome, delivery }],
    attempts: [],
    sendsLeft: 4,
    attemptsLeft: 10,
    expiresAt: at,
  });
  expect(card).toMatch(new RegExp(`Sent to +${said.replaceAll('*', '\\*')}$`, 'm'));
});
