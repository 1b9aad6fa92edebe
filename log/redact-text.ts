/**
 * Makes free text safer to show. Most of what is secret here has a form: tokens, keys, codes, addresses and numbers. What has
 * that form goes, also where it is none; what people search logs for stays: ids, times, addresses of hosts, short numbers,
 * and destinations as Cognito masks them. It is the last line: whoever knows a secret takes it out by its value first.
 *
 * What it does not know: codes of letters (`codeFormat: nonSpace`), and digits with letters at their end (`482910s`), which
 * look like ids and times; codes in groups, unless a word such as `code` stands before them; addresses whose name is in
 * quotation marks; names, and whatever else is only personal.
 */

/**
 * The text with what may be a secret replaced:
 * - `[token]`: a JSON Web Token, or the beginning of one
 * - `[email]`: an e-mail address; `[phone]`: a phone number in international form, with or without groups
 * - `[digits]`: four digits or more that stand alone, as a code does; groups of them after a word for a code
 * - `[redacted]`: a run of 40 characters or more that is neither words, nor a path, nor ids; bytes written as numbers
 *
 * Secrets are also found in JSON and in URLs, escaped once or more. Takes time in proportion to the text, whatever it
 * holds; doing it twice changes nothing. Never throws.
 */
export function redactText(text: string): string {
  return redactDigits(redactGroups(redactPhones(redactLongRuns(redactEmails(redactTokens(text))))));
}

/** `eyJ` is the base64url of `{"`; the others are the beginnings of a header that was printed with spaces. */
const TOKEN = /(?:eyJ|eyAi|ewog|ewoJ|ew0K)[\w-]{9,}(?:(?:\.|%2E)[\w=-]*){0,4}/g;
/** ASCII as Rust and `util.inspect` print bytes: two or three digits each. */
const BYTES = /\d{2,3}(?:,\s{1,40}\d{2,3}){5,}|<Buffer [\da-f]{2}[^<>]*>?/g;

/** Only tokens and bytes: for an id, which is to be found by what it is. See `redactText`. */
export function redactTokens(text: string): string {
  return text.replace(TOKEN, '[token]').replace(BYTES, '[redacted]');
}

/** By hand: a regular expression would look for the `@` anew from every letter of a long word. */
function redactEmails(text: string): string {
  let redacted = '';
  let done = 0;
  for (const { 0: at, index } of text.matchAll(/@|%40/g)) {
    const end = endOfDomain(text, index + at.length);
    if (end === 0) continue;
    let start = index;
    while (start > done && isLocalPart(text, start - 1)) start -= 1;
    if (start === index) continue;
    redacted += `${text.slice(done, start)}[email]`;
    done = end;
  }
  return redacted + text.slice(done);
}

/** Where the domain that begins here ends; 0 where none does. The `1.24.0` after the name of a package is none. */
function endOfDomain(text: string, begin: number): number {
  let end = 0;
  for (let at = begin; ; at += 1) {
    const label = at;
    while (/[\w-]/.test(text.charAt(at)) || isBeyondAscii(text.charAt(at))) at += 1;
    if (/[a-z]/i.test(text.charAt(label)) || isBeyondAscii(text.charAt(label))) end = at;
    if (text.charAt(at) !== '.') return end;
  }
}

function isLocalPart(text: string, at: number): boolean {
  const character = text.charAt(at);
  // An apostrophe is one in a name, and a quotation mark elsewhere.
  if (character === "'") return /[a-z\d]/i.test(text.charAt(at - 1));
  return /[\w.%+-]/.test(character) || isBeyondAscii(character);
}

/** Letters of other scripts; not the spaces and quotation marks among them. */
function isBeyondAscii(character: string): boolean {
  return character > '\u00BF' && !/[\s\u2000-\u206F\u3000-\u3003]/.test(character);
}

function redactLongRuns(text: string): string {
  return text.replace(/[\w+=./%-]{40,}/g, (run) => (isSecret(decoded(run)) ? '[redacted]' : run));
}

function decoded(run: string): string {
  return run
    .replace(/%(?:25)*2B/gi, '+')
    .replace(/%(?:25)*2F/gi, '/')
    .replace(/%(?:25)*3D/gi, '=');
}

/** A slash may belong to a path, or to a key in base64: its padding tells. */
function isSecret(run: string): boolean {
  if (run.split(/[/%]/).some((part) => part.length >= 40 && !part.split(SEPARATORS).every(isWordOrId))) return true;
  return [...run.matchAll(/[A-Za-z\d+/]+/g)].some(
    ({ 0: text, index }) =>
      text.length >= 16 && run.charAt(index + text.length) === '=' && !text.split('/').every(isWordOrId),
  );
}

const SEPARATORS = /[._=-]+/;
/** The last group of a UUID. */
const LONGEST_ID = 12;

/** `commonWords`, `SHOUTED`, and `7d9f8b6c5d`; nothing that was drawn from 64 characters. */
function isWordOrId(segment: string): boolean {
  if (segment.length <= LONGEST_ID && /^(?:[a-z\d]*|[A-Z\d]*)$/.test(segment)) return true;
  // The longest words have fewer than 25.
  if (!/^[A-Za-z]+$/.test(segment) || /[a-z]{25}|[A-Z]{25}/.test(segment)) return false;
  const capitals = segment.replace(/[a-z]+/g, '').length;
  return capitals * 3 <= segment.length || capitals === segment.length;
}

const DATE = '(?:19|20)\\d\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const PLUS_AND_GROUP = /(?:\+|%(?:25)*2[Bb]|\\u002[Bb])\(?(\d+)/g;
/** Another group, which is not the date that may follow a number. */
const NEXT_GROUP = new RegExp(
  `(?:[ \\u00A0\\u2009\\u202F()./\\u2010-\\u2013-]|%20|%28|%29){1,3}(?!${DATE}(?![\\d-]))(\\d+)`,
  'y',
);
/** E.164 has 15; the shortest in use have 7. */
const PHONE_DIGITS = { least: 7, most: 15 };

function redactPhones(text: string): string {
  let redacted = '';
  let done = 0;
  for (const { 0: begin, 1: group = '', index } of text.matchAll(PLUS_AND_GROUP)) {
    // Inside of the number before: its own groups.
    if (index < done) continue;
    let digits = group.length;
    let end = index + begin.length;
    if (digits < PHONE_DIGITS.least) {
      for (;;) {
        NEXT_GROUP.lastIndex = end;
        const next = NEXT_GROUP.exec(text)?.[1]?.length;
        if (next === undefined || digits + next > PHONE_DIGITS.most) break;
        digits += next;
        end = NEXT_GROUP.lastIndex;
      }
    }
    if (digits < PHONE_DIGITS.least) continue;
    redacted += `${text.slice(done, index)}[phone]`;
    done = end;
  }
  return redacted + text.slice(done);
}

/** Between a word and what it speaks of: punctuation, in a URL too. */
const BETWEEN = '(?:\\W|%(?:25)*(?:20|22|3[Aa]|3[Dd])){1,6}';
/** `code: 123 456`, `"otp":"12 34 56"`: as mail programs show codes. Not the date or time after the code of an exit. */
const GROUPS = new RegExp(
  `((?:code|pin|otp)(?:${BETWEEN}(?:is|was)(?!\\w))?${BETWEEN})` +
    `\\d{2,4}(?:(?:[ \\u00A0\\u202F-]|%(?:25)*20)(?!${DATE}(?!\\d))\\d{2,4}){1,3}(?!\\d|:\\d)`,
  'gi',
);

function redactGroups(text: string): string {
  return text.replace(GROUPS, '$1[digits]');
}

/** What stands between words and is not one, then words with their hyphens and dots. */
const ATOMS = new RegExp(
  [
    // Escapes, whose letters and digits are no part of the word after them.
    '%(?:25)*(?:0[9AaDd]|2[02-9A-Fa-f]|3[A-Fa-f]|40|5[BbDd]|7[BbDd])',
    '\\\\(?:u[\\dA-Fa-f]{4}|[nrtbf])',
    // A destination as Cognito masks it.
    '\\+\\*{2,}\\d{1,4}(?!\\d)',
    // A time with a fraction.
    `${DATE}[T ]\\d\\d:\\d\\d:\\d\\d[.,]\\d{1,9}(?!\\d)`,
    '\\w+(?:[-.]\\w+)*',
  ].join('|'),
  'g',
);
const UNIT = /^ ?(?:ms|milliseconds?|s|sec|seconds?|min|minutes?|hours?|days?|bytes?|[KM]i?B|events?)(?!\w)/;

function redactDigits(text: string): string {
  return text.replace(ATOMS, (atom, at: number) => {
    if (!/^\w/.test(atom) || atom.includes(':')) return atom;
    // A version, a decimal number, an address.
    if (/^\d+(?:\.\d+)+$/.test(atom)) return /\d{6}/.test(atom) ? '[digits]' : atom;
    if (
      /^\d{1,5}$/.test(atom) &&
      (isPort(text, at) || UNIT.test(text.slice(at + atom.length, at + atom.length + 20)))
    ) {
      return atom;
    }
    return atom.split('.').map(redactWord).join('.');
  });
}

/** Five digits at most after `host:`, and so is a line of a source file. */
function isPort(text: string, at: number): boolean {
  return (
    /[\w\]:]:$/.test(text.slice(Math.max(0, at - 2), at)) &&
    !/(?:code|pin|otp|number):$/i.test(text.slice(Math.max(0, at - 8), at))
  );
}

const NO_CODE = new RegExp(`^(?:${DATE}|\\d{8}-\\d{4}-\\d{4}-\\d{4}-\\d{12})$`);

/** Digits beside a letter are part of an id; but not where the letters say what the digits are. */
function redactWord(word: string): string {
  if (/[^\d_-]/.test(word)) return word.replace(/((?:code|pin|otp)[-_]?)\d{4,}$/i, '$1[digits]');
  const digits = word.replace(/\D+/g, '').length;
  return (digits >= 6 || /\d{4}/.test(word)) && !NO_CODE.test(word) ? '[digits]' : word;
}
