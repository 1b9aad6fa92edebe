import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describeSecretFile, SettingError } from '@cognito-verification/codec';
import { errorCode } from '../log/error-code.js';
import { type AccessTokenSource, AccessTokenSourceError } from './access-token-source.js';
import { AccessTokenSourceOptionError, createHttpAccessTokenSource } from './http-access-token-source.js';

const URL_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_URL';
const BEARER_SETTING = 'VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE';

/**
 * The access token source at `VERIFICATION_ACCESS_TOKEN_SOURCE_URL`; undefined if that is not set. The file
 * `VERIFICATION_ACCESS_TOKEN_SOURCE_BEARER_FILE` holds the secret for the header `Authorization: Bearer …`. It is read for
 * each request, so that the secret can be rotated. An empty variable counts as not set.
 * @throws SettingError if a setting is wrong
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
  if (bearerFile !== undefined) checkBearer(bearerFile);
  try {
    return createHttpAccessTokenSource({
      url,
      authorization: bearerFile === undefined ? undefined : async () => `Bearer ${await readBearer(bearerFile)}`,
    });
  } catch (error) {
    if (!(error instanceof AccessTokenSourceOptionError)) throw error;
    throw wrong(URL_SETTING, error.found, error.allowed);
  }
}

const BEARER_ALLOWED = 'the path of a file with one line of printable characters';

function checkBearer(path: string): void {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(BEARER_SETTING, `${describeSecretFile(path)} that cannot be read (${reasonOf(error)})`, BEARER_ALLOWED);
  }
  if (isBearer(content)) return;
  throw wrong(BEARER_SETTING, `${describeSecretFile(path)} with something else in it`, BEARER_ALLOWED);
}

async function readBearer(path: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    throw new AccessTokenSourceError(
      `was not asked: the file of ${BEARER_SETTING} cannot be read (${reasonOf(error)})`,
    );
  }
  if (!isBearer(content)) {
    throw new AccessTokenSourceError(`was not asked: the file of ${BEARER_SETTING} is not one line of text`);
  }
  return content.trim();
}

function isBearer(content: string): boolean {
  return /^[\x21-\x7e]+$/.test(content.trim());
}

function reasonOf(error: unknown): string {
  return errorCode(error) ?? 'unknown reason';
}

function wrong(name: string, found: string, allowed: string): SettingError {
  return new SettingError([{ name, found, allowed }]);
}
