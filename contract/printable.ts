/** What a terminal obeys, what changes the order of a text or cannot be seen, and what ends a line: Unicode's categories. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside on one line, as it may be shown on a terminal, on a page or in a log: a line break or a tab becomes a
 * space, every other control, format, escape or bidirectional character becomes U+FFFD.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(UNPRINTABLE, '\uFFFD');
}

/** The same for a text of several lines, which keeps its line breaks. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join('\n');
}

/** Whether nothing in the text has to be replaced before it is shown. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}
