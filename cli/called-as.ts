import { basename } from 'node:path';

/** What the manifest's `bin` calls the program. */
const NAME = 'cognito-verification';

/** A command line in a text: the name and what could be a command, unless it is in the form for a clone already. */
const COMMAND_LINE = /(?<!npx )(?<!Usage: )\bcognito-verification(?= [a-z])/g;

/**
 * The text with each command line in it as whoever reads it can type it. Only a program that was called by its bare name
 * is on the PATH; through npx, and from a clone, it is not.
 */
export function asCalled(text: string, { argv, env }: Pick<NodeJS.Process, 'argv' | 'env'> = process): string {
  const bare = env['npm_command'] !== 'exec' && basename(argv[1] ?? '') === NAME;
  return bare ? text : text.replace(COMMAND_LINE, `npx ${NAME}`);
}
