import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Option } from 'commander';
import { InterruptedError, UsageError } from './usage-error.js';

/** What the options below put into a command's options. */
export interface SecretOptions {
  accessTokenFile?: string;
  codeFile?: string;
}

export const accessTokenOption = () =>
  new Option(
    '--access-token-file <file>',
    'read the access token from here; - is standard input. Default: $COGNITO_ACCESS_TOKEN',
  );

export const codeOption = () =>
  new Option(
    '--code-file <file>',
    'read the code from here; - is standard input. Default: $VERIFICATION_CODE, else standard input',
  );

/** The access token, where one is given: from the file, else from `COGNITO_ACCESS_TOKEN`. */
export async function readAccessToken({ accessTokenFile }: SecretOptions): Promise<string | undefined> {
  if (accessTokenFile !== undefined) return await readSecretFile(accessTokenFile, '--access-token-file');
  return process.env['COGNITO_ACCESS_TOKEN']?.trim() || undefined;
}

/**
 * The access token, from standard input if nothing else gives one.
 * @throws UsageError when there is none.
 */
export async function requireAccessToken(options: SecretOptions): Promise<string> {
  const token = (await readAccessToken(options)) ?? (process.stdin.isTTY ? undefined : await readStandardInput());
  if (token) return token;
  throw new UsageError(
    'An access token is needed: --access-token-file FILE (- for standard input) or the variable COGNITO_ACCESS_TOKEN.',
  );
}

/**
 * The code: from the file, else from `VERIFICATION_CODE`, else from standard input, where a terminal is asked for it.
 * @throws UsageError when there is none.
 */
export async function requireCode({ codeFile, accessTokenFile }: SecretOptions): Promise<string> {
  if (codeFile === '-' && accessTokenFile === '-') {
    throw new UsageError('Only one of --code-file and --access-token-file can be standard input.');
  }
  if (codeFile !== undefined) return await readSecretFile(codeFile, '--code-file');
  const fromEnvironment = process.env['VERIFICATION_CODE']?.trim();
  if (fromEnvironment) return fromEnvironment;
  if (accessTokenFile === '-') {
    throw new UsageError(
      'Standard input holds the access token, so the code has to come from --code-file or VERIFICATION_CODE.',
    );
  }
  const code = process.stdin.isTTY ? await ask('Code: ') : await readStandardInput();
  if (code) return code;
  throw new UsageError(
    'A code is needed: on standard input, in --code-file FILE or in the variable VERIFICATION_CODE.',
  );
}

async function readSecretFile(path: string, option: string): Promise<string> {
  let content: string;
  try {
    content = path === '-' ? await readStandardInput() : (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(`${option}: ${path} ${whyUnreadable(error)}.`, { cause: error });
  }
  if (content === '') throw new UsageError(`${option}: ${path === '-' ? 'standard input' : path} is empty.`);
  return content;
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read (${typeof code === 'string' ? code : 'for an unknown reason'})`;
}

async function readStandardInput(): Promise<string> {
  return (await text(process.stdin)).trim();
}

/** The question goes to standard error: standard output holds the answer of the command. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new AbortController();
  terminal.once('SIGINT', () => interrupted.abort());
  try {
    return (await terminal.question(question, { signal: interrupted.signal })).trim();
  } catch (error) {
    if (interrupted.signal.aborted) throw new InterruptedError('Nothing was submitted.', { cause: error });
    throw error;
  } finally {
    terminal.close();
  }
}
