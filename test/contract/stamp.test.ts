import { InvalidInputError, parseStamp, type Stamp, unstamped } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';

const RUN = '0b1f7a52-6c1d-4f43-9d5e-2f9e6a7b8c9d';
const RANDOM = 'AbCdEfGhIjKlMnOpQrStUv';
const least = { kind: 'submitCode', at: '2026-01-31T23:59:59.999Z' } as const;
const whole: Stamp = {
  ...least,
  id: 'submitCode/form-7',
  runId: RUN,
  nonce: RANDOM,
  asked: { key: RANDOM, digest: RANDOM },
  proven: true,
};

const read = (stamp: unknown) => parseStamp({ stamp }, 'submitCode');

function refusalOf(stamp: unknown): string {
  try {
    return JSON.stringify(parseStamp({ stamp }, 'submitCode'));
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.message;
  }
}

describe('a stamp', () => {
  it('has a kind and a time, and may have more', () => {
    expect(read(least)).toEqual(least);
    expect(read(whole)).toEqual(whole);
  });

  it('may be null where it need not be', () => {
    expect(read({ ...least, id: null, runId: null, nonce: null, asked: null, proven: null })).toEqual(least);
  });

  it('takes times as other languages write them, in UTC', () => {
    for (const at of ['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.123456Z']) {
      expect(read({ ...least, at })).toEqual({ ...least, at });
    }
  });

  it.each<[wrong: string, stamp: unknown, says: RegExp]>([
    ['none', undefined, /^stamp is missing: each message says/],
    ['null', null, /^stamp is missing/],
    ['a text', 'x', /^stamp must be an object; found a string$/],
    ['a list', [], /^stamp must be an object/],
    ['an unknown field', { ...least, mine: 1 }, /^stamp\.mine is not a field of stamp; allowed: kind/],
    ['no kind', { at: least.at }, /^stamp\.kind must be one of attributeVerification, .*; found nothing$/],
    ['another kind', { ...least, kind: '123456' }, /^stamp\.kind must be one of .*; found a text of another form$/],
    ['no time', { kind: 'submitCode' }, /^stamp\.at must be a time as in .*; found nothing$/],
    ['a number', { ...least, at: 1_700_000_000_000 }, /^stamp\.at must be a time .*; found a number$/],
    ['local time', { ...least, at: '2026-01-31T23:59:59+01:00' }, /^stamp\.at must be a time/],
    ['no such month', { ...least, at: '2026-13-31T23:59:59Z' }, /^stamp\.at must be a time/],
    ['an id with a space', { ...least, id: 'a b' }, /^stamp\.id must be an update id/],
    ['an id that is too long', { ...least, id: 'x'.repeat(257) }, /^stamp\.id must be an update id/],
    ['a run that is none', { ...least, runId: 'x' }, /^stamp\.runId must be the id of a run/],
    ['a short nonce', { ...least, nonce: 'x'.repeat(15) }, /^stamp\.nonce must be a text of 16 to 64/],
    ['a long nonce', { ...least, nonce: 'x'.repeat(65) }, /^stamp\.nonce must be/],
    ['half a digest', { ...least, asked: { key: RANDOM } }, /^stamp\.asked\.digest must be .*; found nothing$/],
    ['more than a digest', { ...least, asked: { ...whole.asked, mine: 1 } }, /^stamp\.asked\.mine is not a field/],
    ['not quite proven', { ...least, proven: false }, /^stamp\.proven must be true or absent/],
  ])('is refused with %s', (_wrong, stamp, says) => {
    expect(refusalOf(stamp)).toMatch(says);
  });
});

it('what is no object has no stamp', () => {
  const error = new Error('a payload that cannot be read');
  expect(() => parseStamp(error, 'resendCode')).toThrow('resendCode must be an object; found a payload that cannot be');
  expect(() => parseStamp(null, 'request')).toThrow('request must be an object; found null');
});

it('a message without its stamp is what the parsers read', () => {
  expect(unstamped({ code: '1', stamp: whole })).toEqual({ message: { code: '1' }, stamp: whole });
  const error = new Error('a payload that cannot be read');
  for (const input of [undefined, null, 'x', ['x'], error]) expect(unstamped(input).message).toBe(input);
});
