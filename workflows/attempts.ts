import type {
  AttemptOutcome,
  AttemptRecord,
  ParsedRequest,
  SubmitCodeResult,
  VerificationStatus,
} from '@cognito-verification/contract';
import type { AccessTokens, NoToken } from './access-tokens.js';
import { type CheckEnd, CodeCheck, REJECTED } from './code-check.js';
import type { Looks } from './looks.js';
import type { CodePost, Mailbox, Submitted } from './mailbox.js';
import {
  addRecord,
  attemptsLeft,
  type CallState,
  countedAttempts,
  type Ending,
  iso,
  isoIf,
  retryAfterRateLimit,
} from './policy.js';
import { attemptsExhausted, refused, unavailable } from './refusals.js';
import type { Sends } from './sends.js';
import type { Terms } from './terms.js';
import { Underway } from './underway.js';

/** What the attempts need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly terms: Terms;
  readonly mailbox: Mailbox;
  readonly looks: Looks;
  readonly sends: Sends;
  status(): VerificationStatus;
  lackToken(): void;
  tokenProved(): void;
}

/** Every caller has an answer after 90 s: this leaves a moment for the way. */
const ANSWER_WITHIN_MS = 85_000;

/** The attempts of one verification, one at a time. */
export class Attempts {
  private readonly entries: AttemptRecord[] = [];
  private readonly call = new Underway<CheckEnd | NoToken>();
  private underCheck: CodePost | undefined;
  private isLateTaken = false;
  private blockedUntilMs: number | undefined;
  private rateLimitsInARow = 0;
  private sendsBefore = 0;

  constructor(private readonly parts: Parts) {}

  get state(): CallState {
    return this.call.state;
  }

  get left(): number {
    return attemptsLeft(this.parts.terms.policy, this.entries);
  }

  /** One code was taken after the deadline. */
  get lateTaken(): boolean {
    return this.isLateTaken;
  }

  /** Every attempt, oldest first. */
  get records(): readonly AttemptRecord[] {
    return this.entries;
  }

  /** Until when Cognito takes no attempts; undefined when it does. */
  blockedUntil(nowMs: number): number | undefined {
    return this.blockedUntilMs !== undefined && this.blockedUntilMs > nowMs ? this.blockedUntilMs : undefined;
  }

  /** The codes that still wait for an answer. */
  get unanswered(): readonly CodePost[] {
    const { codes } = this.parts.mailbox;
    return this.underCheck ? [this.underCheck, ...codes] : codes;
  }

  /**
   * Takes a code: answers at once what needs no call, and starts one for what does.
   * @param late the deadline has passed
   */
  take(late: boolean): void {
    const { looks, mailbox, terms, sends } = this.parts;
    this.isLateTaken = late;
    const post = mailbox.codes.shift();
    if (!post) return;
    const { codeExpiresAtMs } = sends.records;
    const blockedUntil = this.blockedUntil(Date.now());
    const answerByMs = post.atMs + ANSWER_WITHIN_MS;
    if (looks.codeAccepted) {
      // Another code could only spend an attempt: what is missing is the proof.
      this.begin(post, () => new CodeCheck(this.parts, this, answerByMs).proveOnly(post.input));
    } else if (this.left === 0) {
      post.refusal = attemptsExhausted(terms.policy, this.parts.status());
    } else if (codeExpiresAtMs !== undefined && codeExpiresAtMs <= Date.now()) {
      sends.records.waiveCooldown();
      post.verdict = { result: 'codeExpired' };
    } else if (blockedUntil !== undefined) {
      post.verdict = { result: 'rateLimited', retryAt: iso(blockedUntil) };
    } else {
      this.begin(post, () => new CodeCheck(this.parts, this, answerByMs).run(post.input));
    }
  }

  private begin(post: CodePost, work: () => Promise<CheckEnd | NoToken>): void {
    this.underCheck = post;
    this.sendsBefore = this.parts.sends.records.counted.length;
    this.call.start(work);
  }

  /** Takes what came of a code, and answers the caller unless the verification ends with it. */
  settle(): Ending | undefined {
    const end = this.call.take();
    // Its caller is answered with the rest, after the final state is set.
    if (end.verdict === 'ended') return end.ending;
    const post = this.underCheck;
    this.underCheck = undefined;
    if (post) this.answer(post, end.verdict === 'noToken' ? REJECTED : end);
    return undefined;
  }

  private answer(post: CodePost, end: Exclude<CheckEnd, { verdict: 'ended' }>): void {
    const { parts } = this;
    if (end.verdict === 'unavailable' || end.result !== 'rateLimited') this.rateLimitsInARow = 0;
    if (parts.looks.codeAccepted) parts.sends.standDown();
    if (end.verdict === 'unavailable') {
      const { message, type } = unavailable(end.failure);
      post.refusal = refused(type, message, end.failure, parts.status());
      return;
    }
    const { result } = end;
    post.verdict = { result, retryAt: isoIf(this.retryAtMs(result, post.input)) };
    if (result === 'accessTokenRejected' && parts.tokens.usable(Date.now()).length === 0) parts.lackToken();
    // A code that was sent while this one was being checked is no reason to send another at once.
    if (result === 'codeExpired' && parts.sends.records.counted.length === this.sendsBefore)
      parts.sends.records.waiveCooldown();
    if (result === 'codeExpired' || result === 'mismatch') parts.tokenProved();
  }

  /** From when another try may be worth it. */
  private retryAtMs(result: SubmitCodeResult, { given }: Submitted): number | undefined {
    if (result === 'rateLimited') return this.block();
    const { tokens } = this.parts;
    const waits = result === 'accessTokenRejected' && given !== undefined && !tokens.counts(given);
    return waits ? tokens.untakenUntil(Date.now()) : undefined;
  }

  /** Cognito takes no attempts for a while; until when. */
  private block(): number {
    // The attempt that was refused does not explain the refusal.
    const own = countedAttempts(this.entries).slice(0, -1);
    const times = own.map(({ at }) => Date.parse(at));
    this.blockedUntilMs = retryAfterRateLimit(times, ++this.rateLimitsInARow, Date.now());
    return this.blockedUntilMs;
  }

  /** Counts an attempt before Cognito is asked; the outcome is filled in when it is known. */
  count(): (outcome: AttemptOutcome) => void {
    const record: AttemptRecord = { at: iso(Date.now()), outcome: 'checking' };
    addRecord(this.entries, record, countedAttempts);
    return (outcome) => {
      record.outcome = outcome;
    };
  }

  /** A consumed code answers like an expired one, so after a lost answer only the attribute tells which it is. */
  get lostAnswer(): boolean {
    return this.entries.some(({ outcome }) => outcome === 'uncertain');
  }
}
