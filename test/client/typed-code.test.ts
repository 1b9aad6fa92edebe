/** Codes as people type and paste them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeAsSent } from '../../client/typed-code.js';

/** The digits of every numbering system that the machine knows, from zero to nine: another source than the product's. */
const DIGITS = Intl.supportedValuesOf('numberingSystem')
  .map((system) => Array.from(new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false }).format(9_876_543_210)))
  .map((digits) => digits.toReversed())
  .filter((digits) => digits.length === 10 && digits.every((digit) => /^\p{Nd}$/u.test(digit)));

const SEPARATORS = [
  ' ',
  '-',
  '\t',
  '\n',
  '\u00a0',
  '\u2009',
  '\u3000',
  '\u200b',
  '\u200e',
  '\ufeff',
  '\u00ad',
  '\u2011',
  '\u2013',
  '\u2212',
  '\uff0d',
  'ー',
];

const digit = fc.integer({ min: 0, max: 9 });
const separator = fc.string({ unit: fc.constantFrom(...SEPARATORS), maxLength: 3 });
const typedDigit = fc.record({ digit, system: fc.constantFrom(...DIGITS), before: separator });

describe('a code of digits', () => {
  it('is found in whatever people type around and between its digits, and whichever digits they have', () => {
    expect(DIGITS.length).toBeGreaterThan(30);
    fc.assert(
      fc.property(fc.array(typedDigit, { minLength: 1, maxLength: 12 }), separator, (digits, after) => {
        const typed = digits.map(({ digit: value, system, before }) => `${before}${system[value]}`).join('') + after;
        expect(codeAsSent(typed)).toBe(digits.map(({ digit: value }) => value).join(''));
      }),
    );
  });

  it.each([
    '123 456',
    '123-456',
    ' 123456\n',
    '１２３４５６',
    '１２３－４５６',
    '١٢٣٤٥٦',
    '१२३४५६',
    '𝟏𝟐𝟑𝟜𝟝𝟞',
    '1​2‎3456',
  ])('%j is 123456', (typed) => {
    expect(codeAsSent(typed)).toBe('123456');
  });
});

describe('any other text', () => {
  it('is left as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const sent = codeAsSent(text);
        if (!/^[0-9]+$/.test(sent)) expect(sent).toBe(text);
        expect(codeAsSent(sent)).toBe(sent);
      }),
    );
  });

  it.each(['', ' ', '-', 'AB-12', '12 a', '½', 'Ⅳ', '①②③', '12\u202e3456', '12\u202d3456'])('%j is', (typed) => {
    expect(codeAsSent(typed)).toBe(typed);
  });
});
