import type { CodeDelivery, VerificationFailure } from '@cognito-verification/contract';
import { Alarm } from './alarm.js';
import {
  automaticResendAt,
  type CallState,
  codeExpiresAt,
  countedSends,
  nextDailyEmailReset,
  resendRefusal,
  retryAfterRateLimit,
  slowRetryAt,
} from './policy.js';
import { refused, resendFailed, resendNotAllowed, unavailable } from './refusals.js';
import { sendWithUsableToken, type TakenSend } from './send-with-token.js';
import { Underway } from './underway.js';
import type { Verification } from './verification.js';

/** The sends of one verification: when the next is due, what came of the last, and who waits for it. */
export class Sending {
  private readonly nextSend = new Alarm();
  private readonly call = new Underway<TakenSend>();
  /** Of the re-send that was asked for; the request's otherwise. */
  private clientMetadata: Record<string, string> | undefined;
  private automaticResends = true;
  private rateLimitsInARow = 0;
  private slowRetries = 0;

  constructor(private readonly verification: Verification) {
    const { alreadySent } = verification.request;
    if (alreadySent) this.recordAlreadySent(alreadySent);
    else verification.sendPending = true;
  }

  get state(): CallState {
    return this.call.state;
  }

  get due(): boolean {
    const { sendPending, retryAtMs, state, attemptsLeft, mailbox } = this.verification;
    // Nobody could submit its code any more; whoever asks for one all the same gets it.
    if (attemptsLeft === 0 && mailbox.awaitingSend.length === 0) return false;
    return this.nextSend.rang || (sendPending && retryAtMs === undefined && state !== 'awaitingToken');
  }

  start(): void {
    const { verification } = this;
    this.nextSend.clear();
    verification.sendPending = false;
    verification.retryAtMs = undefined;
    verification.enter('sending');
    const clientMetadata = this.clientMetadata ?? verification.request.clientMetadata;
    this.call.start(() => sendWithUsableToken(verification, clientMetadata));
  }

  /** A person asks for another code: a send that is under way or waits to be tried again serves them too. */
  takeResend(): void {
    const { verification } = this;
    const { mailbox } = verification;
    const post = mailbox.resends.shift();
    if (!post) return;
    if (verification.state === 'sending') {
      // One waits; the others are told how it stands, so that no crowd of them keeps a code from being submitted.
      if (mailbox.awaitingSend.length > 0) post.verdict = 'settled';
      else mailbox.awaitingSend.push(post);
      return;
    }
    const refusal = resendRefusal(verification.resendFacts, Date.now());
    if (refusal) {
      post.refusal = resendNotAllowed(refusal);
      return;
    }
    verification.sendPending = true;
    verification.enter('sending');
    this.clientMetadata = post.input.clientMetadata;
    mailbox.awaitingSend.push(post);
  }

  /** A start that has joined brings the delivery of a code that Cognito has sent by itself. */
  takeAlreadySent(): void {
    const { mailbox, sends } = this.verification;
    const delivery = mailbox.alreadySent;
    mailbox.alreadySent = undefined;
    const newest = sends.at(-1);
    // The start that opened the verification says it twice, in the request and in its update.
    if (!delivery || (newest?.outcome === 'alreadySent' && isSame(newest.delivery, delivery))) return;
    this.recordAlreadySent(delivery);
  }

  /** A token has come: what waited for one goes on, as soon as nothing else is under way. */
  resume(): void {
    const { verification } = this;
    if (verification.state !== 'awaitingToken') return;
    if (!verification.sendPending) {
      this.awaitCode();
      return;
    }
    // Who joins a verification that has sent nothing yet waits for this send.
    verification.firstSendSettled = countedSends(verification.sends).length > 0;
    verification.enter('sending');
  }

  cancel(): void {
    this.call.cancel();
  }

  /** @throws ApplicationFailure when the verification fails for it. */
  settle(): void {
    const { verification } = this;
    const verdict = this.call.take();
    if (verdict.verdict !== 'rateLimited') this.rateLimitsInARow = 0;
    if (verdict.verdict !== 'undeliverable' && verdict.verdict !== 'blocked') this.slowRetries = 0;
    switch (verdict.verdict) {
      case 'sent':
        verification.recordSend('sent', { delivery: verdict.delivery });
        this.awaitCode();
        break;
      case 'uncertain':
        verification.recordSend('uncertain', { reason: verdict.failure.type });
        this.awaitCode();
        break;
      case 'rateLimited':
        verification.recordSend('rateLimited', { reason: verdict.failure.type });
        this.waitOutRateLimit(verdict.dailyEmailLimit === true);
        break;
      case 'noToken':
        verification.sendPending = true;
        verification.firstSendSettled = true;
        verification.enter('awaitingToken');
        break;
      case 'undeliverable':
      case 'blocked':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        // Whoever asked for this send goes on waiting for it.
        if (this.triesAgainSlowly(verdict.verdict, verdict.failure)) return;
        this.failResend(verdict.failure);
        break;
      case 'throttled':
      case 'unreachable':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        this.giveUp(unavailable(verdict.failure), countedSends(verification.sends).length > 0);
        break;
      case 'failed':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        this.failResend(verdict.failure);
        break;
    }
    if (!verification.sendPending) this.clientMetadata = undefined;
    this.answerResends();
  }

  private recordAlreadySent(delivery: CodeDelivery): void {
    const { verification } = this;
    verification.recordSend('alreadySent', { delivery });
    // It takes the place of a send that waits; one that is with Cognito already settles by itself.
    if (this.call.state !== 'none') return;
    verification.sendPending = false;
    this.nextSend.clear();
    this.awaitCode();
    this.answerResends();
  }

  private answerResends(): void {
    for (const post of this.verification.mailbox.awaitingSend.splice(0)) post.verdict = 'settled';
  }

  private awaitCode(): void {
    const { verification } = this;
    verification.firstSendSettled = true;
    verification.enter('awaitingCode');
    const at = automaticResendAt(verification.request.policy, verification.sends);
    if (this.automaticResends && at !== undefined) {
      this.sendLater(at, 'Sends again if nothing was confirmed by then');
    }
  }

  private waitOutRateLimit(dailyEmailLimit: boolean): void {
    const { verification } = this;
    const own = countedSends(verification.sends).map(({ at }) => Date.parse(at));
    const at = dailyEmailLimit
      ? nextDailyEmailReset(Date.now())
      : retryAfterRateLimit(own, ++this.rateLimitsInARow, Date.now());
    verification.sendPending = true;
    verification.firstSendSettled = true;
    verification.retryAtMs = at;
    verification.enter('rateLimited');
    this.sendLater(at, 'Cognito may take another send by then');
  }

  private triesAgainSlowly(kind: 'undeliverable' | 'blocked', failure: VerificationFailure): boolean {
    const { verification } = this;
    const at = slowRetryAt(kind, ++this.slowRetries, Date.now());
    if (at === undefined) return false;
    verification.sendPending = true;
    verification.retryAtMs = at;
    this.sendLater(at, `Tries again after ${failure.type}`);
    return true;
  }

  private codeStillWorks(): boolean {
    const { request, sends, cooldownWaived } = this.verification;
    const expiresAt = codeExpiresAt(request.policy, sends);
    return expiresAt !== undefined && expiresAt > Date.now() && !cooldownWaived;
  }

  /**
   * Cognito has refused for good. That takes nobody's code away: while one is out that may work the verification goes
   * on, without further re-sends of its own.
   * @throws ApplicationFailure where none is.
   */
  private failResend(failure: VerificationFailure): void {
    this.automaticResends = false;
    this.giveUp(resendFailed(failure), this.codeStillWorks(), failure);
  }

  /**
   * Nothing left the house, and whoever asked is told.
   * @throws ApplicationFailure `fatal` where the verification does not go on.
   */
  private giveUp(told: VerificationFailure, goesOn: boolean, fatal = told): void {
    const { verification } = this;
    if (!goesOn) throw verification.failing(fatal);
    for (const post of verification.mailbox.awaitingSend.splice(0)) {
      post.refusal = refused(told.type, told.message, fatal);
    }
    this.awaitCode();
  }

  private sendLater(atMs: number, summary: string): void {
    if (atMs < this.verification.expiresAtMs) this.nextSend.set(atMs, summary);
  }
}

function isSame(one: CodeDelivery | undefined, other: CodeDelivery): boolean {
  return one?.destination === other.destination && one?.deliveryMedium === other.deliveryMedium;
}
