import { BOUNDS } from './bounds.js';
import { SUB_FORM, USER_POOL_ID_FORM } from './workflow-id.js';

/** What a verification reads from an access token. It does not verify the signature: Cognito does that. */
export interface AccessTokenClaims {
  /** The user's `sub`. */
  sub: string;
  /** The id of the user pool, from the last part of `iss`. */
  userPoolId: string;
  /** When the token expires, in milliseconds since the epoch. Absent where the token does not say it. */
  expiresAtMs?: number | undefined;
  /** The app client that the token was issued to. Absent where the token does not say it. */
  clientId?: string | undefined;
}

/** The scope that Cognito requires for both calls. */
export const REQUIRED_SCOPE = 'aws.cognito.signin.user.admin';

/** A text is no usable access token. The message says why and holds nothing of the token. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
}

/**
 * Decodes an access token's claims. Decoded is not authorized: the claims only choose the workflow id and say when the token
 * expires. Cognito checks the token with each call.
 * @throws AccessTokenError naming what is wrong: not a JWT, an ID token, no `sub`, no pool, without the scope.
 */
export function decodeAccessToken(token: string): AccessTokenClaims {
  if (token.length > BOUNDS.accessToken) {
    throw new AccessTokenError(`has ${token.length} characters, more than ${BOUNDS.accessToken}`);
  }
  // The pattern of AccessTokenType in Cognito's API.
  if (!/^[\w=.-]+$/.test(token) || token.split('.').length !== 3) {
    throw new AccessTokenError('is not a JSON Web Token (three parts, separated by dots)');
  }
  const claims = readClaims(token.split('.')[1] as string);
  if (claims['token_use'] !== undefined && claims['token_use'] !== 'access') {
    throw new AccessTokenError(`has token_use "${wordOf(claims['token_use'])}": the access token is needed`);
  }
  const scope = claims['scope'];
  if (typeof scope === 'string' && !scope.split(' ').includes(REQUIRED_SCOPE)) {
    throw new AccessTokenError(
      `lacks the scope ${REQUIRED_SCOPE}: Cognito lets such a token neither send nor verify. Tokens of the hosted UI need it among the app client's scopes`,
    );
  }
  const sub = claims['sub'];
  if (typeof sub !== 'string' || !SUB_FORM.test(sub)) throw new AccessTokenError('has no usable "sub" claim');
  const userPoolId =
    typeof claims['iss'] === 'string' ? claims['iss'].replace(/\/+$/, '').split('/').at(-1) : undefined;
  if (!userPoolId || !USER_POOL_ID_FORM.test(userPoolId)) {
    throw new AccessTokenError('has no user pool in its "iss" claim');
  }
  const { exp, client_id: clientId } = claims;
  return {
    sub,
    userPoolId,
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : undefined,
    clientId: typeof clientId === 'string' ? clientId : undefined,
  };
}

function readClaims(part: string): Record<string, unknown> {
  let claims: unknown;
  try {
    claims = JSON.parse(decodeBase64Url(part));
  } catch {
    // The parser's own message would quote the token.
    throw new AccessTokenError('has claims that cannot be read');
  }
  if (typeof claims !== 'object' || claims === null) throw new AccessTokenError('has claims that cannot be read');
  return claims as Record<string, unknown>;
}

function wordOf(value: unknown): string {
  return String(value)
    .replace(/[^\w-]/g, '')
    .slice(0, 20);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Our own decoder, because the workflow sandbox has neither Buffer nor atob. */
function decodeBase64Url(text: string): string {
  let bits = 0;
  let held = 0;
  let percentEncoded = '';
  for (const character of text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) throw new RangeError('not base64url');
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    percentEncoded += `%${((held >> bits) & 0xff).toString(16).padStart(2, '0')}`;
    held &= (1 << bits) - 1;
  }
  return decodeURIComponent(percentEncoded);
}
