import { parseAccessToken, type TokenInput, type UserKey } from '@cognito-verification/contract';

/** A token, or a reference, of which nobody here knows when its token ends. */
interface Held {
  readonly tokenInput: TokenInput;
  readonly expiresAtMs?: number | undefined;
}

/** Enough for everyone who may bring one in a verification's life, and an end to those who bring forged ones. */
const MOST_OFFERED = 5;

/**
 * The access tokens, and the references to them, that a verification may use: those that were brought since, newest
 * first, and the last that Cognito took. More than one is kept, so that whoever brings a forged or dead one does not shut the real
 * user out: what is refused is dropped, and the next one is used. Who brings more than five at once still can, for claims are
 * only decoded here; a client's `verifyToken` keeps forged ones out.
 */
export class AccessTokens {
  private offered: Held[] = [];
  private accepted: Held | undefined;

  constructor(readonly owner: UserKey) {}

  /**
   * Whose token a reference stands for is checked where it is looked up.
   * @throws InvalidInputError when it is no access token, or of another user or pool.
   */
  check(tokenInput: TokenInput): void {
    this.read(tokenInput);
  }

  /**
   * A token whose time has passed is not kept.
   * @throws InvalidInputError as `check` does.
   */
  offer(tokenInput: TokenInput, nowMs: number): void {
    if (!this.held.some((held) => isSame(held.tokenInput, tokenInput))) this.renew(tokenInput, nowMs);
  }

  /**
   * As `offer`, but a reference that is held already counts as new: a call that is under way may have found nothing
   * under it yet.
   * @throws InvalidInputError as `check` does.
   */
  renew(tokenInput: TokenInput, nowMs: number): void {
    const held = this.read(tokenInput);
    if (!lives(held, nowMs)) return;
    if (this.accepted && isSame(this.accepted.tokenInput, tokenInput)) this.accepted = held;
    else this.offered = [held, ...this.without(tokenInput)].slice(0, MOST_OFFERED);
  }

  /**
   * Those worth a call, best first: where one is `given`, that and no other, and none of those `refused`. A token whose
   * time has passed is not sent to Cognito at all.
   */
  usable(
    nowMs: number,
    { given, refused = [] }: { given?: TokenInput | undefined; refused?: readonly TokenInput[] } = {},
  ): TokenInput[] {
    return (given ? [this.read(given)] : this.held)
      .filter((held) => lives(held, nowMs) && !refused.some((one) => isTheOne(one, held.tokenInput)))
      .map(({ tokenInput }) => tokenInput);
  }

  /** Cognito has taken it, whatever it said of the code. */
  accept(tokenInput: TokenInput): void {
    this.accepted = this.read(tokenInput);
    this.offered = this.without(tokenInput);
  }

  /** Cognito has refused it, or nothing was found under it that could be sent there. */
  reject(tokenInput: TokenInput): void {
    this.offered = this.offered.filter((held) => !isTheOne(held.tokenInput, tokenInput));
    if (this.accepted && isTheOne(this.accepted.tokenInput, tokenInput)) this.accepted = undefined;
  }

  private get held(): Held[] {
    return this.accepted ? [...this.offered, this.accepted] : this.offered;
  }

  private without(tokenInput: TokenInput): Held[] {
    return this.offered.filter((held) => !isSame(held.tokenInput, tokenInput));
  }

  private read(tokenInput: TokenInput): Held {
    if (!tokenInput.accessToken) return { tokenInput };
    return { tokenInput, expiresAtMs: parseAccessToken(tokenInput.accessToken, 'accessToken', this.owner).expiresAtMs };
  }
}

function lives({ expiresAtMs }: Held, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}

function isSame(one: TokenInput, other: TokenInput): boolean {
  return one.accessToken
    ? other.accessToken !== undefined && one.accessToken.equals(other.accessToken)
    : one.accessTokenReference === other.accessTokenReference;
}

/** A refused token is refused whoever brings it again; a reference that was renewed deserves another look. */
function isTheOne(one: TokenInput, other: TokenInput): boolean {
  return one === other || (one.accessToken !== undefined && isSame(one, other));
}
