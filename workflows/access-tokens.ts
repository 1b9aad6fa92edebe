import { type AccessTokenClaims, parseAccessToken } from '@cognito-verification/contract';

interface Held extends AccessTokenClaims {
  token: string;
}

/**
 * The access tokens that a verification may use: the one that came last, and before it the last that Cognito took. Both
 * are kept, so that whoever brings a forged or dead token can neither shut the real user out nor take the place of a
 * good one: a token that Cognito refuses is dropped, and the other one is used.
 */
export class AccessTokens {
  private offered: Held | undefined;
  private accepted: Held | undefined;

  constructor(readonly owner: Pick<AccessTokenClaims, 'sub' | 'userPoolId'>) {}

  /** @throws InvalidInputError when it is no access token, or of another user or pool. */
  check(token: string): AccessTokenClaims {
    return parseAccessToken(token, 'accessToken', this.owner);
  }

  /** @throws InvalidInputError as `check` does. */
  offer(token: string): void {
    const claims = this.check(token);
    if (token === this.accepted?.token) return;
    this.offered = { ...claims, token };
  }

  /**
   * Those worth a call, best first; where one is `given`, that and no other. A token whose time has passed is not sent
   * to Cognito at all.
   */
  usable(nowMs: number, given?: string): string[] {
    const held = given === undefined ? [this.offered, this.accepted] : [{ ...this.check(given), token: given }];
    return held
      .filter((candidate) => candidate !== undefined)
      .filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > nowMs)
      .map(({ token }) => token);
  }

  /** Cognito has taken it, whatever it said of the code. */
  accept(token: string): void {
    if (token === this.accepted?.token) return;
    this.accepted = token === this.offered?.token ? this.offered : { ...this.check(token), token };
    if (token === this.offered?.token) this.offered = undefined;
  }

  /** Cognito has refused it. */
  reject(token: string): void {
    if (token === this.offered?.token) this.offered = undefined;
    if (token === this.accepted?.token) this.accepted = undefined;
  }
}
