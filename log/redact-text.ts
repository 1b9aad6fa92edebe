/**
 * Makes free text safer to show. Most secrets have a form: tokens, keys, codes, addresses and phone numbers. Everything of
 * that form is replaced, even where it is no secret. What people search logs for stays: ids, times, names of hosts, short
 * numbers, and destinations that Cognito has masked. This is the last line of defence: code that knows a secret removes it
 * by its value first.
 *
 * | text                                               | result                      | function         |
 * | -------------------------------------------------- | --------------------------- | ---------------- |
 * | `Bearer eyJraWQiOiJ4In0.eyJzdWIi.c2ln`             | `Bearer [token]`            | `redactTokens`   |
 * | `access_token%3DeyJraWQiOiJ4In0%26`                | `access_token%3D[token]%26` | `redactTokens`   |
 * | `data: [34, 49, 51, 53, 55, 57, 48, 34]`           | `data: [[redacted]]`        | `redactTokens`   |
 * | `to zoe.o+tag@mail.example.com, twice`             | `to [email], twice`         | `redactEmails`   |
 * | `email=zoe%2Btag%40example.com&x`                  | `email=[email]&x`           | `redactEmails`   |
 * | `@temporalio/worker@1.24.0`                        | the same                    | `redactEmails`   |
 * | `z***@e***`                                        | the same                    | `redactEmails`   |
 * | `one:q2Xv9pR0TqB3mKc+Zl8/uYw1HsE5dJ7aN4oGfVtIxSk=` | `one:[redacted]`            | `redactLongRuns` |
 * | `verify/us-east-1_AbC123456/{sub}/email`           | the same                    | `redactLongRuns` |
 * | `to +1 (555) 555-0123 now`                         | `to [phone] now`            | `redactPhones`   |
 * | `+1 555 555 0123 2026-11-23`                       | `[phone] 2026-11-23`        | `redactPhones`   |
 * | `Your code is 12 34 56!`                           | `Your code is [digits]!`    | `redactGroups`   |
 * | `12 34 56 events, code 12 10:00:00`                | the same                    | `redactGroups`   |
 * | `{"code":"135790"}`                                | `{"code":"[digits]"}`       | `redactDigits`   |
 * | `code%253D135790`                                  | `code%253D[digits]`         | `redactDigits`   |
 * | `Code1357`                                         | `Code[digits]`              | `redactDigits`   |
 * | `localhost:7233`, `after 20000 ms`                 | the same                    | `redactDigits`   |
 * | `sent to +*******0123`                             | the same                    | `redactDigits`   |
 * | `the key "2026-11", of 2026-11-23`                 | the same                    | `redactDigits`   |
 * | `pod-7d9f8b6c5d`, `exit code 137`                  | the same                    | `redactDigits`   |
 *
 * Not recognised: codes of letters (`codeFormat: nonSpace`); digits with letters at their end (`482910s`), which look like
 * ids and times; codes in groups without a word such as `code` before them; addresses whose name is in quotation marks;
 * names of people, and other text that is only personal.
 */

/**
 * The text with everything replaced that may be a secret:
 * - `[token]`: a JSON Web Token, or the beginning of one
 * - `[email]`: an e-mail address; `[phone]`: a phone number in international form, with or without groups
 * - `[digits]`: four or more digits that stand alone, as a code does; groups of digits after a word for a code
 * - `[redacted]`: a run of 40 or more characters that is neither words, nor a path, nor ids; bytes written as numbers
 *
 * Finds secrets in JSON and in URLs too, escaped once or more. Takes time in proportion to the length of the text, whatever
 * the text is. A second call changes nothing. Never throws.
 */
export function redactText(text: string): string {
  return redactDigits(redactGroups(redactPhones(redactLongRuns(redactEmails(redactTokens(text))))));
}

/** `eyJ` is the base64url of `{"`; the other beginnings are of headers that were printed with spaces. */
const TOKEN = /(?:eyJ|eyAi|ewog|ewoJ|ew0K)[\w-]{9,}(?:(?:\.|%2E)[\w=-]*){0,4}/g;
/** Bytes of ASCII as Rust and `util.inspect` print them: two or three digits each. */
const BYTES = /\d{2,3}(?:,\s{1,40}\d{2,3}){5,}|<Buffer [\da-f]{2}[^<>]*>?/g;

/** Like `redactText`, but replaces tokens and bytes only: for an id, which people must be able to search for. */
export function redactTokens(text: string): string {
  return text.replace(TOKEN, '[token]').replace(BYTES, '[redacted]');
}

/** A loop, because a regular expression would search for the `@` again from each letter of a long word. */
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

/** The end of the domain that begins here; 0 if none does. The `1.24.0` after the name of a package is no domain. */
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
  // After a letter or a digit it is an apostrophe, elsewhere a quotation mark.
  if (character === "'") return /[a-z\d]/i.test(text.charAt(at - 1));
  return /[\w.%+-]/.test(character) || isBeyondAscii(character);
}

/** Whether it is a letter of another script; not a space or a quotation mark. */
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

/** A slash may belong to a path or to a key in base64; only a key ends with padding. */
function isSecret(run: string): boolean {
  if (run.split(/[/%]/).some((part) => part.length >= 40 && !part.split(SEPARATORS).every(isWordOrId))) return true;
  return [...run.matchAll(/[A-Za-z\d+/]+/g)].some(
    ({ 0: text, index }) =>
      text.length >= 16 && run.charAt(index + text.length) === '=' && !text.split('/').every(isWordOrId),
  );
}

const SEPARATORS = /[._=-]+/;
/** The last group of a UUID has this length. */
const MAX_ID_LENGTH = 12;

/** Whether it is like `commonWords`, `SHOUTED` or `7d9f8b6c5d`, and not like a random text of base64 characters. */
function isWordOrId(segment: string): boolean {
  if (segment.length <= MAX_ID_LENGTH && /^(?:[a-z\d]*|[A-Z\d]*)$/.test(segment)) return true;
  // The longest words have fewer than 25 letters.
  if (!/^[A-Za-z]+$/.test(segment) || /[a-z]{25}|[A-Z]{25}/.test(segment)) return false;
  const capitals = segment.replace(/[a-z]+/g, '').length;
  return capitals * 3 <= segment.length || capitals === segment.length;
}

const DATE = '(?:19|20)\\d\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const PLUS_AND_GROUP = /(?:\+|%(?:25)*2[Bb]|\\u002[Bb])\(?(\d+)/g;
/** Another group of a phone number, and not a date that follows the number. */
const NEXT_GROUP = new RegExp(
  `(?:[ \\u00A0\\u2009\\u202F()./\\u2010-\\u2013-]|%20|%28|%29){1,3}(?!${DATE}(?![\\d-]))(\\d+)`,
  'y',
);
/** E.164 allows 15 digits; the shortest numbers in use have 7. */
const PHONE_DIGITS = { min: 7, max: 15 };

function redactPhones(text: string): string {
  let redacted = '';
  let done = 0;
  for (const { 0: begin, 1: group = '', index } of text.matchAll(PLUS_AND_GROUP)) {
    // This group belongs to the number before.
    if (index < done) continue;
    let digits = group.length;
    let end = index + begin.length;
    if (digits < PHONE_DIGITS.min) {
      for (;;) {
        NEXT_GROUP.lastIndex = end;
        const next = NEXT_GROUP.exec(text)?.[1]?.length;
        if (next === undefined || digits + next > PHONE_DIGITS.max) break;
        digits += next;
        end = NEXT_GROUP.lastIndex;
      }
    }
    if (digits < PHONE_DIGITS.min) continue;
    redacted += `${text.slice(done, index)}[phone]`;
    done = end;
  }
  return redacted + text.slice(done);
}

/** The punctuation between a word and its value, in a URL too. */
const BETWEEN = '(?:\\W|%(?:25)*(?:20|22|3[Aa]|3[Dd])){1,6}';
/** `code: 123 456`, `"otp":"12 34 56"`: codes as mail programs show them. Not a date, or the time after an exit code. */
const GROUPS = new RegExp(
  `((?:code|pin|otp)(?:${BETWEEN}(?:is|was)(?!\\w))?${BETWEEN})` +
    `(?!${DATE}(?!\\d))\\d{2,4}(?:(?:[ \\u00A0\\u202F-]|%(?:25)*20)(?!${DATE}(?!\\d))\\d{2,4}){1,3}(?!\\d|:\\d)`,
  'gi',
);

function redactGroups(text: string): string {
  return text.replace(GROUPS, '$1[digits]');
}

/** Parts of a text that are treated alike: escapes and a few forms that stay, then words with their hyphens and dots. */
const ATOMS = new RegExp(
  [
    // Escapes: their letters and digits do not belong to the word after them.
    '%(?:25)*(?:0[9AaDd]|2[02-9A-Fa-f]|3[A-Fa-f]|40|5[BbDd]|7[BbDd])',
    '\\\\(?:u[\\dA-Fa-f]{4}|[nrtbf])',
    // A destination that Cognito has masked.
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

/** Whether a number of up to five digits follows `host:`, or the name of a source file. */
function isPort(text: string, at: number): boolean {
  return (
    /[\w\]:]:$/.test(text.slice(Math.max(0, at - 2), at)) &&
    !/(?:code|pin|otp|number):$/i.test(text.slice(Math.max(0, at - 8), at))
  );
}

/** A month too: people call their keys after the month. */
const NO_CODE = new RegExp(`^(?:${DATE}|(?:19|20)\\d\\d-(?:0[1-9]|1[0-2])|\\d{8}-\\d{4}-\\d{4}-\\d{4}-\\d{12})$`);

/** Digits beside a letter belong to an id, unless the letters say that the digits are a code. */
function redactWord(word: string): string {
  if (/[^\d_-]/.test(word)) return word.replace(/((?:code|pin|otp)[-_]?)\d{4,}$/i, '$1[digits]');
  const digits = word.replace(/\D+/g, '').length;
  return (digits >= 6 || /\d{4}/.test(word)) && !NO_CODE.test(word) ? '[digits]' : word;
}
