/**
 * The lifecycle of one verification, top to bottom. It waits in one place, takes one thing at a time in the order that
 * `nextEvent` gives, and starts every send, attempt and timer there is; handlers.ts only leaves messages for it.
 */
import {
  FAILURE_TYPES,
  InvalidInputError,
  parseRequest,
  type VerificationFailure,
  type VerificationOutcome,
  type VerificationRequest,
} from '@cognito-verification/contract';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { Alarm } from './alarm.js';
import { type AttemptEnd, attemptCode, lookUpAttribute } from './attempt.js';
import type { ReadVerdict, SendVerdict } from './cognito-calls.js';
import { answerMessages, answerTheRest, attemptsExhausted, resendNotAllowed } from './handlers.js';
import type { CodePost, ResendPost } from './mailbox.js';
import {
  automaticResendAt,
  codeExpiresAt,
  countedAttempts,
  hasBecomeVerified,
  iso,
  messages,
  nextDailyEmailReset,
  nextEvent,
  resendRefusal,
  retryAfterRateLimit,
  slowRetryAt,
} from './policy.js';
import { sendWithUsableToken } from './send.js';
import { Underway } from './underway.js';
import { Verification } from './verification.js';

/** See `VerificationRequest` and `VerificationOutcome`; fails with Cognito's exception name where a person must look. */
export async function attributeVerification(request: VerificationRequest): Promise<VerificationOutcome> {
  const verification = open(request);
  answerMessages(verification);
  try {
    const ending = await new Lifecycle(verification).run();
    verification.enter(ending.outcome);
    await finish(verification);
    return { ...ending, status: verification.status() };
  } catch (error) {
    if (isCancellation(error)) verification.enter('cancelled');
    else if (error instanceof ApplicationFailure) verification.enter('failed');
    // Anything else is a bug of ours: the task is tried again until a deploy mends it, and nothing is lost.
    else throw error;
    await finish(verification);
    throw error;
  }
}

/** Refuses a request that nobody checked, as one that was typed into the Web UI. */
function open(request: unknown): Verification {
  try {
    return new Verification(parseRequest(request), workflowInfo().startTime.getTime());
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    setCurrentDetails(`**Refused**\n\n${error.message}.\n\n**Next:** start it again with a request that is right.`);
    throw ApplicationFailure.create({
      type: error.type,
      message: error.message,
      nonRetryable: true,
      details: [{ field: error.field }],
    });
  }
}

/** Nobody who waits for an answer is left without one, on whichever path it ends. */
async function finish(verification: Verification): Promise<void> {
  answerTheRest(verification);
  verification.show();
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
}

type Ending = Pick<VerificationOutcome, 'confirmedBy' | 'reference'> & { outcome: 'verified' | 'expired' };

class Lifecycle {
  private readonly deadline = new Alarm();
  private readonly nextSend = new Alarm();
  private readonly send = new Underway<SendVerdict | undefined>();
  private readonly attempt = new Underway<AttemptEnd>();
  private readonly lookup = new Underway<ReadVerdict | undefined>();
  private clientMetadata: Record<string, string> | undefined;
  /** A confirmation that is being checked, or waits for a token to be checked with. */
  private confirmationOpen = false;
  private rateLimitsInARow = 0;
  private attemptRateLimitsInARow = 0;
  private slowRetries = 0;

  constructor(private readonly verification: Verification) {}

  async run(): Promise<Ending> {
    const { verification } = this;
    this.begin();
    for (;;) {
      verification.show();
      await condition(() => this.next() !== undefined);
      switch (this.next()) {
        case 'confirmed':
          if (verification.request.policy.confirmation === 'trust') return this.verified('codeConfirmed');
          this.checkConfirmation();
          break;
        case 'attributeRead':
          if (this.takeLookup()) return this.verified('codeConfirmed');
          break;
        case 'codeSubmitted':
          this.takeCode();
          break;
        case 'attemptSettled':
          if (this.answerCode()) return this.verified('submitCode');
          break;
        case 'sendDue':
          this.startSend();
          break;
        case 'sendSettled':
          this.takeSend();
          break;
        case 'resendRequested':
          this.takeResend();
          break;
        case 'tokenOffered':
          this.takeToken();
          break;
        case 'deadline':
          return await this.end();
      }
    }
  }

  private next() {
    const { mailbox, request, sendPending, retryAtMs, state } = this.verification;
    return nextEvent({
      confirmed: mailbox.confirmed,
      confirmation: request.policy.confirmation,
      lookup: this.lookup.procedure,
      attempt: this.attempt.procedure,
      send: this.send.procedure,
      codesSubmitted: mailbox.codes.length,
      resendsRequested: mailbox.resends.length,
      deadlinePassed: this.deadline.rang,
      tokenOffered: mailbox.tokenOffered,
      sendDue: this.nextSend.rang || (sendPending && retryAtMs === undefined && state !== 'awaitingToken'),
    });
  }

  private begin(): void {
    const { verification } = this;
    const { alreadySent, clientMetadata, policy, attributeName } = verification.request;
    this.clientMetadata = clientMetadata;
    this.deadline.set(verification.expiresAtMs, 'The verification expires');
    // Mostly the first send looks at the attribute; here there is none, or its look would come too late.
    if (alreadySent || policy.confirmation === 'recheck') {
      this.lookup.start(() => lookUpAttribute(verification, `Read ${attributeName} as it is before it is verified`));
    }
    if (alreadySent) {
      verification.recordSend('alreadySent', { delivery: alreadySent });
      this.awaitCode();
    } else {
      verification.sendPending = true;
    }
  }

  private awaitCode(): void {
    const { verification } = this;
    verification.firstSendSettled = true;
    verification.enter('awaitingCode');
    const at = automaticResendAt(verification.request.policy, verification.sends);
    if (at !== undefined) this.sendLater(at, 'Sends again if nothing was confirmed by then');
  }

  private sendLater(atMs: number, summary: string): void {
    if (atMs < this.verification.expiresAtMs) this.nextSend.set(atMs, summary);
  }

  private startSend(): void {
    const { verification } = this;
    this.nextSend.clear();
    verification.sendPending = false;
    verification.retryAtMs = undefined;
    verification.enter('sending');
    this.send.start(() => sendWithUsableToken(verification, this.clientMetadata));
  }

  private takeSend(): void {
    const { verification } = this;
    const verdict = this.send.take();
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
      case 'blocked': {
        verification.recordSend('notSent', { reason: verdict.failure.type });
        const at = slowRetryAt(verdict.verdict, ++this.slowRetries, Date.now());
        if (at === undefined) throw verification.failing(verdict.failure);
        verification.sendPending = true;
        verification.retryAtMs = at;
        this.sendLater(at, `Tries again after ${verdict.failure.type}`);
        // Whoever asked for this send goes on waiting for it.
        return;
      }
      case 'throttled':
      case 'unreachable':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        // Nothing left the house. A code that was sent earlier still works, so only a first send fails for it.
        if (messages(verification.sends).length === 0) throw verification.failing(unavailable(verdict.failure));
        this.refuseResends(unavailable(verdict.failure));
        this.awaitCode();
        break;
      case 'failed':
        verification.recordSend('notSent', { reason: verdict.failure.type });
        throw verification.failing(verdict.failure);
    }
    for (const post of this.verification.mailbox.awaitingSend.splice(0)) post.verdict = 'settled';
  }

  private refuseResends(failure: VerificationFailure): void {
    for (const post of this.verification.mailbox.awaitingSend.splice(0)) post.refusal = refusal(failure);
  }

  private waitOutRateLimit(dailyEmailLimit: boolean): void {
    const { verification } = this;
    const own = messages(verification.sends).map(({ at }) => Date.parse(at));
    const at = dailyEmailLimit
      ? nextDailyEmailReset(Date.now())
      : retryAfterRateLimit(own, ++this.rateLimitsInARow, Date.now());
    verification.sendPending = true;
    verification.firstSendSettled = true;
    verification.retryAtMs = at;
    verification.enter('rateLimited');
    this.sendLater(at, 'Cognito may take another send by then');
  }

  private takeResend(): void {
    const { verification } = this;
    const post = verification.mailbox.resends.shift() as ResendPost;
    if (verification.state !== 'sending') {
      const refused = resendRefusal(verification.resendFacts, Date.now());
      if (refused) {
        post.refusal = resendNotAllowed(refused);
        return;
      }
      verification.sendPending = true;
      // Those who ask next, before the send is under way, join it instead of asking for another.
      verification.enter('sending');
    }
    this.clientMetadata = post.input.clientMetadata ?? this.clientMetadata;
    verification.mailbox.awaitingSend.push(post);
  }

  private takeToken(): void {
    const { verification } = this;
    verification.mailbox.tokenOffered = false;
    if (verification.tokens.usable(Date.now()).length === 0) return;
    if (this.confirmationOpen) {
      this.confirmationOpen = false;
      verification.mailbox.confirmed = true;
    }
    if (verification.state !== 'awaitingToken') return;
    if (!verification.sendPending) {
      this.awaitCode();
      return;
    }
    // Who joins a verification that has sent nothing yet waits for this send.
    verification.firstSendSettled = messages(verification.sends).length > 0;
    this.startSend();
  }

  private takeCode(): void {
    const { verification } = this;
    const { mailbox, request, attemptsBlockedUntilMs } = verification;
    const post = mailbox.codes.shift() as CodePost;
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
      this.attempt.start(() => attemptCode(verification, post.input));
    }
  }

  /** Answers the code that was checked; true when it ends the verification. */
  private answerCode(): boolean {
    const { verification } = this;
    const { mailbox } = verification;
    const post = mailbox.codeUnderCheck as CodePost;
    const end = this.attempt.take();
    // These two are answered with the rest, once the state says so too.
    if (end.result === 'verified') return true;
    if (end.result === 'failed') throw verification.failing(end.failure);
    mailbox.codeUnderCheck = undefined;
    if (end.result !== 'rateLimited') this.attemptRateLimitsInARow = 0;
    switch (end.result) {
      case 'unavailable':
        post.refusal = refusal(unavailable(end.failure));
        return false;
      case 'rateLimited': {
        const own = countedAttempts(verification.attempts).slice(0, -1);
        const until = retryAfterRateLimit(
          own.map(({ at }) => Date.parse(at)),
          ++this.attemptRateLimitsInARow,
          Date.now(),
        );
        verification.attemptsBlockedUntilMs = until;
        post.verdict = { result: end.result, retryAt: iso(until) };
        return false;
      }
      case 'accessTokenRejected':
        if (verification.tokens.usable(Date.now()).length === 0 && verification.state === 'awaitingCode') {
          verification.enter('awaitingToken');
        }
        post.verdict = { result: end.result };
        return false;
      case 'codeExpired':
        verification.cooldownWaived = true;
        break;
      case 'mismatch':
        break;
    }
    // The token that came with the code was good, so whatever waits for a token can go on.
    if (verification.state === 'awaitingToken') mailbox.tokenOffered = true;
    post.verdict = { result: end.result };
    return false;
  }

  private checkConfirmation(): void {
    this.verification.mailbox.confirmed = false;
    this.confirmationOpen = true;
    this.lookup.start(() => lookUpAttribute(this.verification, 'Check the confirmation against Cognito'));
  }

  /** True when what was read proves a confirmation. */
  private takeLookup(): boolean {
    const { verification } = this;
    const verdict = this.lookup.take();
    if (verdict?.verdict === 'read') {
      const proven = this.confirmationOpen && hasBecomeVerified(verification.before, verdict.attribute);
      verification.before ??= verdict.attribute;
      if (this.confirmationOpen && !proven) log.warn('Cognito does not show the attribute as verified since');
      this.confirmationOpen = false;
      return proven;
    }
    if (!this.confirmationOpen) return false;
    if (verdict === undefined || verdict.verdict === 'accessTokenRejected') {
      if (verification.state === 'awaitingCode') verification.enter('awaitingToken');
    } else {
      this.confirmationOpen = false;
      log.warn('The confirmation could not be checked', { reason: verdict.failure.type });
    }
    return false;
  }

  private verified(confirmedBy: NonNullable<Ending['confirmedBy']>): Ending {
    const { reference } = this.verification.mailbox;
    this.send.cancel();
    return { outcome: 'verified', confirmedBy, ...(reference ? { reference } : {}) };
  }

  /** The deadline: a confirmation that nobody told us of still counts, where a token is left to look it up with. */
  private async end(): Promise<Ending> {
    const { verification } = this;
    this.send.cancel();
    if (verification.before && messages(verification.sends).length > 0) {
      const verdict = await lookUpAttribute(verification, 'Look for a late confirmation');
      if (verification.mailbox.confirmed && verification.request.policy.confirmation === 'trust') {
        return this.verified('codeConfirmed');
      }
      if (verdict?.verdict === 'read' && hasBecomeVerified(verification.before, verdict.attribute)) {
        return this.verified('readAttribute');
      }
    }
    return { outcome: 'expired' };
  }
}

function unavailable({ type, message }: VerificationFailure): VerificationFailure {
  return {
    type: FAILURE_TYPES.cognitoUnavailable,
    message: `Cognito could not be asked within the time for it (${type}). ${message} It may be tried again.`,
  };
}

function refusal({ type, message }: VerificationFailure): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
