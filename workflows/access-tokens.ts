import {
  FAILURE_TYPES,
  InvalidInputError,
  parseAccessToken,
  type TokenInput,
  type UserKey,
} from '@cognito-verification/contract';
import type { AttemptVerdict, ReadVerdict, SendVerdict } from './cognito-calls.js';
import { type HeldToken, isSame, isTheOne, lives } from './held-token.js';
import { untakenTokensAt } from './policy.js';
import type { Claim } from './terms.js';

/** Enough for every honest caller of one verification, and a limit to how many forged tokens are tried. */
const MOST_OFFERED = 5;

/** More than the unproven messages that a verification takes. */
const MOST_REFUSED = 250;

/** Of one token, until it counts. A start repeats its claim in its update. */
const MOST_CLAIMS = 4;

/**
 * The access tokens, and the references to them, that a verification may use: the tokens that messages brought, newest
 * first, and the last token that Cognito took. Those that count come before those that nobody has checked, and are kept
 * before them, so that forged tokens neither replace the real one nor delay it. A token that Cognito refuses is never used
 * again.
 */
export class AccessTokens {
  private offered: HeldToken[] = [];
  private accepted: HeldToken | undefined;
  private isAnnounced = false;
  /** By identity too, for references: one that is renewed deserves another look. */
  private readonly refused: TokenInput[] = [];
  /** Tokens that Cognito refused and that nobody had checked. */
  private forgeries = 0;
  private untakenAtMs = 0;
  private readonly counting: Claim[] = [];

  constructor(readonly owner: UserKey) {}

  /**
   * Refuses what is no access token of this user. The worker checks whose token a reference stands for, where it looks the
   * token up.
   * @throws InvalidInputError
   */
  check(tokenInput: TokenInput): void {
    this.decode(tokenInput);
  }

  /**
   * As `check`, and refuses a token that has expired, or that Cognito has refused before.
   * @throws InvalidInputError
   */
  checkAlive(tokenInput: TokenInput, nowMs: number): void {
    const expiresAtMs = this.decode(tokenInput);
    const problem = this.isRefused(tokenInput)
      ? 'was refused by Cognito in this verification already: bring another one'
      : !lives({ expiresAtMs }, nowMs) && 'has expired';
    if (problem) throw new InvalidInputError('accessToken', problem, FAILURE_TYPES.accessTokenRefused);
  }

  /**
   * The token of a message, as far as it is known.
   * @param checked its sender says that it has checked the signature, which it cannot of a reference
   */
  of(tokenInput: TokenInput, checked: boolean): HeldToken {
    const known = this.find(tokenInput);
    const proven = (checked && tokenInput.accessToken !== undefined) || known?.proven === true;
    const { claims = [], wantsLook } = known ?? {};
    return { tokenInput, expiresAtMs: this.decode(tokenInput), proven, claims, wantsLook };
  }

  /**
   * Keeps a token unless it has expired or was refused. A claim that comes with it counts once the token does. News that
   * Cognito has sent a code by itself do not wait until the token is used.
   * @param wantsLook nothing else will tell whether the token counts
   */
  offer(token: HeldToken, nowMs: number, claim?: Claim, wantsLook = false): void {
    if (!this.find(token.tokenInput)) this.renew(token, nowMs);
    const known = this.find(token.tokenInput);
    if (!known) return;
    known.proven ||= token.proven;
    known.wantsLook ||= wantsLook || claim?.alreadySent !== undefined;
    if (claim && known.claims.length < MOST_CLAIMS) known.claims.push(claim);
    if (known.proven) this.count(known);
  }

  /**
   * As `offer`, but a reference that is held already counts as new: a call that is under way may have found nothing
   * under it yet.
   */
  renew(token: HeldToken, nowMs: number): void {
    if (!lives(token, nowMs) || this.isRefused(token.tokenInput)) return;
    if (this.accepted && isSame(this.accepted.tokenInput, token.tokenInput)) this.accepted = token;
    else this.offered = bestOf([token, ...this.without(token.tokenInput).filter((held) => lives(held, nowMs))]);
    if (token.proven) this.count(token);
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

  /** How many requests count that the lifecycle has not taken yet. */
  get requestsCounting(): number {
    return this.counting.length;
  }

  /** Takes the oldest of them. */
  takeRequest(): Claim | undefined {
    return this.counting.shift();
  }

  /** A token of which a look is to tell whether it counts. */
  get toSettle(): HeldToken | undefined {
    return this.offered.find(({ proven, wantsLook }) => wantsLook === true && !proven);
  }

  /** Until when no token is tried that nobody has checked; undefined while they are. */
  untakenUntil(nowMs: number): number | undefined {
    return this.untakenAtMs > nowMs ? this.untakenAtMs : undefined;
  }

  /** The tokens worth a call, best first: where one is `given`, that one and no other. An expired token is never sent. */
  usable(nowMs: number, given?: HeldToken): HeldToken[] {
    const all = given ? [given] : this.held;
    const waits = this.untakenUntil(nowMs) !== undefined;
    return all.filter(
      (held) => lives(held, nowMs) && !this.isRefused(held.tokenInput) && !(waits && this.mayBeForged(held)),
    );
  }

  /** Whether the token counts by now. */
  counts(token: HeldToken): boolean {
    return token.proven || this.find(token.tokenInput)?.proven === true;
  }

  /** Nobody has checked it. A source answers for the token of a reference, and makes none up. */
  mayBeForged(token: HeldToken): boolean {
    return token.tokenInput.accessToken !== undefined && !this.counts(token);
  }

  /** Notes what Cognito's answer to a call says of the call's token. */
  learn(token: HeldToken, call: CallKind, verdict: string): void {
    if (verdict === REJECTED) this.reject(token);
    else if (PROVES_TOKEN[call].has(verdict)) this.accept(token);
  }

  private accept(token: HeldToken): void {
    const known = this.find(token.tokenInput) ?? token;
    known.proven = true;
    token.proven = true;
    this.accepted = known;
    this.offered = this.without(token.tokenInput);
    this.count(known);
  }

  private reject(token: HeldToken): void {
    if (this.mayBeForged(token)) this.untakenAtMs = untakenTokensAt(++this.forgeries, Date.now());
    this.offered = this.offered.filter((held) => !isTheOne(held.tokenInput, token.tokenInput));
    if (this.accepted && isTheOne(this.accepted.tokenInput, token.tokenInput)) this.accepted = undefined;
    this.refused.push(token.tokenInput);
    if (this.refused.length > MOST_REFUSED) this.refused.shift();
  }

  private count(token: HeldToken): void {
    this.counting.push(...token.claims.splice(0));
  }

  /** Best first. */
  private get held(): HeldToken[] {
    const proven = this.offered.filter((held) => held.proven);
    const unproven = this.offered.filter((held) => !held.proven);
    return [...proven, ...(this.accepted ? [this.accepted] : []), ...unproven];
  }

  private find(tokenInput: TokenInput): HeldToken | undefined {
    return this.held.find((held) => isSame(held.tokenInput, tokenInput));
  }

  private without(tokenInput: TokenInput): HeldToken[] {
    return this.offered.filter((held) => !isSame(held.tokenInput, tokenInput));
  }

  private isRefused(tokenInput: TokenInput): boolean {
    return this.refused.some((one) => isTheOne(one, tokenInput));
  }

  /** When it expires; undefined where the workflow cannot know. */
  private decode({ accessToken }: TokenInput): number | undefined {
    return accessToken && parseAccessToken(accessToken, 'accessToken', this.owner).expiresAtMs;
  }
}

/** Cognito refused the token, or the worker found none under the reference that it may send to Cognito. */
const REJECTED = 'accessTokenRejected';

type CallKind = 'send' | 'attempt' | 'read';

/** Answers that Cognito gives only after it took the token. */
const PROVES_TOKEN: Record<CallKind, ReadonlySet<string>> = {
  send: new Set<SendVerdict['verdict']>(['sent', 'alreadyVerified', 'rateLimited', 'undeliverable']),
  attempt: new Set<AttemptVerdict['verdict']>(['accepted', 'mismatch', 'codeExpired', 'rateLimited']),
  read: new Set<ReadVerdict['verdict']>(['read']),
};

/** No token is left that is worth a call. */
export interface NoToken {
  verdict: 'noToken';
}

/**
 * Makes a call with the best token, and with the next best as long as Cognito refuses the token.
 * @param options `given`: the only token to use; `onAnswer`: is told of each answer
 */
export async function withToken<Answer extends { verdict: string }>(
  tokens: AccessTokens,
  kind: CallKind,
  call: (held: HeldToken) => Promise<Answer>,
  { given, onAnswer }: { given?: HeldToken | undefined; onAnswer?: (answer: Answer) => void } = {},
): Promise<Exclude<Answer, { verdict: typeof REJECTED }> | NoToken> {
  for (;;) {
    // Looked up each time: a good token may have come while a bad one was tried.
    const [held] = tokens.usable(Date.now(), given);
    if (!held) return { verdict: 'noToken' };
    const answer = await call(held);
    onAnswer?.(answer);
    if (!isOfGuardAlone(answer)) tokens.learn(held, kind, answer.verdict);
    if (answer.verdict !== REJECTED) return answer as Exclude<Answer, { verdict: typeof REJECTED }>;
  }
}

/** The guard of the worker keeps a message back, and nothing shows that Cognito took the token. */
function isOfGuardAlone(answer: { verdict: string; held?: unknown; attribute?: unknown }): boolean {
  return answer.held !== undefined && answer.attribute === undefined;
}

/** Those that count are kept before the others; of both the newest. */
function bestOf(tokens: readonly HeldToken[]): HeldToken[] {
  return [...tokens.filter(({ proven }) => proven), ...tokens.filter(({ proven }) => !proven)].slice(0, MOST_OFFERED);
}
