import { issuersOf, type ServedUserPool } from '@cognito-verification/contract';
import {
  JwtExpiredError,
  JwtInvalidIssuerError,
  JwtInvalidSignatureError,
  KidNotFoundInJwksError,
} from 'aws-jwt-verify/error';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import { verifyJwt } from 'aws-jwt-verify/jwt-verifier';
import { KeysUnavailableError } from './errors.js';
import { keysUrl, PublicKeys } from './public-keys.js';

/** Checks what only a token's signature proves. */
export class SignatureCheck {
  private readonly keys = new PublicKeys();

  /**
   * What is wrong with a token of a pool, as the end of a sentence; undefined if nothing is.
   * @throws KeysUnavailableError if it cannot be checked now
   */
  async whatIsWrong(token: string, pool: ServedUserPool): Promise<string | undefined> {
    return await verify(token, pool, this.keys).catch((error: unknown) => {
      if (error instanceof KeysUnavailableError) throw error;
      return saidOf(error);
    });
  }
}

/** What is wrong with the claims of a token whose signature is right; throws the errors of `verifyJwt`. */
async function verify(token: string, pool: ServedUserPool, keys: PublicKeys): Promise<string | undefined> {
  const issuer = issuersOf(pool);
  const claimed = decomposeUnverifiedJwt(token).payload.iss;
  const url = keysUrl(pool, issuer?.find((candidate) => candidate === claimed) ?? issuer?.[0]);
  const { token_use: use, exp } = await verifyJwt(token, url, { issuer, audience: null }, keys.finderFor(pool));
  if (use !== 'access') return 'does not say that it is one ("token_use")';
  return exp === undefined ? 'does not say when it expires' : undefined;
}

/** Our own words, because the library's may quote the token. */
function saidOf(error: unknown): string {
  if (error instanceof JwtExpiredError) return `has expired${expiry(error)}; bring a fresh one`;
  if (error instanceof JwtInvalidIssuerError)
    return 'has an issuer ("iss") that is not Amazon Cognito in the region of its user pool';
  if (error instanceof KidNotFoundInJwksError) return 'is signed with a key that its user pool does not publish';
  if (error instanceof JwtInvalidSignatureError) return 'has a wrong signature';
  return 'is no signed token that can be checked: Cognito signs access tokens with RS256';
}

/** ` at` and when, if the claim is a time. */
function expiry({ failedAssertion: { actual } }: JwtExpiredError): string {
  const at = new Date(Number(actual) * 1000);
  return Number.isNaN(at.getTime()) ? '' : ` at ${at.toISOString()}`;
}
