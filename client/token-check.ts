import {
  findServedPool,
  parseAccessToken,
  type Secret,
  type ServedUserPool,
  servesClient,
  type TokenInput,
} from '@cognito-verification/contract';
import {
  JwtExpiredError,
  JwtInvalidIssuerError,
  JwtInvalidSignatureError,
  KidNotFoundInJwksError,
} from 'aws-jwt-verify/error';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import { verifyJwt } from 'aws-jwt-verify/jwt-verifier';
import type { VerificationClientOptions } from './client-options.js';
import { AccessTokenRefusedError, InvalidRequestError, KeysUnavailableError } from './errors.js';
import { parse } from './input.js';
import { issuersOf, keysUrl, PublicKeys } from './public-keys.js';

/** Lets through what a served user pool stands behind, and nothing else. */
export class TokenCheck {
  private readonly keys = new PublicKeys();
  private readonly userPools: Iterable<ServedUserPool>;
  private readonly unchecked: boolean;

  /** @throws InvalidRequestError without `userPools`. */
  constructor({ userPools, uncheckedTokens }: VerificationClientOptions) {
    // A caller without TypeScript may leave them out.
    if (typeof userPools !== 'object' || !(userPools as Iterable<ServedUserPool> | null)?.[Symbol.iterator]) {
      throw new InvalidRequestError(
        'userPools',
        "userPools must list the user pools to serve, such as [{ userPoolId: 'eu-west-1_AbC123xyz' }], or userPoolsFromSettings() from @cognito-verification/codec.",
      );
    }
    this.userPools = userPools;
    this.unchecked = uncheckedTokens === true;
  }

  /**
   * Refuses a user pool that is not served.
   * @param field names the user pool
   * @throws InvalidRequestError
   */
  checkUserPool(userPoolId: string, field: string): void {
    if (findServedPool(this.userPools, userPoolId)) return;
    throw new InvalidRequestError(field, `${field} names ${notServed(userPoolId)}`);
  }

  /**
   * Checks an access token: of a user pool and an app client that are served, signed by that pool, for access, and not
   * expired. A reference is not checked here: the worker finds its token.
   * @returns `proven` for the stamp: whether the signature of a token was checked
   * @throws AccessTokenRefusedError
   * @throws KeysUnavailableError if it cannot be checked now
   */
  async check(tokenInput: TokenInput | undefined): Promise<{ proven: true | undefined }> {
    const accessToken = tokenInput?.accessToken;
    if (!accessToken) return { proven: undefined };
    const { userPoolId, clientId } = parse(() => parseAccessToken(accessToken, 'accessToken'));
    const pool = findServedPool(this.userPools, userPoolId);
    if (!pool) throw new AccessTokenRefusedError(`accessToken is of ${notServed(userPoolId)}`);
    if (!servesClient(pool, clientId)) {
      throw new AccessTokenRefusedError(
        `accessToken is of another app client of user pool ${userPoolId} than those that this client serves (VERIFICATION_USER_POOLS).`,
      );
    }
    if (this.unchecked) return { proven: undefined };
    await this.checkSignature(accessToken, pool);
    return { proven: true };
  }

  private async checkSignature(accessToken: Secret, pool: ServedUserPool): Promise<void> {
    const wrong = await verify(accessToken.reveal(), pool, this.keys).catch((error: unknown) => {
      if (error instanceof KeysUnavailableError) throw error;
      return whatIsWrong(error);
    });
    if (wrong !== undefined) throw new AccessTokenRefusedError(`accessToken ${wrong}.`);
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
function whatIsWrong(error: unknown): string {
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

function notServed(userPoolId: string): string {
  return `user pool ${userPoolId}, which this client does not serve. Name the pool in VERIFICATION_USER_POOLS, or in the option userPools, of clients and workers.`;
}
