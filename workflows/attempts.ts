import type {
  AttemptOutcome,
  AttemptRecord,
  ParsedRequest,
  SubmitCodeResult,
  VerificationStatus,
} from '@cognito-verification/contract';
import type { UncountedAttempt } from '../activities/cognito.js';
import type { AccessTokens, NoToken } from './access-tokens.js';
import type { Deadline } from './alarm.js';
import { type CheckEnd, CodeCheck, type Directness, REJECTED } from './code-check.js';
import { LONGEST_DIRECT_MS } from './direct-calls.js';
import { attemptAllowedAt, attemptsLeft, attemptsUsedUp, type LimitFacts } from './limits.js';
import type { Looks } from './looks.js';
import type { CodePost, Mailbox, Submitted } from './mailbox.js';
import { addRecord, type CallState, countedAttempts, type Ending, iso, isoIf, retryAfterRateLimit } from './policy.js';
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
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly sends: Sends;
  readonly limits: LimitFacts;
  status(): VerificationStatus;
  lackToken(): void;
  tokenProved(): void;
}

/** Every caller has an answer after 90 s: this leaves a moment for the way. */
const ANSWER_WITHIN_MS = 85_000;

/** Until an attempt whose worker has died is made again: the time-out of its workflow task, and a new worker. */
const REPEATED_WITHIN_MS = 30_000;

/** The attempts of one verification, one at a time. */
export class Attempts {
  private readonly entries: AttemptRecord[] = [];
  private readonly updateIds = new Set<string>();
  /** Attempts of lost workflow tasks, by their updates, until these come again. */
  private readonly lost = new Map<string, AttemptRecord>();
  private readonly call = new Underway<CheckEnd | NoToken>();
  private underCheck: CodePost | undefined;
  private isLateTaken = false;
  private blockedUntilMs: number | undefined;
  private rateLimitsInARow = 0;
  private hasUncounted = false;
  private sendsBefore = 0;

  constructor(private readonly parts: Parts) {}

  get state(): CallState {
    return this.call.state;
  }

  get left(): number {
    return attemptsLeft(this.parts.limits, Date.now());
  }

  /** An attempt is being made that is counted with its answer: what is left is not known. */
  get anyUncounted(): boolean {
    return this.hasUncounted;
  }

  /** This verification has made all the attempts that it may. */
  get usedUp(): boolean {
    return attemptsUsedUp({ policy: this.parts.terms.policy, attempts: this.entries });
  }

  /** One code was taken after the deadline. */
  get lateTaken(): boolean {
    return this.isLateTaken;
  }

  /** Every attempt, oldest first. */
  get records(): readonly AttemptRecord[] {
    return this.entries;
  }

  /** Until when no attempts are taken, by Cognito or by the limit of the hour; undefined when they are. */
  blockedUntil(nowMs: number): number | undefined {
    const untilMs = Math.max(this.blockedUntilMs ?? 0, attemptAllowedAt(this.parts.limits, nowMs) ?? 0);
    return untilMs > nowMs ? untilMs : undefined;
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
    } else if (this.usedUp && !this.isLost(post.input.updateId)) {
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
    if (end.verdict === 'again') {
      // It has not been checked: after the deadline it is still the one that may be.
      this.isLateTaken = false;
      if (post) this.parts.mailbox.codes.unshift(post);
      return undefined;
    }
    if (post) this.answer(post, end.verdict === 'noToken' ? REJECTED : end);
    return undefined;
  }

  private answer(post: CodePost, end: Exclude<CheckEnd, { verdict: 'ended' | 'again' }>): void {
    const { parts } = this;
    if (end.verdict === 'unavailable' || end.result !== 'rateLimited') this.rateLimitsInARow = 0;
    if (parts.looks.codeAccepted || this.usedUp) parts.sends.standDown();
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
    const own = [...this.parts.limits.earlier.attempts, ...countedAttempts(this.entries).slice(0, -1)];
    const times = own.map(({ at }) => Date.parse(at));
    this.blockedUntilMs = retryAfterRateLimit(times, ++this.rateLimitsInARow, Date.now());
    return this.blockedUntilMs;
  }

  /** The code was checked in a workflow task that was lost, and that attempt is counted: if the code comes again, it gets the answer of that attempt. */
  isLost(updateId: string | undefined): boolean {
    return updateId !== undefined && this.lost.has(updateId);
  }

  /** The updates whose attempts are counted. */
  get countedUpdates(): readonly string[] {
    return [...this.updateIds];
  }

  /** Makes a direct call, whose attempt is counted with its answer. */
  async uncounted<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    this.hasUncounted = true;
    try {
      return await call();
    } finally {
      this.hasUncounted = false;
    }
  }

  /**
   * Counts an attempt before Cognito is asked, or with its answer; the outcome is filled in when it is known.
   * @param at when it was made, if that was earlier
   */
  count(updateId: string, at = iso(Date.now())): (outcome: AttemptOutcome) => void {
    this.updateIds.add(updateId);
    const lost = this.lost.get(updateId);
    this.lost.delete(updateId);
    const record: AttemptRecord = lost ?? { at, outcome: 'checking' };
    if (!lost) addRecord(this.entries, record, countedAttempts);
    return (outcome) => {
      record.outcome = outcome;
    };
  }

  /** The code has come again, and its process does not know it: what is counted stays so. */
  forgetLost(updateId: string): boolean {
    return this.lost.delete(updateId);
  }

  /** Counts attempts whose workflow tasks were lost. The codes may come again: the first answer is theirs. */
  countLost(attempts: readonly UncountedAttempt[]): void {
    for (const { updateId, at } of attempts) {
      if (this.updateIds.has(updateId)) continue;
      const record: AttemptRecord = { at, outcome: 'uncertain' };
      this.updateIds.add(updateId);
      this.lost.set(updateId, record);
      addRecord(this.entries, record, countedAttempts);
    }
  }

  /**
   * Whether an attempt may be a local activity. The server throws its workflow task away for an event of the same moment, or for a
   * crowd of messages, and the next task, or the next worker, makes the attempt again. If Cognito had accepted the code it calls it
   * expired then, and only an attribute that was not verified before tells. So nothing is under way that may end in the same moment,
   * the deadline is not near, and no other code waits. Nor is the end of the code's lifetime, from where a repeat asks nobody.
   * Where only that is missing, an earlier attempt may have been local.
   */
  get directness(): Directness {
    const { looks, sends, deadline, mailbox } = this.parts;
    if (!looks.acceptanceShows) return 'none';
    if (this.lostAnswer) return this.lost.size > 0 ? 'remembered' : 'none';
    const isQuiet = mailbox.codes.length === 0 && sends.state === 'none' && looks.state === 'none' && !this.isLateTaken;
    const { codeExpiresAtMs = Number.POSITIVE_INFINITY } = sends.records;
    const untilMs = Math.min(deadline.atMs - LONGEST_DIRECT_MS, codeExpiresAtMs - REPEATED_WITHIN_MS);
    return isQuiet && Date.now() < untilMs ? 'call' : 'remembered';
  }

  /** A consumed code answers like an expired one, so after a lost answer only the attribute tells which it is. */
  get lostAnswer(): boolean {
    return this.entries.some(({ outcome }) => outcome === 'uncertain');
  }
}
