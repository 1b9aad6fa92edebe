/** What `limits` says of the brakes of the guard. */
import { describe, expect, it } from 'vitest';
import { brakesInWords, placeDocument, placeOption } from '../../cli/brakes.js';
import type { PlaceReport } from '../../guard/brakes.js';

const inAnHour = Date.now() + 3_600_000;
const place: PlaceReport = {
  place: '+994401',
  unproven: { hour: 15, day: 15.2 },
  limits: { hour: 15, day: 40 },
  heldLastHour: 7,
};

describe('in words', () => {
  it.each<[string, Parameters<typeof brakesInWords>[0], RegExp]>([
    [
      'without a store',
      { mode: 'on' },
      /^brakes {4}each worker counts by itself.*neither seen nor lifted.*VERIFICATION_GUARD_STORE/,
    ],
    ['nothing', { mode: 'on', places: [] }, /^brakes {4}nothing is braked$/],
    [
      'the brake is off',
      { mode: 'off', places: [] },
      /^brakes {4}no message is held, since VERIFICATION_SMS_BRAKE is off$/m,
    ],
    ['it only watches', { mode: 'watch', places: [place] }, /^brakes {4}no message is held, since it only watches.*$/m],
    [
      'a braked prefix',
      { mode: 'on', places: [{ ...place, brakedUntilMs: inAnHour }] },
      /^braked {4}\+994401 until .*\(in 60 min\): 15 of 15 in the hour and 15\.2 of 40 in the day brought no code back; 7 held within the hour$/,
    ],
    [
      'a lifted one',
      { mode: 'on', places: [{ ...place, liftedUntilMs: inAnHour }] },
      /^lifted {4}\+994401 until .*: 15 of 15/,
    ],
    [
      'budgets',
      {
        mode: 'on',
        places: [],
        budgets: [
          { medium: 'sms', spent: { hour: 12, day: 340 }, limits: { day: 2000 } },
          { medium: 'email', spent: { hour: 0, day: 9 }, limits: { hour: 50, day: 100 } },
        ],
      },
      /^budget {4}SMS: 12 in this hour and 340 of 2000 in this day \(UTC\)\nbudget {4}e-mails: 0 of 50 in this hour and 9 of 100 in this day \(UTC\)$/m,
    ],
    ['one that is not held', { mode: 'on', places: [place] }, /^counted {3}\+994401: 15 of 15/],
  ])('%s', (_, brakes, words) => {
    expect(brakesInWords(brakes).join('\n')).toMatch(words);
  });
});

it('for programs it has times as everywhere', () => {
  expect(placeDocument({ ...place, brakedUntilMs: 0 })).toMatchObject({ brakedUntil: '1970-01-01T00:00:00.000Z' });
});

it.each([
  ['de', 'DE'],
  ['+49151', '+49151'],
  ['+882', '+882'],
])('a place is a country or the beginning of numbers: %s', (text, expected) => {
  expect(placeOption(text)).toBe(expected);
});

it.each(['Germany', '+', '+0151', '+49 151', 'UK', '49151'])('%s is no place', (text) => {
  expect(() => placeOption(text)).toThrow(/country|prefix|code of/);
});
