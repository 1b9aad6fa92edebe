import { styleText } from 'node:util';
import { Option } from 'commander';
import { asCalled } from './called-as.js';

/** What every command takes. */
export interface OutputOptions {
  json?: boolean;
}

export const jsonOption = () => new Option('--json', 'print one JSON document on standard output, for errors too');

/** The one thing a command says on standard output: a JSON document for programs, text for people. */
export function print(options: OutputOptions, document: unknown, people: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${asCalled(people)}\n`);
}

/** Of what others have written: nothing that a terminal would obey, or show in another order. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** Text that stands out on a terminal; plain where output is no terminal or `NO_COLOR` is set. */
export function emphasized(style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', content: string): string {
  const plain = !process.stdout.isTTY || Boolean(process.env['NO_COLOR']);
  return plain ? content : styleText(style, content);
}
