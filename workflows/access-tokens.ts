import { type AccessTokenClaims, parseAccessToken } from '@cognito-verification/contract';

interface Held extends AccessTokenClaims {
  token: string;
}

/** Enough for everyone who may bring one in a verification's life, and an end to those who bring forged ones. */
const MOST_OFFERED = 5;

/**
 * The access tokens that a verification may use: those that were brought since, newest first, and the last that Cognito
 * took. More than one is kept, so that whoever brings a forged or dead token can neither shut the real user out nor take
 * the place of a good one: a token that Cognito refuses is dropped, and the next one is used.
 */
export class AccessTokens {
  private offered: Held[] = [];
  private accepted: Held | undefined;

  constructor(readonly owner: Pick<AccessTokenClaims, 'sub' | 'userPoolId'>) {}

  /** @throws InvalidInputError when it is no access token, or of another user or pool. */
  check(token: string): AccessTokenClaims {
    return parseAccessToken(token, 'accessToken', this.owner);
  }

  /**
   * One whose time has passed is not kept.
   * @throws InvalidInputError as `check` does.
   */
  offer(token: string, nowMs: number): void {
    const held = { ...this.check(token), token };
    if (!lives(held, nowMs) || this.held.some((other) => other.token === token)) return;
    this.offered = [held, ...this.offered].slice(0, MOST_OFFERED);
  }

  /**
   * Those worth a call, best first; where one is `given`, that and no other. A token whose time has passed is not sent
   * to Cognito at all.
   */
  usable(nowMs: number, given?: string): string[] {
    const candidates = given === undefined ? this.held : [{ ...this.check(given), token: given }];
    return candidates.filter((held) => lives(held, nowMs)).map(({ token }) => token);
  }

  /** Cognito has taken it, whatever it said of the code. */
  accept(token: string): void {
    this.accepted = { ...this.check(token), token };
    this.offered = this.offered.filter((held) => held.token !== token);
  }

  /** Cognito has refused it. */
  reject(token: string): void {
    this.offered = this.offered.filter((held) => held.token !== token);
    if (token === this.accepted?.token) this.accepted = undefined;
  }

  private get held(): Held[] {
    return this.accepted ? [...this.offered, this.accepted] : this.offered;
  }
}

function lives({ expiresAtMs }: Held, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}
