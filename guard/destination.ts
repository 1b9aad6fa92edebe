/** What a destination says about itself: of a number, the country, the prefix and the kind; one writing for each destination. */
import type { CountryCode, NumberType } from 'libphonenumber-js/max';
import { COUNTRIES } from './countries.js';

/**
 * The kinds of number that can be refused, by the names that `libphonenumber-js` has for them. What may be a mobile phone cannot
 * be: in some countries nothing tells it from a fixed line.
 */
export const NUMBER_KINDS = {
  premium: 'PREMIUM_RATE',
  'shared-cost': 'SHARED_COST',
  voip: 'VOIP',
  'toll-free': 'TOLL_FREE',
  personal: 'PERSONAL_NUMBER',
  pager: 'PAGER',
  company: 'UAN',
  voicemail: 'VOICEMAIL',
  'fixed-line': 'FIXED_LINE',
} as const satisfies Readonly<Record<string, NumberType>>;

/** A kind of number. */
export type NumberKind = keyof typeof NUMBER_KINDS;

/** A number that an SMS would go to. */
export interface PhoneDestination {
  /** As E.164 writes it, which is one writing for each number. */
  readonly number: string;
  /**
   * ISO 3166-1 alpha-2, such as `DE`. A number of no country has its calling code here, such as `+882`: satellites and global
   * networks. `unknown`: what no number looks like.
   */
  readonly country: string;
  /** Calling code and the first `PREFIX_DIGITS` digits after it. Absent where `country` is `unknown`. */
  readonly prefix: string | undefined;
  /** Undefined for mobiles, and for what may be one. */
  readonly kind: NumberKind | undefined;
}

/** The `country` of what no number looks like. */
const UNKNOWN_COUNTRY = 'unknown';

/**
 * Digits of a prefix after the calling code. Three are an area code in North America and a network in most of Europe. One digit
 * more would split the honest traffic into prefixes that have no record, and give a flood ten times as many of them. One digit
 * less would brake every network of a country with one of them.
 */
const PREFIX_DIGITS = 3;

/** So many last digits are never part of a prefix: the counters of prefixes are to hold nobody's number. */
const HIDDEN_DIGITS = 4;

/** Whether the place is a class of its own, of the numbers that belong to no country. */
export function isWithoutCountry(country: string): boolean {
  return country.startsWith('+') || country === UNKNOWN_COUNTRY;
}

/**
 * Reads a number. The first call loads the numbering plans of the world (about 10 MB, 0.1 s): a process that sends e-mail only
 * does without.
 */
export async function readPhoneNumber(text: string): Promise<PhoneDestination> {
  const { default: parse, getCountryCallingCode } = await import('libphonenumber-js/max');
  const found = parse(text.trim(), { extract: false });
  if (found === undefined) {
    return { number: text.trim(), country: UNKNOWN_COUNTRY, prefix: undefined, kind: undefined };
  }
  const { number, countryCallingCode, nationalNumber } = found;
  const type = found.getType();
  const digits = Math.min(PREFIX_DIGITS, Math.max(0, nationalNumber.length - HIDDEN_DIGITS));
  return {
    number,
    country: found.country ?? mainCountry(countryCallingCode, getCountryCallingCode) ?? `+${countryCallingCode}`,
    prefix: `+${countryCallingCode}${nationalNumber.slice(0, digits)}`,
    kind: (Object.keys(NUMBER_KINDS) as NumberKind[]).find((kind) => NUMBER_KINDS[kind] === type),
  };
}

/**
 * Whether numbers can be of this place: a country such as `DE`, `unknown`, a calling code of no country such as `+882`, or a prefix, which
 * is a calling code and three digits.
 */
export async function isPlace(place: string): Promise<boolean> {
  if (!place.startsWith('+')) return place === UNKNOWN_COUNTRY || COUNTRIES.some((country) => country === place);
  const { getCountryCallingCode } = await import('libphonenumber-js/max');
  const codesOfCountries = new Set<string>(COUNTRIES.map((country) => getCountryCallingCode(country)));
  const digits = place.slice(1);
  const isCode = (code: string) => codesOfCountries.has(code) || CODES_OF_NO_COUNTRY.includes(code);
  if (isCode(digits.slice(0, -PREFIX_DIGITS))) return true;
  // Short numbers, of islands and satellites, have short prefixes.
  const code = digits.slice(0, SHORT_NUMBERS_CODE_DIGITS);
  return isCode(code) && code.length === SHORT_NUMBERS_CODE_DIGITS && digits.length < code.length + PREFIX_DIGITS;
}

const SHORT_NUMBERS_CODE_DIGITS = 3;

/** The calling codes of satellites, global networks and services, as the ITU assigns them. */
const CODES_OF_NO_COUNTRY: readonly string[] = ['800', '808', '870', '878', '881', '882', '883', '888', '979'];

/** The country that most numbers of a calling code belong to, where several share it. */
const MAIN_COUNTRIES: Readonly<Record<string, CountryCode>> = {
  '1': 'US',
  '7': 'RU',
  '39': 'IT',
  '44': 'GB',
  '47': 'NO',
  '61': 'AU',
  '64': 'NZ',
  '212': 'MA',
  '262': 'RE',
  '290': 'SH',
  '358': 'FI',
  '590': 'GP',
  '599': 'CW',
};

/** For a number of a block that is newer than the numbering plans here: the people who have one are no strangers to the country. */
function mainCountry(callingCode: string, codeOf: (country: CountryCode) => string): CountryCode | undefined {
  return MAIN_COUNTRIES[callingCode] ?? COUNTRIES.find((country) => codeOf(country) === callingCode);
}

/** An e-mail address in the one writing in which it is counted. Dots and plus signs mean different things at different hosts. */
export function normaliseAddress(text: string): string {
  return text.trim().toLowerCase();
}
