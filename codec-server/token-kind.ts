/** Tells access tokens from the other tokens that an identity provider signs with the same keys for the same audience. */
import type { JWTHeaderParameters, JWTPayload } from 'jose';

/**
 * Types of access tokens: of RFC 9068 (`at+jwt`), of Okta, of Keycloak (`Bearer`, in the claims), and the general `JWT`.
 * Others are `ID`, `Refresh`, `Offline`, `Logout` (Keycloak), `logout+jwt`, `secevent+jwt`, and `DPoP`, which needs a proof
 * of a key that no caller sends here.
 */
const ACCESS_TYPES = /^(?:application\/)?(?:jwt|at\+jwt|okta-internal-at\+jwt|bearer|access)$/i;

/** OpenID Connect Core 1.0, 3.1.3.6 and 3.3.2.11, and FAPI: they bind an ID token to a sign-in or to another token. */
const CLAIMS_OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash'];

/** For whom an access token was issued, and for what: RFC 9068, Entra, Okta, Auth0, Keycloak. ID tokens have neither. */
const CLAIMS_OF_ACCESS_TOKENS = ['client_id', 'azp', 'appid', 'cid', 'scope', 'scp'];

/**
 * Says why a token is no access token; undefined for one that may be.
 * @param claims of a token whose signature is good
 */
export function whyNoAccessToken(header: JWTHeaderParameters, claims: JWTPayload): string | undefined {
  // Cognito's ID tokens have the same audience as its access tokens, and say so here alone.
  const { token_use: use, typ } = claims;
  if (use !== undefined && use !== 'access') return 'It is no access token: its "token_use" is another.';
  for (const type of [header.typ, typ]) {
    const isAccess = type === undefined || (typeof type === 'string' && ACCESS_TYPES.test(type));
    if (!isAccess) return 'It is no access token: its "typ" is another.';
  }
  const found = CLAIMS_OF_ID_TOKENS.find((name) => Object.hasOwn(claims, name));
  if (found !== undefined) return `It is an ID token: it has "${found}". An access token is needed.`;
  if (CLAIMS_OF_ACCESS_TOKENS.some((name) => claims[name] !== undefined)) return undefined;
  return 'It is no access token: it names neither a client nor a scope.';
}
