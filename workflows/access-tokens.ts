import { parseAccessToken, type TokenInput, type UserKey } from '@cognito-verification/contract';
import type { AttemptVerdict, ReadVerdict, SendVerdict } from './cognito-calls.js';

/** A token, decoded once; or a reference, whose token's expiry the workflow cannot know. */
export interface HeldToken {
  readonly tokenInput: TokenInput;
  readonly expiresAtMs?: number | undefined;
}

/** Enough for every honest caller of one verification, and a limit to how many forged tokens are tried. */
const MOST_OFFERED = 5;

/**
 * The access tokens, and the references to them, that a verification may use: the tokens that messages brought, newest
 * first, and the last token that Cognito took. It keeps more than one, so that a forged or dead token does not shut the
 * real user out: a token that Cognito refuses is dropped, and the next one is used. More than five forged
 * tokens at once still displace the real one, since claims are only decoded here; a client that checks tokens keeps them out.
 */
export class AccessTokens {
  private offered: HeldToken[] = [];
  private accepted: HeldToken | undefined;
  private isAnnounced = false;

  constructor(readonly owner: UserKey) {}

  /**
   * The worker checks whose token a reference stands for, where it looks the token up.
   * @throws InvalidInputError when it is no access token, or of another user or pool.
   */
  check(tokenInput: TokenInput): void {
    this.hold(tokenInput);
  }

  /**
   * Keeps a token unless it has expired.
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
    const held = this.hold(tokenInput);
    if (!lives(held, nowMs)) return;
    if (this.accepted && isSame(this.accepted.tokenInput, tokenInput)) this.accepted = held;
    else this.offered = [held, ...this.without(tokenInput)].slice(0, MOST_OFFERED);
  }

  /** Tells the lifecycle that a token has come, or proved good, that may end the wait for one. */
  announce(): void {
    this.isAnnounced = true;
  }

  /** Whether the lifecycle has yet to take an announcement. */
  get announced(): boolean {
    return this.isAnnounced;
  }

  /** Takes the announcement; true when a token is there that is worth a call. */
  takeAnnouncement(): boolean {
    this.isAnnounced = false;
    return this.usable(Date.now()).length > 0;
  }

  /**
   * The tokens worth a call, best first: where one is `given`, that one and no other, and none of those `refused`. A token
   * that has expired is never sent to Cognito.
   */
  usable(
    nowMs: number,
    { given, refused = [] }: { given?: TokenInput | undefined; refused?: readonly TokenInput[] } = {},
  ): HeldToken[] {
    return (given ? [this.hold(given)] : this.held).filter(
      (held) => lives(held, nowMs) && !refused.some((one) => isTheOne(one, held.tokenInput)),
    );
  }

  /** Notes what Cognito's answer to a call says of the call's token. */
  learn(held: HeldToken, call: CallKind, verdict: string): void {
    if (verdict === REJECTED) this.reject(held);
    else if (PROVES_TOKEN[call].has(verdict)) this.accept(held);
  }

  private accept(held: HeldToken): void {
    this.accepted = held;
    this.offered = this.without(held.tokenInput);
  }

  private reject({ tokenInput }: HeldToken): void {
    this.offered = this.offered.filter((held) => !isTheOne(held.tokenInput, tokenInput));
    if (this.accepted && isTheOne(this.accepted.tokenInput, tokenInput)) this.accepted = undefined;
  }

  private get held(): HeldToken[] {
    return this.accepted ? [...this.offered, this.accepted] : this.offered;
  }

  private without(tokenInput: TokenInput): HeldToken[] {
    return this.offered.filter((held) => !isSame(held.tokenInput, tokenInput));
  }

  private hold(tokenInput: TokenInput): HeldToken {
    if (!tokenInput.accessToken) return { tokenInput };
    return { tokenInput, expiresAtMs: parseAccessToken(tokenInput.accessToken, 'accessToken', this.owner).expiresAtMs };
  }
}

/** Cognito refused the token, or the worker found none under the reference that it may send to Cognito. */
const REJECTED = 'accessTokenRejected';

type CallKind = 'send' | 'attempt' | 'read';

/** Answers that Cognito gives only after it took the token. */
const PROVES_TOKEN: Record<CallKind, ReadonlySet<string>> = {
  send: new Set<SendVerdict['verdict']>(['sent', 'rateLimited', 'undeliverable']),
  attempt: new Set<AttemptVerdict['verdict']>(['accepted', 'mismatch', 'codeExpired', 'rateLimited']),
  read: new Set<ReadVerdict['verdict']>(['read']),
};

/** No token is left that is worth a call. */
export interface NoToken {
  verdict: 'noToken';
}

/**
 * Makes a call with the best token, and with the next best as long as Cognito refuses the token.
 * @param options `given`: the only token to use; `again`: uses a refused token again if a message brings it again meanwhile;
 *   `onAnswer`: is told of each answer
 */
export async function withToken<Answer extends { verdict: string }>(
  tokens: AccessTokens,
  kind: CallKind,
  call: (held: HeldToken) => Promise<Answer>,
  options: { given?: TokenInput | undefined; again?: true; onAnswer?: (answer: Answer) => void } = {},
): Promise<Exclude<Answer, { verdict: typeof REJECTED }> | NoToken> {
  const refused: TokenInput[] = [];
  for (;;) {
    // Looked up each time: a good token may have come while a bad one was tried.
    const [held] = tokens.usable(Date.now(), { given: options.given, refused });
    if (!held) return { verdict: 'noToken' };
    const answer = await call(held);
    options.onAnswer?.(answer);
    tokens.learn(held, kind, answer.verdict);
    if (answer.verdict !== REJECTED) return answer as Exclude<Answer, { verdict: typeof REJECTED }>;
    if (!options.again) refused.push(held.tokenInput);
  }
}

function lives({ expiresAtMs }: HeldToken, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}

function isSame(one: TokenInput, other: TokenInput): boolean {
  return one.accessToken
    ? other.accessToken !== undefined && one.accessToken.equals(other.accessToken)
    : one.accessTokenReference === other.accessTokenReference;
}

/** A refused token stays refused in every message; a reference that was renewed deserves another look. */
function isTheOne(one: TokenInput, other: TokenInput): boolean {
  return one === other || (one.accessToken !== undefined && isSame(one, other));
}
