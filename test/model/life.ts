/**
 * The lifecycle of docs/lifecycle.md and docs/failures.md, without its machinery: one thing after the other.
 * This class has the attempts; its base classes have the looks, the sends and the tokens.
 */
import { type EndByLook, Looks } from './looks.js';
import { afterRateLimit, attemptsLeft, type Check, codeEnds, counted, isEnd, type Submitted, spent } from './world.js';

const CALLS_FOR_A_CODE = 2;

type AttemptEnd =
  | EndByLook
  /** A code was accepted, and the attribute read. */
  | 'shown'
  | 'mismatch'
  | 'codeExpired'
  | 'rateLimited'
  | 'accessTokenRejected'
  | 'unavailable';

export class Life extends Looks {
  /** Takes codes one at a time, and answers at once if no call is needed. */
  override takeCodes(): void {
    const { world } = this;
    while (!this.lookDecides() && !world.check && !isEnd(world.state) && world.queue.length > 0) {
      const late = world.now >= world.expiresAt;
      if (late && world.lateCodeTaken) return;
      world.lateCodeTaken = late;
      const next = world.queue.shift() as Submitted;
      const ends = codeEnds(world);
      if (world.codeAccepted) this.startCheck(next, 'prove');
      else if (attemptsLeft(world) === 0) this.answer(next.message, 'AttemptsExhausted');
      else if (ends !== undefined && this.past(ends)) {
        world.cooldownWaived = true;
        this.answer(next.message, 'codeExpired');
      } else if (world.attemptsBlockedUntil !== undefined && !this.past(world.attemptsBlockedUntil)) {
        this.answer(next.message, 'rateLimited');
      } else this.startCheck(next);
    }
  }

  private startCheck(submitted: Submitted, stage: Check['stage'] = 'token'): void {
    const { world } = this;
    const sendsBefore = counted(world).length;
    world.check = { ...submitted, since: world.now, stage, look: {}, calls: 0, sendsBefore };
    this.goOnChecking();
  }

  /** Continues until the code is answered, or a call must be retried later; `gaveUp` says that the retries failed. */
  goOnChecking(gaveUp = false): void {
    const { check } = this.world;
    if (!check) return;
    let inVain = gaveUp;
    for (;;) {
      if (check.stage !== 'token') this.meanwhile?.beforeAttempt?.();
      // The send may have ended the verification.
      if (this.world.check !== check) return;
      const end = this.checkOnce(check, inVain);
      if (end === 'riding') return;
      if (end) {
        this.settleCheck(check, end);
        return;
      }
      inVain = false;
    }
  }

  private checkOnce(check: Check, gaveUp: boolean): AttemptEnd | 'riding' | undefined {
    const { world } = this;
    switch (check.stage) {
      case 'token': {
        const [token] = this.usable(check.token);
        if (token === undefined) return 'accessTokenRejected';
        check.with = token;
        // A token that nobody has checked is tried with a look.
        check.stage = !world.target || !this.counts(token) ? 'before' : 'call';
        return undefined;
      }
      case 'before': {
        const was = this.cognito.shown;
        const looked = gaveUp ? 'unreadable' : this.cognito.read(check.with as number);
        if (looked === 'throttled') return 'riding';
        if (looked === 'refused') {
          this.reject(check.with as number);
          check.stage = 'token';
          this.meanwhile?.betweenCalls?.();
          return undefined;
        }
        if (looked !== 'read') return 'unavailable';
        this.accept(check.with as number);
        check.stage = 'call';
        return world.target ? undefined : this.takeTarget(was);
      }
      case 'call':
        return this.call(check, gaveUp);
      case 'after':
        return this.lookAfter(check, gaveUp);
      case 'prove':
        return this.prove(check, gaveUp);
    }
  }

  /** Counts the attempt before it makes the call. */
  private call(check: Check, gaveUp: boolean): AttemptEnd | 'riding' | undefined {
    const { world } = this;
    if (check.entry === undefined) {
      check.entry = world.attempts.length;
      world.attempts.push({ at: world.now, outcome: 'checking' });
    }
    const entry = world.attempts[check.entry] as { outcome: string };
    const token = check.with as number;
    const meaning = gaveUp ? 'throttled' : this.cognito.attempt(token, check.code);
    if (meaning === 'throttled' && !gaveUp) return 'riding';
    const line = { throttled: 'notMade', blocked: 'notMade', refused: 'accessTokenRejected' } as Record<string, string>;
    entry.outcome = line[meaning] ?? meaning;
    delete check.entry;
    switch (meaning) {
      case 'refused':
        this.reject(token);
        check.stage = 'token';
        this.meanwhile?.betweenCalls?.();
        return undefined;
      case 'throttled':
      case 'blocked':
        return 'unavailable';
      case 'failed':
        world.failure = this.cognito.failureType('attempt');
        return 'failed';
      case 'verified':
        this.accept(token);
        entry.outcome = 'accepted';
        world.codeAccepted = true;
        check.stage = 'prove';
        check.token = undefined;
        // The attempt itself reads the attribute.
        return this.cognito.read(token, true) === 'read' ? 'shown' : undefined;
      case 'mismatch':
      case 'rateLimited':
        this.accept(token);
        return meaning;
      case 'codeExpired':
        this.accept(token);
    }
    check.doubt = meaning;
    check.calls += 1;
    check.stage = 'after';
    this.meanwhile?.betweenCalls?.();
    return undefined;
  }

  /** After a lost answer, or for an expired or used code, only the attribute shows the result. */
  private lookAfter(check: Check, gaveUp: boolean): AttemptEnd | 'riding' | undefined {
    const { world } = this;
    const looked = gaveUp ? this.gaveUpLook(check) : this.lookUp(check.look, check.token);
    if (looked === 'riding') return 'riding';
    const ending = looked === 'read' ? this.judged('found') : undefined;
    if (ending) return ending;
    const hasLostAnswer = world.attempts.some(({ outcome }) => outcome === 'uncertain');
    // A direct attempt of a lost workflow task would be in no history.
    const mayBeRepeat = hasLostAnswer || (world.target?.verified === false && !world.changePending);
    if (looked !== 'read' && mayBeRepeat) return looked === 'noToken' ? 'accessTokenRejected' : 'unavailable';
    const isTold = world.target?.verified !== undefined && this.cognito.shown.verified !== undefined;
    if (mayBeRepeat && check.doubt === 'codeExpired' && !isTold) return 'unavailable';
    if (check.doubt === 'codeExpired') return 'codeExpired';
    if (check.calls === CALLS_FOR_A_CODE || attemptsLeft(world) === 0) return 'unavailable';
    check.stage = 'call';
    return undefined;
  }

  private prove(check: Check, gaveUp: boolean): AttemptEnd | 'riding' {
    const looked = gaveUp ? this.gaveUpLook(check) : this.lookUp(check.look, check.token);
    if (looked === 'riding') return 'riding';
    if (looked === 'read') return 'shown';
    this.putOff(looked);
    return looked === 'noToken' ? 'accessTokenRejected' : 'unavailable';
  }

  /** The next look for this code starts with the tokens again. */
  private gaveUpLook(check: Check): 'unreadable' {
    check.look = {};
    return 'unreadable';
  }

  private settleCheck(check: Check, end: AttemptEnd): void {
    const { world } = this;
    const ending = end === 'shown' ? this.judged('accepted') : end;
    if (ending === 'verified' || ending === 'expired' || ending === 'failed') {
      this.end(ending);
      return;
    }
    world.check = undefined;
    if (end !== 'rateLimited') world.attemptLimitsInARow = 0;
    if (world.codeAccepted || attemptsLeft(world) === 0) this.standDown();
    this.answer(check.message, end === 'unavailable' ? 'CognitoUnavailable' : end);
    if (end === 'rateLimited') {
      world.attemptLimitsInARow += 1;
      world.attemptsBlockedUntil = afterRateLimit(spent(world).slice(0, -1), world.attemptLimitsInARow, world.now);
    }
    if (end === 'accessTokenRejected' && world.state === 'awaitingCode' && this.usable().length === 0)
      this.enter('awaitingToken');
    if (end === 'codeExpired' && counted(world).length === check.sendsBefore) world.cooldownWaived = true;
    if ((end === 'codeExpired' || end === 'mismatch') && world.state === 'awaitingToken') this.tokenCame();
    this.takeCodes();
    this.goOn();
  }
}
