/** What people type or paste between the digits of a code: white space, what cannot be seen, dashes, and the Japanese long-vowel mark. */
const BETWEEN_DIGITS = /[\s\p{Z}\p{Cf}\p{Pd}\u2212\u30fc\uff70]/gu;
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
