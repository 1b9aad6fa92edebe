/** An access token source that asks a service of your own over HTTP. */
import { isLoopback, isRecord, TOKEN_SOURCE_TIMEOUT_MS } from '@cognito-verification/contract';
import { type AccessTokenRequest, type AccessTokenSource, AccessTokenSourceError } from './access-token-source.js';

/** Only `url` is required. */
export interface HttpAccessTokenSourceOptions {
  /** `https:`, or `http:` to this machine itself. */
  url: string;
  /**
   * Returns the value of the header `Authorization`, such as `Bearer …`. Called for each request, so that the secret can be
   * rotated. Default: no such header.
   */
  authorization?: (() => string | Promise<string>) | undefined;
  /** How long one request may take, 1 to 5,000 milliseconds. Default 5,000. */
  timeoutMs?: number | undefined;
}

/** An option is wrong, so that no request is possible. The message says which, what was found and what is allowed. */
export class AccessTokenSourceOptionError extends Error {
  override readonly name = 'AccessTokenSourceOptionError';
  constructor(
    readonly option: 'url' | 'timeoutMs',
    readonly found: string,
    readonly allowed: string,
  ) {
    super(`${option}: found ${found}; allowed: ${allowed}`);
  }
}

/** A token of Cognito has a few kilobytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * A source that sends `POST url` with `{"reference", "userPoolId", "sub", "attributeName"}` as JSON. It understands two
 * answers: 200 with `{"accessToken": "…"}`, and 404 or 410 for "there is none now". Any other answer is an error. So is a
 * redirect, because the secret in the header is for this URL only.
 * @throws AccessTokenSourceOptionError if an option is wrong
 */
export function createHttpAccessTokenSource(options: HttpAccessTokenSourceOptions): AccessTokenSource {
  const { authorization, timeoutMs = TOKEN_SOURCE_TIMEOUT_MS } = options;
  const url = parseUrl(options.url);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > TOKEN_SOURCE_TIMEOUT_MS) {
    throw new AccessTokenSourceOptionError(
      'timeoutMs',
      String(timeoutMs),
      `a whole number from 1 to ${TOKEN_SOURCE_TIMEOUT_MS}`,
    );
  }
  return {
    async accessToken(request, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return await ask(url, request, authorization, AbortSignal.any([signal, timeout]));
      } catch (error) {
        if (error instanceof AccessTokenSourceError) throw error;
        // The errors of fetch quote the header, so only their codes are passed on.
        throw new AccessTokenSourceError(
          timeout.aborted ? `gave no answer within ${timeoutMs} ms` : `could not be asked (${reasonOf(error)})`,
        );
      }
    },
  };
}

async function ask(
  url: URL,
  request: AccessTokenRequest,
  authorization: HttpAccessTokenSourceOptions['authorization'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { reference, userPoolId, sub, attributeName } = request;
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (authorization) headers['authorization'] = await authorization();
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ reference, userPoolId, sub, attributeName }),
    redirect: 'manual',
    signal,
  });
  if (response.status === 200) return tokenIn(await textOf(response));
  // An unread body would keep the connection busy.
  await response.body?.cancel();
  if (response.status === 404 || response.status === 410) return undefined;
  const hint = [401, 403].includes(response.status) ? ': it does not accept the worker, see its authorization' : '';
  throw new AccessTokenSourceError(`answered HTTP ${response.status}${hint}`);
}

async function textOf({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest of the body.
  for await (const part of body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new AccessTokenSourceError(`answered more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function tokenIn(text: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // The parser's own message would quote the token.
  }
  const token = isRecord(answer) ? answer['accessToken'] : undefined;
  if (typeof token === 'string' && token !== '') return token;
  throw new AccessTokenSourceError('answered 200 without {"accessToken": "…"}');
}

function parseUrl(text: string): URL {
  const allowed = 'an https URL without user and password, or an http URL of localhost';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !secure || url.username || url.password) {
    // A URL may hold a password, so nothing before the host is shown.
    const found = url ? `${url.protocol}//${url.username || url.password ? '…@' : ''}${url.host}` : 'no URL';
    throw new AccessTokenSourceOptionError('url', found, allowed);
  }
  return url;
}

function reasonOf(error: unknown): string {
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: { code?: unknown } };
  const reason = [cause?.code, code, name].find((word) => typeof word === 'string' && /^\w{1,60}$/.test(word));
  return typeof reason === 'string' ? reason : 'for an unknown reason';
}
