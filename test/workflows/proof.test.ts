/** What a look proves: the table of docs/lifecycle.md, over every combination of what can be told. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AttributeSnapshot } from '../../activities/attribute-snapshot.js';
import type { Ending } from '../../workflows/policy.js';
import { type Evidence, endingBy, judge, targetOf, unproven } from '../../workflows/proof.js';

const SENDERS = ['by us', 'by Cognito'] as const;
const VALUES = ['the same', 'another', 'not told'] as const;
const FLAGS = { yes: true, no: false, 'not told': undefined } as const;
const EVIDENCE: readonly Evidence[] = ['accepted', 'confirmed', 'found'];
type Flag = keyof typeof FLAGS;
const FLAG_NAMES = Object.keys(FLAGS) as Flag[];

interface Row {
  sender: string;
  before: string;
  value: string;
  now: string;
  results: Record<Evidence, string>;
}

/** The rows of the table in the page. */
function tableOf(page: string): Row[] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line.startsWith('| the code was sent'));
  const rest = lines.slice(head + 2);
  return rest.slice(0, rest.indexOf('')).map((line) => {
    const [sender = '', before = '', value = '', now = '', accepted = '', confirmed = '', found = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''));
    return { sender, before, value, now, results: { accepted, confirmed, found } };
  });
}

const TABLE = tableOf(readFileSync(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8'));

const says = (cell: string, what: string) =>
  cell === 'any' || cell.split(/, or |, the old one kept/).some((one) => one === what);

interface Case {
  sender: (typeof SENDERS)[number];
  before: Flag;
  value: (typeof VALUES)[number];
  now: Flag;
}

const CASES: Case[] = SENDERS.flatMap((sender) =>
  FLAG_NAMES.flatMap((before) => VALUES.flatMap((value) => FLAG_NAMES.map((now) => ({ sender, before, value, now })))),
);

const salt = 'salt';
const DIGESTS = { 'the same': 'a', another: 'b', 'not told': undefined } as const;

function resultOf({ sender, before, value, now }: Case, evidence: Evidence): string {
  const target = targetOf({ salt, valueDigest: 'a', verified: FLAGS[before] }, { change: sender === 'by Cognito' });
  if (!target) throw new Error('no target');
  const seen: AttributeSnapshot = { salt, valueDigest: DIGESTS[value], verified: FLAGS[now], destination: 'z***@e***' };
  const judgement = judge(target, evidence, seen);
  const ending = endingBy(judgement, evidence, seen, 'email');
  if (ending) return inWords(ending);
  const why = evidence === 'confirmed' ? unproven(judgement, 'email')?.reason : undefined;
  return why ? `goes on: ${why}` : 'goes on';
}

function inWords(ending: Ending): string {
  switch (ending.outcome) {
    case 'verified':
      return `verified: ${ending.proof}`;
    case 'alreadyVerified':
      return 'alreadyVerified';
    case 'expired':
      return `expired: ${ending.reason}`;
    case 'failed':
      return `failed: ${ending.failure.type}`;
    case 'cancelled':
      return 'cancelled';
    default:
      return ending satisfies never;
  }
}

describe('the table in docs/lifecycle.md', () => {
  const rowsFor = ({ sender, before, value, now }: Case) =>
    TABLE.filter(
      (row) => says(row.sender, sender) && says(row.before, before) && says(row.value, value) && says(row.now, now),
    );

  test('has exactly one row for every combination of what can be told', () => {
    expect(TABLE.length).toBeGreaterThan(10);
    for (const one of CASES) expect(rowsFor(one), JSON.stringify(one)).toHaveLength(1);
  });

  test.each(EVIDENCE)('says what a look proves where the evidence is %s', (evidence) => {
    for (const one of CASES) {
      const [row] = rowsFor(one);
      expect({ ...one, result: resultOf(one, evidence) }).toEqual({ ...one, result: row?.results[evidence] });
    }
  });
});

describe('in every combination', () => {
  const results = CASES.flatMap((one) =>
    EVIDENCE.map((evidence) => ({ ...one, evidence, result: resultOf(one, evidence) })),
  );
  const verified = results.filter(({ result }) => result.startsWith('verified'));

  test('verified is said only where Cognito told a value that shows as verified', () => {
    expect(verified.length).toBeGreaterThan(0);
    for (const { value, now } of verified)
      expect({ told: value !== 'not told', now }).toEqual({ told: true, now: 'yes' });
  });

  test('a changed value proves nothing, unless Cognito keeps the old one until the new one is verified', () => {
    for (const one of verified.filter(({ value }) => value === 'another'))
      expect(one).toMatchObject({ sender: 'by Cognito', before: 'yes' });
    for (const one of verified.filter(({ value }) => value === 'the same'))
      expect(one.sender === 'by Cognito' && one.before === 'yes').toBe(false);
  });

  test('without an accepted code only a flag that was told to be false before proves anything for the same value', () => {
    for (const one of verified.filter(({ value, evidence }) => value === 'the same' && evidence !== 'accepted'))
      expect(one.before).toBe('no');
  });

  test('an accepted code always ends the verification', () => {
    for (const one of results.filter(({ evidence }) => evidence === 'accepted'))
      expect(one.result).not.toMatch(/^goes on/);
  });
});

test('digests with different keys are never compared', () => {
  const target = targetOf({ salt: 'one', valueDigest: 'a', verified: false }, { change: false });
  for (const evidence of EVIDENCE)
    expect(target && judge(target, evidence, { salt: 'other', valueDigest: 'a', verified: true })).toBe('incomparable');
});

test('a look that was not told the value gives no target', () => {
  expect(targetOf({ salt, verified: true }, { change: true })).toBeUndefined();
});

describe('where the verification itself changes the value', () => {
  const before = { salt: 's', valueDigest: 'old', verified: true, newValueDigest: 'new' };
  const target = targetOf(before, { change: false });
  const now = (valueDigest: string, verified: boolean) => ({ salt: 's', valueDigest, verified });

  test.each<[string, boolean, string]>([
    ['new', true, 'proven'],
    ['new', false, 'notVerified'],
    // It is kept until the new one is verified.
    ['old', true, 'notVerified'],
    ['a third one', true, 'changed'],
  ])('%s, verified %s: %s', (value, verified, judgement) => {
    for (const evidence of EVIDENCE) expect(target && judge(target, evidence, now(value, verified))).toBe(judgement);
  });

  test('a value that the attribute has already is judged as any other', () => {
    const same = targetOf({ ...before, newValueDigest: 'old' }, { change: false });
    expect(same).toEqual(targetOf({ salt: 's', valueDigest: 'old', verified: true }, { change: false }));
  });
});
