import { type BroughtToken, parseAccessToken, type UserKey } from '@cognito-verification/contract';

/** A token that was brought, or a reference, of which nobody here knows when its token ends. */
interface Held {
  readonly brought: BroughtToken;
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
  check(brought: BroughtToken): void {
    this.read(brought);
  }

  /**
   * A token whose time has passed is not kept.
   * @throws InvalidInputError as `check` does.
   */
  offer(brought: BroughtToken, nowMs: number): void {
    if (!this.held.some((held) => isSame(held.brought, brought))) this.renew(brought, nowMs);
  }

  /**
   * As `offer`, but a reference that is held already counts as new: a call that is under way may have found nothing
   * under it yet.
   * @throws InvalidInputError as `check` does.
   */
  renew(brought: BroughtToken, nowMs: number): void {
    const held = this.read(brought);
    if (!lives(held, nowMs)) return;
    if (this.accepted && isSame(this.accepted.brought, brought)) this.accepted = held;
    else this.offered = [held, ...this.without(brought)].slice(0, MOST_OFFERED);
  }

  /**
   * Those worth a call, best first: where one is `given`, that and no other, and none of those `refused`. A token whose
   * time has passed is not sent to Cognito at all.
   */
  usable(
    nowMs: number,
    { given, refused = [] }: { given?: BroughtToken | undefined; refused?: readonly BroughtToken[] } = {},
  ): BroughtToken[] {
    return (given ? [this.read(given)] : this.held)
      .filter((held) => lives(held, nowMs) && !refused.some((one) => isTheOne(one, held.brought)))
      .map(({ brought }) => brought);
  }

  /** Cognito has taken it, whatever it said of the code. */
  accept(brought: BroughtToken): void {
    this.accepted = this.read(brought);
    this.offered = this.without(brought);
  }

  /** Cognito has refused it, or nothing was found under it that could be sent there. */
  reject(brought: BroughtToken): void {
    this.offered = this.offered.filter((held) => !isTheOne(held.brought, brought));
    if (this.accepted && isTheOne(this.accepted.brought, brought)) this.accepted = undefined;
  }

  private get held(): Held[] {
    return this.accepted ? [...this.offered, this.accepted] : this.offered;
  }

  private without(brought: BroughtToken): Held[] {
    return this.offered.filter((held) => !isSame(held.brought, brought));
  }

  private read(brought: BroughtToken): Held {
    if (!brought.accessToken) return { brought };
    return { brought, expiresAtMs: parseAccessToken(brought.accessToken, 'accessToken', this.owner).expiresAtMs };
  }
}

function lives({ expiresAtMs }: Held, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}

function isSame(one: BroughtToken, other: BroughtToken): boolean {
  return one.accessToken
    ? other.accessToken !== undefined && one.accessToken.equals(other.accessToken)
    : one.accessTokenReference === other.accessTokenReference;
}

/** A refused token is refused whoever brings it again; a reference that was renewed deserves another look. */
function isTheOne(one: BroughtToken, other: BroughtToken): boolean {
  return one === other || (one.accessToken !== undefined && isSame(one, other));
}
