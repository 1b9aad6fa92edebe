/** Authorization: access tokens of an identity provider, checked against the keys that it publishes. */
import type { Logger } from '@temporalio/common';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { CodecRefusal } from './refusal.js';
import { whyNoAccessToken } from './token-kind.js';

/** A permission that a token gives: an OAuth scope, or membership in a group. */
export interface Permission {
  readonly kind: 'scope' | 'group';
  readonly name: string;
}

/** How tokens are checked. */
export interface CodecAuthorization {
  /** Where the identity provider publishes its keys. They are fetched when needed and kept for ten minutes. */
  readonly jwksUrl: URL;
  /** What `iss` must be, exactly. */
  readonly issuer: string;
  /** What `aud` must be or hold. In a token without `aud`, such as Cognito's access tokens, what `client_id` must be. */
  readonly audience: string;
  /** Required for everything. */
  readonly permission: Permission;
  /** Required to see what is otherwise hidden. If it is not set, nobody may. */
  readonly revealPermission?: Permission | undefined;
  /**
   * Required to seal. If it is not set, nobody may: workers take what is sealed for a message of a service that has the keys,
   * and a reader must not be able to make such a message.
   */
  readonly encodePermission?: Permission | undefined;
}

/** The subject of a valid token, and its permissions. */
export interface Caller {
  /** The token's `sub`, fit for a log. */
  readonly subject: string;
  /** If it is false, nothing is allowed, whatever the other two say. */
  readonly mayRead: boolean;
  readonly mayReveal: boolean;
  readonly mayEncode: boolean;
}

/** Checks the header `Authorization` and returns the caller. */
export type Authorize = (authorizationHeader: string | undefined) => Promise<Caller>;

/** No symmetric algorithm: with one of those, a published key would be enough to make tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Synchronized clocks of servers differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** The claims in which identity providers (Cognito, Entra, Keycloak, Okta, Auth0, Temporal Cloud) put permissions. */
const CLAIMS: Readonly<Record<Permission['kind'], readonly string[]>> = {
  scope: ['scope', 'scp'],
  group: ['groups', 'cognito:groups', 'roles', 'permissions'],
};

/**
 * Makes the check of tokens.
 * @param log gets an error when the keys of the identity provider cannot be fetched
 * @returns a check that throws a `CodecRefusal`: 401 without a valid token, 503 when the keys cannot be fetched
 */
export function createAuthorize(settings: CodecAuthorization, log: Logger): Authorize {
  const published = createRemoteJWKSet(settings.jwksUrl);
  const keyFor: JWTVerifyGetKey = async (header, token) => {
    try {
      return await published(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      // Without the query, which may hold an API key.
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
    const claims = await verifyToken(token, keyFor, settings.issuer);
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

/** @throws CodecRefusal 401 */
async function verifyToken(token: string, keyFor: JWTVerifyGetKey, issuer: string): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keyFor, {
      issuer,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'sub'],
    });
    const otherKind = whyNoAccessToken(protectedHeader, payload);
    if (otherKind !== undefined) throw invalidToken(otherKind);
    return payload;
  } catch (error) {
    if (error instanceof CodecRefusal) throw error;
    throw invalidToken(whatIsWrong(error));
  }
}

/** Whether the keys were fetched, but none of them is for this token. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** Our own words, because the library's messages may quote claims. */
function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'It has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const known = ['iss', 'exp', 'nbf', 'sub'].includes(error.claim) ? error.claim : 'claims';
    return `Its "${known}" is missing or not what is expected here.`;
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
    // A scope claim is a list separated by spaces. The name of a group may have spaces in it.
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

/** The refusal of a caller whose valid token lacks a permission. */
export function notPermitted({ kind, name }: Permission): CodecRefusal {
  return new CodecRefusal(403, 'NotPermitted', `The access token lacks the ${kind} ${name}, which this needs.`, {
    'WWW-Authenticate': 'Bearer realm="codec server", error="insufficient_scope"',
  });
}

/**
 * The refusal of every caller, because no permission for it is set.
 * @param what the caller wanted to do
 * @param setting the variable that sets the permission
 */
export function permittedToNobody(what: string, setting: string): CodecRefusal {
  return new CodecRefusal(
    403,
    'NotPermitted',
    `Nobody may ${what}: this codec server has no permission for it (${setting}).`,
  );
}
