import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { defined, publishedKeysUrl, type ServedUserPool } from '@cognito-verification/contract';
import { JwtWithoutValidKidError, KidNotFoundInJwksError, WaitPeriodNotYetEndedJwkError } from 'aws-jwt-verify/error';
import { type JwksCache, SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { KeysUnavailableError } from './errors.js';

/** Cognito answers within a tenth of a second, and somebody waits. */
const FETCH_TIMEOUT_MS = 3_000;

/** The two keys of a pool have a kilobyte. */
const MAX_BYTES = 256 * 1024;

/**
 * The public keys of user pools. Keys that were fetched once are kept until a token names another key: an outage of the
 * pool's endpoint stops no token that they can check. After a token with an unknown key it is not asked again for ten
 * seconds, so that a flood of forged tokens is no flood of requests.
 */
export class PublicKeys {
  private readonly cache = new SimpleJwksCache({ fetcher: { fetch: fetchKeys } });

  /**
   * What finds the key that a token names. A function of its own, as `verifyJwt` takes it.
   * @throws KeysUnavailableError; KidNotFoundInJwksError if the pool does not publish it; JwtWithoutValidKidError
   */
  finderFor({ keys }: ServedUserPool): JwksCache['getJwk'] {
    if (!keys) return this.find;
    const held = new SimpleJwksCache();
    return (url, jwt) => {
      held.addJwks(url, { keys: keys.map((key) => ({ kty: 'RSA', ...defined(key) })) });
      return Promise.resolve(held.getCachedJwk(url, jwt));
    };
  }

  private readonly find: JwksCache['getJwk'] = async (url, jwt) => {
    try {
      return await this.cache.getJwk(url, jwt);
    } catch (error) {
      if (error instanceof KidNotFoundInJwksError || error instanceof JwtWithoutValidKidError) throw error;
      throw new KeysUnavailableError(
        `No access token can be checked now: the public keys at ${shown(url)} cannot be had (${reasonOf(error)}). ${whatToDo(url)}`,
        { cause: error },
      );
    }
  };
}

/**
 * Where the pool's keys are: in its file, at its endpoint, or at the issuer.
 * @param issuer one of `issuersOf`, which has none for an endpoint
 */
export function keysUrl(pool: ServedUserPool, issuer: string | undefined): string {
  const { userPoolId, keysFile } = pool;
  if (keysFile !== undefined) return `${pathToFileURL(keysFile).href}#${userPoolId}`;
  return publishedKeysUrl(pool, issuer);
}

async function fetchKeys(url: string): Promise<ArrayBuffer> {
  const { protocol, hash, href } = new URL(url);
  if (protocol === 'file:') return await readKeys(new URL(href.slice(0, -hash.length)), hash.slice(1));
  // A redirect comes from something between here and Cognito.
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error('an answer that is too long');
    chunks.push(chunk);
  }
  return bufferOf(Buffer.concat(chunks));
}

/** Read anew whenever a token names an unknown key, so that the file can follow a rotation. */
async function readKeys(file: URL, userPoolId: string): Promise<ArrayBuffer> {
  const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  return bufferOf(Buffer.from(JSON.stringify(content[userPoolId] ?? null)));
}

function bufferOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function shown(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@');
}

/** Names the settings: a caller that gives `endpoint` or `keysFile` in its code knows where they come from. */
function whatToDo(url: string): string {
  if (url.startsWith('file:')) return 'Check the file that VERIFICATION_USER_POOL_KEYS_FILE names.';
  return 'This process must reach that address. AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER sets another endpoint, and VERIFICATION_USER_POOL_KEYS_FILE a file in place of the network.';
}

/** Codes of the network and our own words only: the text of another error may quote what was read. */
function reasonOf(error: unknown): string {
  if (error instanceof WaitPeriodNotYetEndedJwkError) return 'they were asked for a moment ago';
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause instanceof Error ? error.cause : error;
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return /^(HTTP \d+|an answer that is too long)$/.test(error.message) ? error.message : 'no usable answer';
}
