import { getCountries, getCountryCallingCode } from 'libphonenumber-js/max';
import { expect, it } from 'vitest';
import { COUNTRIES } from '../../guard/countries.js';
import { isPlace, normaliseAddress, readPhoneNumber } from '../../guard/destination.js';

it.each([
  ['+4915123456789', '+4915123456789', 'DE', '+49151', undefined],
  ['+49 (0)151 234-56789', '+4915123456789', 'DE', '+49151', undefined],
  [' +49 01512 3456789 ', '+4915123456789', 'DE', '+49151', undefined],
  ['+1 (268) 464-1234', '+12684641234', 'AG', '+1268', undefined],
  ['+12025550123', '+12025550123', 'US', '+1202', undefined],
  ['+15551234567', '+15551234567', 'US', '+1555', undefined],
  ['+77011234567', '+77011234567', 'KZ', '+7701', undefined],
  ['+442079460000', '+442079460000', 'GB', '+44207', 'fixed-line'],
  ['+449098790000', '+449098790000', 'GB', '+44909', 'premium'],
  ['+33899701234', '+33899701234', 'FR', '+33899', 'premium'],
  ['+298212345', '+298212345', 'FO', '+29821', undefined],
  ['+6831234', '+6831234', 'NU', '+683', undefined],
  ['+870773111632', '+870773111632', '+870', '+870773', undefined],
  ['+881612345678', '+881612345678', '+881', '+881612', undefined],
  ['+8821234567890', '+8821234567890', '+882', '+882123', undefined],
  ['+88312345678901', '+88312345678901', '+883', '+883123', undefined],
  ['+888123456789', '+888123456789', '+888', '+888123', undefined],
  ['+979123456789', '+979123456789', '+979', '+979123', 'premium'],
  ['+80012345678', '+80012345678', '+800', '+800123', 'toll-free'],
  ['+878101234567890', '+878101234567890', '+878', '+878101', 'voip'],
  ['+999123456', '+999123456', 'unknown', undefined, undefined],
  ['015123456789', '015123456789', 'unknown', undefined, undefined],
  ['call +4915123456789', 'call +4915123456789', 'unknown', undefined, undefined],
  ['', '', 'unknown', undefined, undefined],
])('%j is %s of %s, prefix %s, %s', async (text, number, country, prefix, kind) => {
  expect(await readPhoneNumber(text)).toEqual({ number, country, prefix, kind });
});

it('at least four digits of a number are in no prefix', async () => {
  for (const country of COUNTRIES) {
    const code = getCountryCallingCode(country);
    for (const rest of ['21', '2123', '21234', '212345', '2123456789']) {
      const { number, prefix } = await readPhoneNumber(`+${code}${rest}`);
      if (prefix !== undefined && prefix !== `+${code}`)
        expect(number.length - prefix.length).toBeGreaterThanOrEqual(4);
    }
  }
});

it.each(['+4915112345678', '+447400123456', '+12025550123', '+88213300'])(
  'the places of %s are places',
  async (text) => {
    const { country, prefix } = await readPhoneNumber(text);
    expect(await isPlace(country)).toBe(true);
    expect(await isPlace(prefix ?? '')).toBe(true);
  },
);

it.each(['+4915', '+49', '+4915112345678', '+999151', 'XX', 'de'])('%s is none that is counted', async (text) => {
  expect(await isPlace(text)).toBe(false);
});

it('the countries of the settings are those of the numbering plans', () => {
  expect([...COUNTRIES].sort()).toEqual(getCountries().sort());
});

it.each([
  [' Zoe@Example.COM ', 'zoe@example.com'],
  ['z.o.e+1@example.com', 'z.o.e+1@example.com'],
])('the address %j is counted as %s', (text, address) => {
  expect(normaliseAddress(text)).toBe(address);
});
