import { InvalidArgumentError } from 'commander';

/** What CLDR names a region, and is none to which a message goes: unions, test data, and the unknown. */
const NO_COUNTRY: ReadonlySet<string> = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);
const NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/**
 * Reads a country of the command line, and collects it.
 * @returns ISO 3166-1 alpha-2 codes in capitals
 * @throws InvalidArgumentError where it is no code of a country, or one that another has replaced, such as `UK`
 */
export function countryOption(value: string, before: string[] = []): string[] {
  const code = value.toUpperCase();
  const name = /^[A-Z]{2}$/.test(code) && !NO_COUNTRY.has(code) ? NAMES.of(code) : undefined;
  if (name === undefined) {
    throw new InvalidArgumentError('It must be the code of a country by ISO 3166-1, such as US or DE.');
  }
  const current = new Intl.Locale(`und-${code}`).region;
  if (current !== code) throw new InvalidArgumentError(`The code of ${name} is ${current}.`);
  return [...before, code];
}
