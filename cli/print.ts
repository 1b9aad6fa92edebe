import { basename } from 'node:path';
import { styleText } from 'node:util';
import { Option } from 'commander';

/** The options of every command. */
export interface OutputOptions {
  json?: boolean | undefined;
}

export const jsonOption = () => new Option('--json', 'print one JSON document on standard output, for errors too');

/** Writes the answer of a command to standard output: a JSON document for programs, or text for people. */
export function print(options: OutputOptions, document: unknown, people: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${asCalled(people)}\n`);
}

/** The text of others without characters that a terminal obeys, or that change the order of what it shows. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** Text that stands out on a terminal. It stays plain if the output is not a terminal or `NO_COLOR` is set. */
export function emphasized(style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', content: string): string {
  const plain = !process.stdout.isTTY || Boolean(process.env['NO_COLOR']);
  return plain ? content : styleText(style, content);
}

/** What the manifest's `bin` calls the program. */
const NAME = 'cognito-verification';

/** A command line in a text: the name before a word that may be a command, unless `npx` is there already. */
const COMMAND_LINE = /(?<!npx )(?<!Usage: )\bcognito-verification(?= [a-z])/g;

/**
 * The text with each command line in the form in which its reader can type it. The program is on the PATH only if it was
 * called by its bare name, so not through npx and not from a clone.
 */
export function asCalled(text: string, { argv, env }: Pick<NodeJS.Process, 'argv' | 'env'> = process): string {
  const bare = env['npm_command'] !== 'exec' && basename(argv[1] ?? '') === NAME;
  return bare ? text : text.replace(COMMAND_LINE, `npx ${NAME}`);
}
