import type {
  AttemptOutcome,
  ParsedSubmitCode,
  Secret,
  SubmitCodeResult,
  TokenInput,
  VerificationFailure,
} from '@cognito-verification/contract';
import { type AttemptVerdict, verifyCode } from './cognito-calls.js';
import { lookUp } from './look-up.js';
import {
  type CallState,
  codeExpiresAt,
  countedAttempts,
  countedSends,
  hasBecomeVerified,
  iso,
  retryAfterRateLimit,
} from './policy.js';
import { attemptsExhausted, refused, unavailable } from './refusals.js';
import { Underway } from './underway.js';
import type { Verification } from './verification.js';

/** What came of a code: an answer to whoever typed it, or why there is none. */
type AttemptEnd = { result: SubmitCodeResult } | { result: 'unavailable' | 'failed'; failure: VerificationFailure };

/** Calls for one code: the first, and one more if its answer was lost and the attribute is not verified. */
const MOST_CALLS = 2;

/** The attempts of one verification, one at a time. */
export class Attempting {
  private readonly call = new Underway<AttemptEnd>();
  private rateLimitsInARow = 0;
  private sendsBefore = 0;

  constructor(private readonly verification: Verification) {}

  get state(): CallState {
    return this.call.state;
  }

  /** Answers at once what needs no call, and starts one for what does. */
  take(): void {
    const { verification } = this;
    const { mailbox, request, attemptsBlockedUntilMs } = verification;
    const post = mailbox.codes.shift();
    if (!post) return;
    const expiresAt = codeExpiresAt(request.policy, verification.sends);
    if (verification.attemptsLeft === 0) {
      post.refusal = attemptsExhausted(verification);
    } else if (expiresAt !== undefined && expiresAt <= Date.now()) {
      verification.cooldownWaived = true;
      post.verdict = { result: 'codeExpired' };
    } else if (attemptsBlockedUntilMs !== undefined && attemptsBlockedUntilMs > Date.now()) {
      post.verdict = { result: 'rateLimited', retryAt: iso(attemptsBlockedUntilMs) };
    } else {
      mailbox.codeUnderCheck = post;
      this.sendsBefore = countedSends(verification.sends).length;
      this.call.start(() => attemptCode(verification, post.input));
    }
  }

  /**
   * Answers the code that was checked; true when it ends the verification.
   * @throws ApplicationFailure when the verification fails for it.
   */
  settle(): boolean {
    const { verification } = this;
    const { mailbox } = verification;
    const end = this.call.take();
    // These two are answered with the rest, once the state says so too.
    if (end.result === 'verified') return true;
    if (end.result === 'failed') throw verification.failing(end.failure);
    const post = mailbox.codeUnderCheck;
    mailbox.codeUnderCheck = undefined;
    if (!post) return false;
    if (end.result !== 'rateLimited') this.rateLimitsInARow = 0;
    switch (end.result) {
      case 'unavailable': {
        const { message, type } = unavailable(end.failure);
        post.refusal = refused(type, message, end.failure);
        break;
      }
      case 'rateLimited':
        post.verdict = { result: end.result, retryAt: iso(this.blockAttempts()) };
        break;
      case 'accessTokenRejected':
        if (verification.tokens.usable(Date.now()).length === 0 && verification.state === 'awaitingCode') {
          verification.enter('awaitingToken');
        }
        post.verdict = { result: end.result };
        break;
      case 'codeExpired':
      case 'mismatch':
        // A code that was sent while this one was being checked is no reason to send another at once.
        if (end.result === 'codeExpired' && countedSends(verification.sends).length === this.sendsBefore) {
          verification.cooldownWaived = true;
        }
        // The token that came with the code was good, so whatever waits for a token can go on.
        if (verification.state === 'awaitingToken') mailbox.tokenOffered = true;
        post.verdict = { result: end.result };
        break;
    }
    return false;
  }

  private blockAttempts(): number {
    const { verification } = this;
    // The refused one is no explanation of itself.
    const own = countedAttempts(verification.attempts).slice(0, -1);
    const times = own.map(({ at }) => Date.parse(at));
    const until = retryAfterRateLimit(times, ++this.rateLimitsInARow, Date.now());
    verification.attemptsBlockedUntilMs = until;
    return until;
  }
}

/** Checks one code with Cognito. */
async function attemptCode(
  verification: Verification,
  { code, tokenInput: given }: ParsedSubmitCode,
): Promise<AttemptEnd> {
  const rejected: TokenInput[] = [];
  for (;;) {
    // A token that came with the code is the only one used for it: a forged one must not spend the real user's
    // attempts. The others are asked for anew each time, since a good one may have come while a bad one was tried.
    const [tokenInput] = verification.tokens.usable(Date.now(), { given, refused: rejected });
    if (!tokenInput) return { result: 'accessTokenRejected' };
    const end = await attemptWith(verification, code, tokenInput, given);
    if (end !== 'tokenRefused') return end;
    verification.tokens.reject(tokenInput);
    rejected.push(tokenInput);
  }
}

/** Each call is counted before it is made, and after a lost answer the attribute is read before anything is said. */
async function attemptWith(
  verification: Verification,
  code: Secret,
  tokenInput: TokenInput,
  given: TokenInput | undefined,
): Promise<AttemptEnd | 'tokenRefused'> {
  const { attributeName, owner } = verification.request;
  const look = given ? { given } : {};
  // Recorded before anything can change it. Mostly the send has done so.
  if (!verification.before) {
    const before = await lookUp(verification, `Read ${attributeName} before the attempt`, { ...look, budget: 'quick' });
    if (before.verdict === 'read') verification.before = before.attribute;
  }
  for (let calls = 1; ; calls++) {
    const settle = verification.beginAttempt();
    const verdict = await verifyCode({ owner, attributeName, tokenInput, code }, `Check a code for ${attributeName}`);
    settle(OUTCOMES[verdict.verdict]);
    if (verdict.verdict === 'accessTokenRejected') return 'tokenRefused';
    if (PROVES_TOKEN.has(verdict.verdict)) verification.tokens.accept(tokenInput);
    if (verdict.verdict !== 'uncertain' && verdict.verdict !== 'codeExpired') return endOf(verdict);
    const now = await lookUp(verification, `Read whether ${attributeName} is verified by now`, look);
    if (now.verdict === 'read' && hasBecomeVerified(verification.before, now.attribute)) return { result: 'verified' };
    // Unread it stays in doubt: neither is another try safe, nor may a code be called expired that may be consumed.
    if (now.verdict !== 'read' && answerWasLost(verification)) {
      return now.verdict === 'noToken'
        ? { result: 'accessTokenRejected' }
        : { result: 'unavailable', failure: now.failure };
    }
    if (verdict.verdict !== 'uncertain' || calls === MOST_CALLS || verification.attemptsLeft === 0)
      return endOf(verdict);
  }
}

/** A consumed code answers like an expired one, so after an answer that was lost only the attribute tells which it is. */
function answerWasLost({ attempts }: Verification): boolean {
  return attempts.some(({ outcome }) => outcome === 'uncertain');
}

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

function endOf(verdict: AttemptVerdict): AttemptEnd {
  switch (verdict.verdict) {
    case 'verified':
    case 'mismatch':
    case 'codeExpired':
    case 'rateLimited':
    case 'accessTokenRejected':
      return { result: verdict.verdict };
    case 'throttled':
    case 'unreachable':
    case 'blocked':
    case 'uncertain':
      return { result: 'unavailable', failure: verdict.failure };
    case 'failed':
      return { result: 'failed', failure: verdict.failure };
  }
}

/** Answers that Cognito gives only to a token it has taken. */
const PROVES_TOKEN: ReadonlySet<AttemptVerdict['verdict']> = new Set([
  'verified',
  'mismatch',
  'codeExpired',
  'rateLimited',
]);
