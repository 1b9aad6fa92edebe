/**
 * A text of a caller for a page that people read: without characters that cannot be seen, or that change the order of a text.
 * Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
