import {
  type CodeDelivery,
  type HeldReason,
  type ListedState,
  type ParsedRequest,
  type Secret,
  type VerificationFailure,
  type VerificationState,
} from '@cognito-verification/contract';
import type { AccessTokens } from './access-tokens.js';
import type { Deadline } from './alarm.js';
import { attemptsUsedUp, firstSendAllowedAt, type LimitFacts, type ResendFacts, resendRefusal } from './limits.js';
import { LookBeforeSend } from './look-before-send.js';
import type { Looks } from './looks.js';
import type { Mailbox, Resending, ResendPost } from './mailbox.js';
import type { Opening } from './opening.js';
import type { CallState, Ending } from './policy.js';
import { changeUnread, resendFailed, resendNotAllowed, unavailable } from './refusals.js';
import { SendCall } from './send-call.js';
import { SendPlan } from './send-plan.js';
import { SendRecords } from './send-records.js';
import type { Claim, Terms } from './terms.js';
import { WaitingResends } from './waiting-resends.js';

/** What the sends need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly opening: Opening;
  readonly tokens: AccessTokens;
  readonly terms: Terms;
  readonly mailbox: Mailbox;
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly limits: LimitFacts;
  readonly resendFacts: ResendFacts;
  takeRequests(): void;
  enter(state: VerificationState, listed?: ListedState): void;
}

/** The sends of one verification: what the next is for, what came of the last, and which callers wait for it. */
export class Sends {
  readonly records: SendRecords;
  private readonly call: SendCall;
  private readonly next: SendPlan;
  private readonly lookBefore: LookBeforeSend;
  /** The re-sends that the next answer answers. */
  private readonly waiting = new WaitingResends();
  /** The re-send that was asked for. */
  private resending: Resending | undefined;
  private isFirstSettled = false;

  constructor(private readonly parts: Parts) {
    this.records = new SendRecords(parts.terms);
    this.call = new SendCall(parts, this.records, () => this.enterSending());
    this.next = new SendPlan(parts);
    this.lookBefore = new LookBeforeSend(parts, this.records);
  }

  /** Where the request has `alreadySent`, it skips the first send, unless another request is the first that counts. */
  begin(): void {
    const { alreadySent } = this.parts.opening.claim;
    if (alreadySent) this.recordAlreadySent(alreadySent);
  }

  get state(): CallState {
    return this.call.state;
  }

  /** The answer that waits to be taken says that the attribute was verified already. */
  get foundVerified(): boolean {
    return this.call.foundVerified;
  }

  /** Whether a send may begin: the first, an automatic one, or one that was put off. */
  get due(): boolean {
    // Where its code would go is not known.
    return !this.parts.looks.changeUnread && this.next.due;
  }

  /** A send is with Cognito, is about to be, or will be tried again after a moment. */
  get sending(): boolean {
    return this.call.state !== 'none' || this.next.soon;
  }

  /** The start can be told how the first send went. */
  get firstSettled(): boolean {
    return this.isFirstSettled;
  }

  /** Why the guard of the worker keeps the next send back. */
  get held(): HeldReason | undefined {
    return this.next.held;
  }

  /** What the policy asks of the sends before a re-send. */
  get facts(): Pick<ResendFacts, 'cooldownWaived' | 'sendPending' | 'retryAtMs'> {
    const { next, records } = this;
    return { cooldownWaived: records.cooldownWaived, sendPending: next.pending, retryAtMs: next.retryAtMs };
  }

  /** Whether Cognito was asked for a code to another value than this one; undefined stands for the value that the user has. */
  askedForAnother(newValue: Secret | undefined): boolean {
    return this.call.askedForAnother(newValue);
  }

  /** The re-sends that still wait for an answer. */
  get unanswered(): readonly ResendPost[] {
    return [...this.waiting.all, ...this.parts.mailbox.resends];
  }

  /** The deadline has moved. */
  deadlineMoved(): void {
    this.next.deadlineMoved();
  }

  /** What limits this verification is known: it may put off the automatic re-send that a code of Cognito's own has planned. */
  earlierCounted(): void {
    if (this.isFirstSettled && this.call.state === 'none' && !this.next.pending) this.next.planAutomatic();
  }

  /** Asks Cognito to send a code, unless no attempt is left to submit it, or the calls of earlier verifications put it off. */
  start(): void {
    const { parts } = this;
    if (attemptsUsedUp(parts.limits)) {
      this.standDown();
      this.next.clear();
      return;
    }
    this.next.clear();
    const allowedAt = this.records.nothingSent ? firstSendAllowedAt(parts.limits, Date.now()) : undefined;
    if (allowedAt !== undefined && allowedAt > Date.now()) {
      if (this.lookBefore.wanted) {
        this.lookBefore.begin();
        this.call.startLook();
        return;
      }
      this.enterRateLimited();
      this.next.putOff(allowedAt, 'The last hour leaves another send then');
      this.waiting.answer();
      return;
    }
    this.enterSending();
    this.call.start(this.resending);
  }

  /**
   * A code was accepted, or no attempt is left: a send that waits is not needed any more. One that is under way settles by
   * itself.
   */
  standDown(): void {
    if (this.call.state !== 'none' || !this.next.pending) return;
    this.next.clear();
    this.isFirstSettled = true;
    this.waiting.answer();
    this.parts.enter('awaitingCode');
  }

  /** The target is known: where the old value is kept until the new one is verified, a re-send would go to the old one. */
  targetRead(): void {
    if (this.parts.looks.changePending && this.call.state === 'none' && !this.next.pending) this.next.clear();
  }

  /** Stops a send that is still being tried. */
  cancel(): void {
    this.call.cancel();
  }

  /** The send that is under way is not tried again; the try that is with Cognito goes on, and settles. */
  callOff(): void {
    this.call.callOff();
  }

  /** Lists an answer that came together with the end, since its message may have left. */
  end(): void {
    this.call.end();
  }

  /** A person asks for another code: a send that is under way or waits to be tried again serves them too. */
  takeResend(): void {
    const { parts } = this;
    const post = parts.mailbox.resends.shift();
    if (!post) return;
    if (this.sending) {
      this.waiting.join(post);
      return;
    }
    if (parts.looks.changeUnread) {
      post.refusal = changeUnread();
      return;
    }
    const refusal = resendRefusal(parts.resendFacts, Date.now());
    if (refusal) {
      post.refusal = resendNotAllowed(refusal);
      return;
    }
    this.next.plan('now');
    parts.enter('sending');
    this.resending = post.input;
    this.waiting.add(post);
  }

  /**
   * A request counts, and is not the one that opened the verification.
   * @param isAnother it takes the place of that one, which did not count: Cognito has sent a code by itself only if this one
   *   says so
   */
  takeClaim({ alreadySent }: Claim, { isAnother }: { isAnother: boolean }): void {
    if (this.parts.deadline.passed) return;
    if (isAnother && this.records.retractAlreadySent()) {
      this.parts.looks.forgetChange();
      this.isFirstSettled = false;
      this.next.plan('now');
      this.parts.enter('sending');
    }
    if (this.next.automatic) this.next.planAutomatic();
    if (alreadySent && !this.parts.opening.saidTwice(alreadySent)) this.parts.mailbox.alreadySent = alreadySent;
  }

  /** A start that joins brings the delivery of a code that Cognito has sent by itself. */
  takeAlreadySent(): void {
    const { mailbox } = this.parts;
    const delivery = mailbox.alreadySent;
    mailbox.alreadySent = undefined;
    if (delivery) this.recordAlreadySent(delivery);
  }

  /** A token has come: a send that waited for one is due, as soon as nothing else is under way. */
  resume(): void {
    if (!this.next.waitsForToken) {
      if (this.call.state === 'none' && !this.next.pending) this.awaitCode();
      return;
    }
    // A start that joins a verification that has sent nothing yet waits for this send.
    this.isFirstSettled = !this.records.nothingSent;
    this.next.plan('now');
    this.parts.enter('sending');
  }

  /** Takes the answer to a send. */
  settle(): Ending | undefined {
    const answer = this.call.take();
    this.next.noteAnswer(answer.verdict);
    if (answer.verdict !== 'noToken' && answer.verdict !== 'notYet') this.records.add(answer);
    // Whatever came of it, the verification makes way.
    if (this.parts.mailbox.superseded) return undefined;
    let ending: Ending | undefined;
    switch (answer.verdict) {
      case 'sent':
      case 'uncertain':
        this.parts.looks.needTarget();
        this.awaitCode();
        break;
      case 'alreadyVerified':
      case 'notYet': {
        const follows = this.lookBefore.settle(answer);
        if (follows === 'send') {
          this.next.plan('now');
          return undefined;
        }
        if (follows === 'awaitCode') this.awaitCode();
        else ending = follows;
        break;
      }
      case 'rateLimited':
        this.enterRateLimited();
        if (answer.held) this.next.waitOutHold(answer.held, answer.retryAt);
        else this.next.waitOutRateLimit(answer.dailyEmailLimit === true);
        break;
      case 'noToken':
        this.next.plan('withToken');
        this.isFirstSettled = true;
        this.parts.enter('awaitingToken');
        break;
      case 'undeliverable':
      case 'blocked':
        // The caller that asked for this send goes on waiting for it.
        if (this.next.tryAgainSlowly(answer.verdict, answer.failure)) {
          this.enterSending();
          return undefined;
        }
        ending = this.refusedForGood(answer.failure);
        break;
      case 'throttled':
      case 'unreachable':
        ending = this.notAsked(unavailable(answer.failure));
        break;
      case 'failed':
        ending = this.refusedForGood(answer.failure);
        break;
      default:
        answer satisfies never;
    }
    if (ending) return ending;
    if (!this.next.pending) this.resending = undefined;
    this.waiting.answer();
    if (attemptsUsedUp(this.parts.limits)) this.standDown();
    return undefined;
  }

  private recordAlreadySent(delivery: CodeDelivery): void {
    this.parts.looks.noteChange();
    this.records.add({ verdict: 'alreadySent', delivery });
    // It takes the place of a send that waits; one that is with Cognito already settles by itself.
    if (this.call.state !== 'none') return;
    this.next.clear();
    this.awaitCode();
    this.waiting.answer();
  }

  private awaitCode(): void {
    const { parts } = this;
    this.isFirstSettled = true;
    parts.enter('awaitingCode');
    this.next.planAutomatic();
  }

  private enterRateLimited(): void {
    this.isFirstSettled = true;
    this.parts.enter('rateLimited');
  }

  private enterSending(): void {
    // The list tells of a send from when the first try is known to have failed, and not of those that take a moment.
    this.parts.enter('sending', this.call.triesAgain || this.next.triesAgain ? 'sending' : undefined);
  }

  /** Cognito refused for good: it fails, unless an earlier code may still work; then it goes on without automatic re-sends. */
  private refusedForGood(failure: VerificationFailure): Ending | undefined {
    if (!this.records.codeWorks) return { outcome: 'failed', failure };
    this.next.endAutomatic();
    this.refuseWaiting(resendFailed(failure), failure);
    return undefined;
  }

  /** Cognito could not be asked: it fails, unless a code was sent before. */
  private notAsked(failure: VerificationFailure): Ending | undefined {
    if (this.records.nothingSent) return { outcome: 'failed', failure };
    this.refuseWaiting(failure, failure);
    return undefined;
  }

  /** Tells the callers that wait that no request was sent; the verification goes on with the earlier code. */
  private refuseWaiting(failure: VerificationFailure, cause: VerificationFailure): void {
    this.waiting.refuse(failure, cause);
    this.awaitCode();
  }
}
