/**
 * What people type or paste between the digits of a code: white space, dashes, the Japanese long-vowel mark, and marks that cannot
 * be seen. Not those that show the digits in another order: then the user does not see what is sent.
 */
const BETWEEN_DIGITS =
  /[\s\p{Z}\p{Pd}\u00ad\u061c\u200b-\u200f\u202a-\u202c\u2060\u2066-\u2069\u2212\u30fc\ufeff\uff70]/gu;
const DIGIT = /\p{Nd}/u;

/**
 * A code as Cognito sent it, of one as people type and paste it: with spaces and hyphens, and with the digits of their keyboard.
 * A text that is not of digits alone is left as it is: nobody knows what belongs to it.
 */
export function codeAsSent(typed: string): string {
  const digits = Array.from(typed.replaceAll(BETWEEN_DIGITS, ''), asciiDigit).join('');
  return /^\d+$/.test(digits) ? digits : typed;
}

/** Unicode's decimal digits come in runs of ten from zero to nine, of which several may follow each other. */
function asciiDigit(character: string): string {
  if (!DIGIT.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  let first = point;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((point - first) % 10);
}
