import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { errorName, Secret, type TokenInput } from '@cognito-verification/contract';
import { Option } from 'commander';
import { errorCode } from '../log/error-code.js';
import { watchInterruption } from './interruption.js';
import { InterruptedError, UsageError } from './usage-error.js';

/** The values of the options below. */
export interface SecretOptions {
  accessTokenFile?: string | undefined;
  accessTokenReference?: string | undefined;
  codeFile?: string | undefined;
  newValueFile?: string | undefined;
}

export const accessTokenOption = () =>
  new Option(
    '--access-token-file <file>',
    'read the access token from here; - is standard input. Default: $COGNITO_ACCESS_TOKEN',
  );

/** A reference is not a secret, so it may be an argument. */
export const accessTokenReferenceOption = () =>
  new Option(
    '--access-token-reference <reference>',
    "instead of a token: what the worker's access token source finds it by",
  ).conflicts('accessTokenFile');

export const codeOption = () =>
  new Option(
    '--code-file <file>',
    'read the code from here; - is standard input. Default: $VERIFICATION_CODE, else standard input',
  );

export const newValueOption = () =>
  new Option(
    '--new-value-file <file>',
    'change the attribute to the value in here; - is standard input. Default: $VERIFICATION_NEW_VALUE, else no change',
  );

/** The value from the file or from `VERIFICATION_NEW_VALUE`; undefined without either. */
export async function readNewValue({ newValueFile, accessTokenFile }: SecretOptions): Promise<Secret | undefined> {
  if (newValueFile === '-' && accessTokenFile === '-') {
    throw new UsageError('Only one of --new-value-file and --access-token-file can be standard input.');
  }
  if (newValueFile !== undefined) return await readSecretFile(newValueFile, '--new-value-file');
  return secretOf(process.env['VERIFICATION_NEW_VALUE']);
}

/** The reference, or the token from the file or from `COGNITO_ACCESS_TOKEN`; undefined without any of them. */
export async function readAccessToken(options: SecretOptions): Promise<TokenInput | undefined> {
  const { accessTokenFile, accessTokenReference } = options;
  if (accessTokenReference !== undefined) return { accessTokenReference };
  const accessToken =
    accessTokenFile === undefined
      ? secretOf(process.env['COGNITO_ACCESS_TOKEN'])
      : await readSecretFile(accessTokenFile, '--access-token-file');
  return accessToken && { accessToken };
}

/**
 * The same, with a token from standard input if nothing else gives one.
 * @throws UsageError when there is none.
 */
export async function requireAccessToken(options: SecretOptions): Promise<TokenInput> {
  const tokenInput = await readAccessToken(options);
  if (tokenInput) return tokenInput;
  const accessToken = process.stdin.isTTY ? undefined : await readStandardInput();
  if (accessToken) return { accessToken };
  throw new UsageError(
    'An access token is needed: --access-token-file FILE (- for standard input), the variable COGNITO_ACCESS_TOKEN, or --access-token-reference REFERENCE instead.',
  );
}

/**
 * The code: from the file, else from `VERIFICATION_CODE`, else from standard input, where a terminal is asked for it.
 * @throws UsageError when there is none. InterruptedError on Ctrl-C.
 */
export async function requireCode({ codeFile, accessTokenFile }: SecretOptions): Promise<Secret> {
  if (codeFile === '-' && accessTokenFile === '-') {
    throw new UsageError('Only one of --code-file and --access-token-file can be standard input.');
  }
  if (codeFile !== undefined) return await readSecretFile(codeFile, '--code-file');
  const fromEnvironment = secretOf(process.env['VERIFICATION_CODE']);
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

async function readSecretFile(path: string, option: string): Promise<Secret> {
  let content: Secret | undefined;
  try {
    content = path === '-' ? await readStandardInput() : secretOf(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${option}: ${path} ${whyUnreadable(error)}.`, { cause: error });
  }
  if (!content) throw new UsageError(`${option}: ${path === '-' ? 'standard input' : path} is empty.`);
  return content;
}

function whyUnreadable(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read (${code ?? 'for an unknown reason'})`;
}

async function readStandardInput(): Promise<Secret | undefined> {
  const interruption = watchInterruption('Interrupted. Nothing was sent.');
  try {
    return secretOf(await Promise.race([text(process.stdin), interruption.promise]));
  } finally {
    interruption.dispose();
  }
}

/** The content without spaces and line ends around it; undefined where nothing else is there. */
function secretOf(content: string | undefined): Secret | undefined {
  const trimmed = content?.trim();
  return trimmed ? new Secret(trimmed) : undefined;
}

/** Ctrl-D is no answer. The question goes to standard error: standard output holds the answer of the command. */
async function ask(question: string): Promise<Secret | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new AbortController();
  terminal.once('SIGINT', () => interrupted.abort());
  try {
    return secretOf(await terminal.question(question, { signal: interrupted.signal }));
  } catch (error) {
    if (interrupted.signal.aborted) throw new InterruptedError('Nothing was submitted.', { cause: error });
    if (errorName(error) === 'AbortError') return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
