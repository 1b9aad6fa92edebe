import { randomUUID } from 'node:crypto';
import { basename, relative } from 'node:path';
import { styleText } from 'node:util';
// The whole contract would load a package of Temporal, which the help text does not need.
import { printableLines } from '@cognito-verification/contract/printable';
import { Option } from 'commander';

/** The options of every command. */
export interface OutputOptions {
  json?: boolean | undefined;
}

export const jsonOption = () => new Option('--json', 'print one JSON document on standard output, for errors too');

/** Writes the answer of a command to standard output: a JSON document for programs, or text for people. */
export function print(options: OutputOptions, document: unknown, people: string): void {
  process.stdout.write(options.json ? jsonLine(document) : `${onTerminal(asCalled(people))}\n`);
}

/** Writes a text for people to standard error. */
export function tell(text: string): void {
  process.stderr.write(`${onTerminal(text)}\n`);
}

/** A count with its noun: `1 e-mail`, `2 e-mails`. @param noun one whose plural ends with an s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * One JSON document on a line. What a terminal obeys is escaped: it means the same to a program. `JSON.stringify` escapes only
 * a part of it.
 */
export function jsonLine(document: unknown): string {
  const json = JSON.stringify(document).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
  return `${json}\n`;
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Stands for our own escape characters until a text is written: no text of others can hold it. */
const MARK = randomUUID();
const EMPHASIZED = new RegExp(`${MARK}(\\w+):(.*?)${MARK}`, 'gs');

/**
 * A text for people as it goes to a terminal. Whatever others have put into it, it holds no character that a terminal obeys but
 * line breaks and the styles of `emphasized`.
 */
export function onTerminal(text: string): string {
  return printableLines(text).replaceAll(EMPHASIZED, (_, style: Style, content: string) => styleText(style, content));
}

/** Text that stands out on a terminal, once `print` or `tell` writes it. It stays plain if the output is not a terminal or `NO_COLOR` is set. */
export function emphasized(style: Style, content: string): string {
  const plain = !process.stdout.isTTY || Boolean(process.env['NO_COLOR']);
  return plain ? content : `${MARK}${style}:${content}${MARK}`;
}

/** What the manifest's `bin` calls the program. */
const NAME = 'cognito-verification';

/** A command line in a text: the name before a word that may be a command. */
const COMMAND_LINE = /(?<!Usage: )\bcognito-verification(?= [a-z])/g;

/**
 * The text with each command line in the form in which its reader can type it. The program is on the PATH only if it was
 * called by its bare name. Through npx it is found in the clone alone: elsewhere npx would fetch a stranger's package of this name.
 */
export function asCalled(
  text: string,
  { argv, env }: Pick<NodeJS.Process, 'argv' | 'env'> = process,
  folder: string = process.cwd(),
): string {
  const program = argv[1] ?? '';
  if (env['npm_command'] !== 'exec' && basename(program) === NAME) return text;
  const short = relative(folder, program);
  const path = short.startsWith('..') ? program : short;
  return text.replace(COMMAND_LINE, () => `node ${/\s/.test(path) ? JSON.stringify(path) : path}`);
}
