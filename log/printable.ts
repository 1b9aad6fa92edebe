/**
 * A text that may be written into a log: on one line but for its own line breaks and tabs, which JSON escapes, and without any
 * character that a terminal obeys, or that changes the order of a text. JSON escapes only some of these.
 */
export function printable(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
