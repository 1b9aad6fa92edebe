/** Who may use the codec server: access tokens of an identity provider, checked against its published keys. */
import type { Logger } from '@temporalio/common';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { CodecRefusal } from './refusal.js';

/** A right that a token carries: an OAuth scope, or the membership in a group. */
export interface Permission {
  readonly kind: 'scope' | 'group';
  readonly name: string;
}

/** How tokens are checked. */
export interface CodecAuthorization {
  /** Where the identity provider publishes its keys; fetched when needed and kept for ten minutes. */
  readonly jwksUrl: URL;
  /** What `iss` must be, to the letter. */
  readonly issuer: string;
  /** What `aud` must be or hold; in a token without `aud`, as Cognito's access tokens are, what `client_id` must be. */
  readonly audience: string;
  /** Needed for everything. */
  readonly permission: Permission;
  /** Needed to see what is hidden otherwise. Without it nobody may. */
  readonly revealPermission?: Permission;
  /**
   * Needed to seal. Without it nobody may: who reads must not be able to make what workers take for a message of a service
   * that has the keys.
   */
  readonly encodePermission?: Permission;
}

/** Whoever a valid token speaks of. */
export interface Caller {
  /** The token's `sub`, fit for a log. */
  readonly subject: string;
  /** Without it the other two are worth nothing. */
  readonly mayRead: boolean;
  readonly mayReveal: boolean;
  readonly mayEncode: boolean;
}

/** Finds out who calls, from the header `Authorization`. */
export type Authorize = (authorizationHeader: string | undefined) => Promise<Caller>;

/** No symmetric one: with those, a published key would be a password that everyone knows. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Clocks of servers that are kept in time differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Claims in which identity providers (Cognito, Entra, Keycloak, Okta, Auth0, Temporal Cloud) put what a token allows. */
const CLAIMS: Readonly<Record<Permission['kind'], readonly string[]>> = {
  scope: ['scope', 'scp'],
  group: ['groups', 'cognito:groups', 'roles', 'permissions'],
};

/**
 * @param log is told when the keys of the identity provider cannot be fetched
 * @returns a check that throws a `CodecRefusal`: 401 without a valid token, 503 when the keys cannot be fetched, for then
 *   nobody can be let in
 */
export function createAuthorize(settings: CodecAuthorization, log: Logger): Authorize {
  const published = createRemoteJWKSet(settings.jwksUrl);
  const keyFor: JWTVerifyGetKey = async (header, token) => {
    try {
      return await published(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      // Without the query, in which a key of ours may stand.
      const { origin, pathname } = settings.jwksUrl;
      log.error(`No token can be checked: the keys at ${origin}${pathname} cannot be fetched`, { reason });
      throw new CodecRefusal(
        503,
        'IdentityProviderUnavailable',
        'No access token can be checked now: the keys of the identity provider cannot be fetched.',
        { 'Retry-After': '30' },
      );
    }
  };

  return async (header) => {
    const token = /^Bearer +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
    if (token === undefined) {
      throw unauthorized('An access token is needed, in the header Authorization: Bearer <token>.');
    }
    const claims = await verified(token, keyFor, settings.issuer);
    // Cognito's ID tokens have the audience of its access tokens.
    if (![undefined, 'access'].includes(claims['token_use'] as string | undefined))
      throw invalidToken('It is no access token.');
    if (!isFor(claims, settings.audience)) throw invalidToken('It is for another audience or client than this one.');
    const { permission, revealPermission, encodePermission } = settings;
    return {
      subject: String(claims.sub)
        .replace(/[^\x21-\x7e]/g, '?')
        .slice(0, 255),
      mayRead: allows(claims, permission),
      mayReveal: revealPermission !== undefined && allows(claims, revealPermission),
      mayEncode: encodePermission !== undefined && allows(claims, encodePermission),
    };
  };
}

/** @throws CodecRefusal */
async function verified(token: string, keyFor: JWTVerifyGetKey, issuer: string): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keyFor, {
      issuer,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  } catch (error) {
    if (error instanceof CodecRefusal) throw error;
    throw invalidToken(whatIsWrong(error));
  }
}

/** The key set is there, and has no key for this token. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** The library's own messages are not passed on: they may quote claims. */
function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'It has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const known = ['iss', 'exp', 'nbf', 'sub'].includes(error.claim) ? error.claim : 'claims';
    return `Its "${known}" is missing or not what is wanted here.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'It is signed in a way that is not accepted here.';
  if (error instanceof errors.JWKSNoMatchingKey) return 'It is signed with a key that the issuer does not publish.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'Its signature is wrong.';
  return 'It is no signed JSON Web Token that can be checked here.';
}

function isFor(claims: JWTPayload, audience: string): boolean {
  const { aud, client_id: clientId } = claims;
  return aud === undefined ? clientId === audience : [aud].flat().includes(audience);
}

function allows(claims: JWTPayload, { kind, name }: Permission): boolean {
  return CLAIMS[kind].some((claim) => {
    const value = claims[claim];
    if (Array.isArray(value)) return value.includes(name);
    // A scope is a list with spaces between; the name of a group may have spaces in it.
    return typeof value === 'string' && (kind === 'scope' ? value.split(' ').includes(name) : value === name);
  });
}

function unauthorized(message: string, challenge = ''): CodecRefusal {
  return new CodecRefusal(401, 'Unauthorized', message, {
    'WWW-Authenticate': `Bearer realm="codec server"${challenge}`,
  });
}

function invalidToken(why: string): CodecRefusal {
  return unauthorized(`The access token is not accepted. ${why}`, ', error="invalid_token"');
}

/** Why a caller is refused whose token is valid. */
export function notPermitted({ kind, name }: Permission): CodecRefusal {
  return new CodecRefusal(403, 'NotPermitted', `The access token lacks the ${kind} ${name}, which this needs.`, {
    'WWW-Authenticate': 'Bearer realm="codec server", error="insufficient_scope"',
  });
}

/**
 * Why everyone is refused.
 * @param what nobody may do
 * @param setting what would say who may
 */
export function permittedToNobody(what: string, setting: string): CodecRefusal {
  return new CodecRefusal(
    403,
    'NotPermitted',
    `Nobody may ${what}: this codec server has no permission for it (${setting}).`,
  );
}
