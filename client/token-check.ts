import {
  findServedPool,
  parseAccessToken,
  type Secret,
  type ServedUserPool,
  servesClient,
  type TokenInput,
} from '@cognito-verification/contract';
import type { VerificationClientOptions } from './client-options.js';
import { AccessTokenRefusedError, InvalidRequestError } from './errors.js';
import { parse } from './input.js';
import type { SignatureCheck } from './signature-check.js';

/** Lets through what a served user pool stands behind, and nothing else. */
export class TokenCheck {
  private signatures: Promise<SignatureCheck> | undefined;
  private readonly userPools: Iterable<ServedUserPool>;
  private readonly unchecked: boolean;

  /** @throws InvalidRequestError without `userPools`. */
  constructor({ userPools, uncheckedTokens }: VerificationClientOptions) {
    // A caller without TypeScript may leave them out.
    if (typeof userPools !== 'object' || !(userPools as Iterable<ServedUserPool> | null)?.[Symbol.iterator]) {
      throw new InvalidRequestError(
        'userPools',
        "userPools must list the user pools to serve, such as [{ userPoolId: 'eu-west-1_AbC123xyz' }], or userPoolsFromSettings() from @cognito-verification/client/codec.",
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
    // Loaded when it is first used: a process that only starts, or holds references, needs none of it.
    this.signatures ??= import('./signature-check.js').then(({ SignatureCheck: Check }) => new Check());
    const signatures = await this.signatures.catch((error: unknown) => {
      // The next call tries again: a process may have had too many files open.
      this.signatures = undefined;
      throw error;
    });
    const wrong = await signatures.whatIsWrong(accessToken.reveal(), pool);
    if (wrong !== undefined) throw new AccessTokenRefusedError(`accessToken ${wrong}.`);
  }
}

function notServed(userPoolId: string): string {
  return `user pool ${userPoolId}, which this client does not serve. Name the pool in VERIFICATION_USER_POOLS, or in the option userPools, of clients and workers.`;
}
