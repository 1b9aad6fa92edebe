import { type JsonWebKey, randomUUID } from 'node:crypto';
import { type CryptoKey, errors, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';
import { notAuthorized } from './exceptions.js';
import type { State } from './state.js';

/** The scope that the user's own operations require. */
export const ADMIN_SCOPE = 'aws.cognito.signin.user.admin';

const ALGORITHM = 'RS256';

/** The claims the sandbox reads from an access token whose signature and lifetime are good. */
export interface AccessClaims {
  readonly sub: string;
  readonly userPoolId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly issuedAt: number;
  readonly originJti: string | undefined;
}

/** A key pair for the life of the sandbox's state. */
export async function createSigningKey(): Promise<State['signingKey']> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return { kid: randomUUID(), privateJwk: await exportJWK(privateKey) };
}

async function importPrivate(jwk: JsonWebKey): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new TypeError('The signing key is a symmetric one');
  return key;
}

/** Signs and checks the sandbox's JWTs. */
export class Tokens {
  /** The public key as `/.well-known/jwks.json` shows it. */
  readonly jwks: { readonly keys: readonly JsonWebKey[] };
  private foreignKey: Promise<CryptoKey> | undefined;

  private constructor(
    jwk: JsonWebKey,
    private readonly kid: string,
    private readonly privateKey: CryptoKey,
    private readonly publicKey: CryptoKey,
  ) {
    this.jwks = { keys: [{ ...jwk, kid, alg: ALGORITHM, use: 'sig' }] };
  }

  /** Signs with the key of the state. Throws when that is not an RSA key. */
  static async of({ kid, privateJwk }: State['signingKey']): Promise<Tokens> {
    const { kty, n, e } = privateJwk;
    if (kty === undefined || n === undefined || e === undefined) throw new Error('The signing key is not an RSA key');
    const publicJwk = { kty, n, e };
    return new Tokens(publicJwk, kid, await importPrivate(privateJwk), await importPrivate(publicJwk));
  }

  /** Signs claims. `forged` signs with a key that is not in the JWKS, under the id of the one that is. */
  async sign(claims: Record<string, unknown>, forged = false): Promise<string> {
    this.foreignKey ??= forged ? createSigningKey().then(({ privateJwk }) => importPrivate(privateJwk)) : undefined;
    const key = forged && this.foreignKey !== undefined ? await this.foreignKey : this.privateKey;
    return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, kid: this.kid }).sign(key);
  }

  /** Checks form, signature, lifetime and kind. The caller checks user and revocation, which are in the state. */
  async verifyAccessToken(token: string, now: number): Promise<AccessClaims> {
    const payload = await jwtVerify(token, this.publicKey, {
      algorithms: [ALGORITHM],
      currentDate: new Date(now),
    }).then(
      (verified) => verified.payload,
      (error: unknown) => {
        throw notAuthorized(error instanceof errors.JWTExpired ? 'Access Token has expired' : 'Invalid Access Token');
      },
    );
    const { sub, iss, iat, client_id, scope, origin_jti, token_use } = payload;
    if (sub === undefined || iss === undefined || token_use !== 'access') throw notAuthorized('Invalid Access Token');
    return {
      sub,
      // The pool alone, because the port may have changed since. The signature proves where the token comes from.
      userPoolId: iss.slice(iss.lastIndexOf('/') + 1),
      clientId: String(client_id),
      scope: typeof scope === 'string' ? scope : '',
      issuedAt: iat ?? 0,
      originJti: typeof origin_jti === 'string' ? origin_jti : undefined,
    };
  }
}

const NamesUser = v.object({ username: v.string() });

/** The user name in a token's payload, unchecked: good for the list of calls and for faults, and nothing else. */
export function claimedUsername(token: string): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return v.is(NamesUser, payload) ? payload.username : undefined;
  } catch {
    return undefined;
  }
}
