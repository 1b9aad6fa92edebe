import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AccessTokenSource, AccessTokenSourceError } from './access-token-source.js';
import { AccessTokenSourceOptionError, createHttpAccessTokenSource } from './http-access-token-source.js';

const URL_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_URL';
const BEARER_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE';

/** A setting that no token could be found with. The message says its name, what was found and what is allowed. */
export class AccessTokenSourceSettingError extends Error {
  override readonly name = 'AccessTokenSourceSettingError';
  readonly code = 'Configuration';
}

/**
 * The access token source of the worker's settings, if there is one: `VERIFICATION_ACCESS_TOKEN_SOURCE_URL`, and
 * `VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE` with the secret for its header `Authorization: Bearer …`. The file is read with
 * each request, so that the secret can be rotated. An empty variable counts as not set.
 * @throws AccessTokenSourceSettingError when one is wrong.
 */
export function accessTokenSourceFromSettings(
  environment: NodeJS.ProcessEnv = process.env,
): AccessTokenSource | undefined {
  const url = environment[URL_SETTING] || undefined;
  const bearerFile = environment[BEARER_SETTING] || undefined;
  if (url === undefined) {
    if (bearerFile === undefined) return undefined;
    throw wrong(URL_SETTING, 'nothing', `the URL of the access token source, since ${BEARER_SETTING} is set`);
  }
  if (bearerFile !== undefined) checkNow(bearerFile);
  try {
    return createHttpAccessTokenSource({
      url,
      ...(bearerFile === undefined ? {} : { authorization: async () => `Bearer ${await readBearer(bearerFile)}` }),
    });
  } catch (error) {
    if (!(error instanceof AccessTokenSourceOptionError)) throw error;
    throw wrong(URL_SETTING, error.found, error.allowed);
  }
}

const BEARER_ALLOWED = 'the path of a file with one line of printable characters';

function checkNow(path: string): void {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(BEARER_SETTING, `${show(path)}, which cannot be read (${codeOf(error)})`, BEARER_ALLOWED);
  }
  if (!isBearer(content)) throw wrong(BEARER_SETTING, `${show(path)}, with something else in it`, BEARER_ALLOWED);
}

async function readBearer(path: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    throw new AccessTokenSourceError(`was not asked: the file of ${BEARER_SETTING} cannot be read (${codeOf(error)})`);
  }
  if (!isBearer(content)) {
    throw new AccessTokenSourceError(`was not asked: the file of ${BEARER_SETTING} is not one line of text`);
  }
  return content.trim();
}

function isBearer(content: string): boolean {
  return /^[\x21-\x7e]+$/.test(content.trim());
}

function wrong(name: string, found: string, allowed: string): AccessTokenSourceSettingError {
  return new AccessTokenSourceSettingError(`${name}: found ${found}; allowed: ${allowed}`);
}

function show(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
}
