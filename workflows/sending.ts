import { FAILURE_TYPES, type VerificationFailure } from '@cognito-verification/contract';
import { Alarm } from './alarm.js';
import { type SendVerdict, sendCode } from './cognito-calls.js';
import { refused, resendNotAllowed } from './handlers.js';
import {
  automaticResendAt,
  codeExpiresAt,
  countedSends,
  nextDailyEmailReset,
  type Procedure,
  resendRefusal,
  retryAfterRateLimit,
  slowRetryAt,
} from './policy.js';
import { Underway } from './underway.js';
import type { Verification } from './verification.js';

/** The sends of one verification: when the next is due, what came of the last, and who waits for it. */
export class Sending {
  private readonly nextSend = new Alarm();
  private readonly call = new Underway<SendVerdict | undefined>();
  private clientMetadata: Record<string, string> | undefined;
  private rateLimitsInARow = 0;
  private slowRetries = 0;

  constructor(private readonly verification: Verification) {
    const { alreadySent, clientMetadata } = verification.request;
    this.clientMetadata = clientMetadata;
    if (alreadySent) {
      verification.recordSend('alreadySent', { delivery: alreadySent });
      this.awaitCode();
    } else {
      verification.sendPending = true;
    }
  }

  get procedure(): Procedure {
    return this.call.procedure;
  }

  get due(): boolean {
    const { sendPending, retryAtMs, state, attemptsLeft } = this.verification;
    // Nobody could submit the code of an automatic re-send once the attempts are used up.
    if (this.nextSend.rang) return sendPending || attemptsLeft > 0;
    return sendPending && retryAtMs === undefined && state !== 'awaitingToken';
  }

  start(): void {
    const { verification } = this;
    this.nextSend.clear();
    verification.sendPending = false;
    verification.retryAtMs = undefined;
    verification.enter('sending');
    this.call.start(() => sendWithUsableToken(verification, this.clientMetadata));
  }

  /** A person asks for another code: a send that is under way or waits to be tried again serves them too. */
  takeResend(): void {
    const { verification } = this;
    const { mailbox } = verification;
    const post = mailbox.resends.shift();
    if (!post) return;
    if (verification.state !== 'sending') {
      const refusal = resendRefusal(verification.resendFacts, Date.now());
      if (refusal) {
        post.refusal = resendNotAllowed(refusal);
        return;
      }
      verification.sendPending = true;
      verification.enter('sending');
    }
    this.clientMetadata = post.input.clientMetadata ?? this.clientMetadata;
    mailbox.awaitingSend.push(post);
  }

  /** A token has come: what waited for one goes on. */
  goOn(): void {
    const { verification } = this;
    if (verification.state !== 'awaitingToken') return;
    if (!verification.sendPending) {
      this.awaitCode();
      return;
    }
    // Who joins a verification that has sent nothing yet waits for this send.
    verification.firstSendSettled = countedSends(verification.sends).length > 0;
    this.start();
  }

  cancel(): void {
    this.call.cancel();
  }

  /** @throws ApplicationFailure when the verification fails for it. */
  settle(): void {
    const { verification } = this;
    const verdict = this.call.take();
    if (verdict?.verdict !== 'rateLimited') this.rateLimitsInARow = 0;
    if (verdict?.verdict !== 'undeliverable' && verdict?.verdict !== 'blocked') this.slowRetries = 0;
    switch (verdict?.verdict) {
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
      case undefined:
      case 'accessTokenRejected':
        verification.sendPending = true;
        verification.firstSendSettled = true;
        verification.enter('awaitingToken');
        break;
      case 'undeliverable':
      case 'blocked':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        // Whoever asked for this send goes on waiting for it.
        if (this.triesAgainSlowly(verdict.verdict, verdict.failure)) return;
        this.giveUp(resendFailed(verdict.failure), this.codeStillWorks(), verdict.failure);
        break;
      case 'throttled':
      case 'unreachable':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        this.giveUp(unavailable(verdict.failure), countedSends(verification.sends).length > 0);
        this.planResend();
        break;
      case 'failed':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        this.giveUp(resendFailed(verdict.failure), this.codeStillWorks(), verdict.failure);
        break;
    }
    for (const post of verification.mailbox.awaitingSend.splice(0)) post.verdict = 'settled';
  }

  private awaitCode(): void {
    const { verification } = this;
    verification.firstSendSettled = true;
    verification.enter('awaitingCode');
    this.planResend();
  }

  private planResend(): void {
    const { verification } = this;
    const at = automaticResendAt(verification.request.policy, verification.sends);
    if (at !== undefined) this.sendLater(at, 'Sends again if nothing was confirmed by then');
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
   * Nothing left the house. A failed re-send takes nobody's code away: while one is out that may work the verification
   * goes on, without further re-sends of its own, and whoever asked is told.
   * @throws ApplicationFailure `fatal` where it does not go on.
   */
  private giveUp(told: VerificationFailure, goesOn: boolean, fatal = told): void {
    const { verification } = this;
    if (!goesOn) throw verification.failing(fatal);
    for (const post of verification.mailbox.awaitingSend.splice(0))
      post.refusal = refused(told.type, told.message, fatal);
    verification.enter('awaitingCode');
  }

  private sendLater(atMs: number, summary: string): void {
    if (atMs < this.verification.expiresAtMs) this.nextSend.set(atMs, summary);
  }
}

/** Asks Cognito to send a code, with whichever token it takes; undefined where no token is left to ask with. */
async function sendWithUsableToken(
  verification: Verification,
  clientMetadata: Record<string, string> | undefined,
): Promise<SendVerdict | undefined> {
  const { attributeName, claims, policy } = verification.request;
  const ordinal = countedSends(verification.sends).length + 1;
  for (const accessToken of verification.tokens.usable(Date.now())) {
    const verdict = await sendCode(
      {
        userPoolId: claims.userPoolId,
        accessToken,
        attributeName,
        recordAttribute: verification.before === undefined,
        ...(clientMetadata ? { clientMetadata } : {}),
      },
      `Send ${ordinal} of at most ${policy.maxSends}: ${attributeName}`,
    );
    if (verdict.verdict !== 'accessTokenRejected') {
      if (verdict.verdict === 'sent') verification.tokens.accept(accessToken);
      verification.before ??= verdict.attribute;
      return verdict;
    }
    verification.tokens.reject(accessToken);
    verification.recordSend('accessTokenRejected', { reason: verdict.failure.type });
  }
  return undefined;
}

function resendFailed({ type, message }: VerificationFailure): VerificationFailure {
  return {
    type: FAILURE_TYPES.resendFailed,
    message: `No further code was sent (${type}): ${message} The code that was sent before still works.`,
  };
}

/** What a caller is told when the budget of a call is used up and nothing has happened. */
export function unavailable({ type, message }: VerificationFailure): VerificationFailure {
  return {
    type: FAILURE_TYPES.cognitoUnavailable,
    message: `Cognito could not be asked within the time for it (${type}). ${message} It may be tried again.`,
  };
}
