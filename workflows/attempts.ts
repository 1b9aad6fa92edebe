import type {
  AttemptOutcome,
  AttemptRecord,
  ParsedRequest,
  ParsedSubmitCode,
  SubmitCodeResult,
  VerificationFailure,
  VerificationStatus,
} from '@cognito-verification/contract';
import { type AccessTokens, type HeldToken, type NoToken, withToken } from './access-tokens.js';
import { type AttemptVerdict, verifyCode } from './cognito-calls.js';
import type { Looks } from './looks.js';
import type { CodePost, Mailbox } from './mailbox.js';
import {
  addRecord,
  attemptsLeft,
  type CallState,
  countedAttempts,
  type Ending,
  iso,
  retryAfterRateLimit,
} from './policy.js';
import { attemptsExhausted, refused, unavailable } from './refusals.js';
import type { Sends } from './sends.js';
import { Underway } from './underway.js';

/** What the attempts need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly mailbox: Mailbox;
  readonly looks: Looks;
  readonly sends: Sends;
  status(): VerificationStatus;
  lackToken(): void;
  tokenProved(): void;
}

/** What came of a code: the answer to the caller, or why there is none. */
type AttemptEnd =
  | { verdict: 'answered'; result: SubmitCodeResult }
  | { verdict: 'unavailable'; failure: VerificationFailure }
  | { verdict: 'failed'; failure: VerificationFailure };

/** Calls for one code: the first, and one more if its answer was lost and the attribute is not verified. */
const MOST_CALLS = 2;

/** The attempts of one verification, one at a time. */
export class Attempts {
  private readonly entries: AttemptRecord[] = [];
  private readonly call = new Underway<AttemptEnd | NoToken>();
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
    return attemptsLeft(this.parts.request.policy, this.entries);
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
    const { mailbox, request, sends } = this.parts;
    this.isLateTaken = late;
    const post = mailbox.codes.shift();
    if (!post) return;
    const { codeExpiresAtMs } = sends.records;
    const blockedUntil = this.blockedUntil(Date.now());
    if (this.left === 0) {
      post.refusal = attemptsExhausted(request.policy, this.parts.status());
    } else if (codeExpiresAtMs !== undefined && codeExpiresAtMs <= Date.now()) {
      sends.records.waiveCooldown();
      post.verdict = { result: 'codeExpired' };
    } else if (blockedUntil !== undefined) {
      post.verdict = { result: 'rateLimited', retryAt: iso(blockedUntil) };
    } else {
      this.underCheck = post;
      this.sendsBefore = sends.records.counted.length;
      this.call.start(() => this.attempt(post.input));
    }
  }

  /** Takes what came of a code, and answers the caller unless the verification ends with it. */
  settle(): Ending | undefined {
    const end = this.call.take();
    // These two are answered with the rest, after the final state is set.
    if (end.verdict === 'failed') return { outcome: 'failed', failure: end.failure };
    if (end.verdict === 'answered' && end.result === 'verified')
      return { outcome: 'verified', confirmedBy: 'submitCode' };
    const post = this.underCheck;
    this.underCheck = undefined;
    if (post) this.answer(post, end.verdict === 'noToken' ? REJECTED : end);
    return undefined;
  }

  private answer(post: CodePost, end: Exclude<AttemptEnd, { verdict: 'failed' }>): void {
    const { parts } = this;
    if (end.verdict === 'unavailable' || end.result !== 'rateLimited') this.rateLimitsInARow = 0;
    if (end.verdict === 'unavailable') {
      const { message, type } = unavailable(end.failure);
      post.refusal = refused(type, message, end.failure);
      return;
    }
    const { result } = end;
    post.verdict = { result, retryAt: result === 'rateLimited' ? iso(this.block()) : undefined };
    if (result === 'accessTokenRejected' && parts.tokens.usable(Date.now()).length === 0) parts.lackToken();
    // A code that was sent while this one was being checked is no reason to send another at once.
    if (result === 'codeExpired' && parts.sends.records.counted.length === this.sendsBefore)
      parts.sends.records.waiveCooldown();
    if (result === 'codeExpired' || result === 'mismatch') parts.tokenProved();
  }

  /** Cognito takes no attempts for a while; until when. */
  private block(): number {
    // The attempt that was refused does not explain the refusal.
    const own = countedAttempts(this.entries).slice(0, -1);
    const times = own.map(({ at }) => Date.parse(at));
    this.blockedUntilMs = retryAfterRateLimit(times, ++this.rateLimitsInARow, Date.now());
    return this.blockedUntilMs;
  }

  private attempt(input: ParsedSubmitCode): Promise<AttemptEnd | NoToken> {
    // A token that came with the code is the only one used for it: a forged one must not spend the real user's attempts.
    const given = input.tokenInput;
    return withToken(this.parts.tokens, 'attempt', (held) => this.check(held, input), { given });
  }

  /** Counts each call before it is made, and reads the attribute after a lost answer before anything is said. */
  private async check(
    held: HeldToken,
    { code, tokenInput: given }: ParsedSubmitCode,
  ): Promise<AttemptEnd | { verdict: 'accessTokenRejected' }> {
    const { looks, tokens } = this.parts;
    const { attributeName, owner } = this.parts.request;
    const { tokenInput } = held;
    // Recorded before anything can change it. Mostly the send has done so.
    if (!looks.before) {
      const look = await looks.look(`Read ${attributeName} before the attempt`, { given, budget: 'quick' });
      if (look.verdict === 'read') looks.noteBefore(look.attribute);
    }
    for (let calls = 1; ; calls++) {
      const settle = this.begin();
      const answer = await verifyCode({ owner, attributeName, tokenInput, code }, `Check a code for ${attributeName}`);
      settle(OUTCOMES[answer.verdict]);
      if (answer.verdict === 'accessTokenRejected') return { verdict: answer.verdict };
      tokens.learn(held, 'attempt', answer.verdict);
      if (answer.verdict !== 'uncertain' && answer.verdict !== 'codeExpired') return endOf(answer);
      const look = await looks.look(`Read whether ${attributeName} is verified by now`, { given });
      if (looks.prove(look)) return { verdict: 'answered', result: 'verified' };
      // An answer was lost and the attribute cannot be read: another try is not safe, and a code that Cognito may have
      // taken must not be called expired.
      if (look.verdict !== 'read' && this.lostAnswer) {
        return look.verdict === 'noToken' ? REJECTED : { verdict: 'unavailable', failure: look.failure };
      }
      if (answer.verdict !== 'uncertain' || calls === MOST_CALLS || this.left === 0) return endOf(answer);
    }
  }

  /** Counts an attempt before Cognito is asked; the outcome is filled in when it is known. */
  private begin(): (outcome: AttemptOutcome) => void {
    const record: AttemptRecord = { at: iso(Date.now()), outcome: 'checking' };
    addRecord(this.entries, record, countedAttempts);
    return (outcome) => {
      record.outcome = outcome;
    };
  }

  /** A consumed code answers like an expired one, so after a lost answer only the attribute tells which it is. */
  private get lostAnswer(): boolean {
    return this.entries.some(({ outcome }) => outcome === 'uncertain');
  }
}

const REJECTED = { verdict: 'answered', result: 'accessTokenRejected' } as const;

const OUTCOMES: Record<AttemptVerdict['verdict'], AttemptOutcome> = {
  verified: 'verified',
  mismatch: 'mismatch',
  codeExpired: 'codeExpired',
  rateLimited: 'rateLimited',
  accessTokenRejected: 'accessTokenRejected',
  uncertain: 'uncertain',
  throttled: 'notMade',
  unreachable: 'notMade',
  blocked: 'notMade',
  failed: 'failed',
};

function endOf(answer: Exclude<AttemptVerdict, { verdict: 'accessTokenRejected' }>): AttemptEnd {
  switch (answer.verdict) {
    case 'verified':
    case 'mismatch':
    case 'codeExpired':
    case 'rateLimited':
      return { verdict: 'answered', result: answer.verdict };
    case 'throttled':
    case 'unreachable':
    case 'blocked':
    case 'uncertain':
      return { verdict: 'unavailable', failure: answer.failure };
    case 'failed':
      return { verdict: 'failed', failure: answer.failure };
  }
}
