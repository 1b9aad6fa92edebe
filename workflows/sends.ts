import type {
  CodeDelivery,
  ParsedRequest,
  SendOutcome,
  SendRecord,
  VerificationFailure,
  VerificationState,
} from '@cognito-verification/contract';
import { type AccessTokens, type NoToken, withToken } from './access-tokens.js';
import { Alarm, type Deadline } from './alarm.js';
import { type SendVerdict, sendCode } from './cognito-calls.js';
import type { Looks } from './looks.js';
import type { Mailbox, ResendPost } from './mailbox.js';
import {
  addRecord,
  automaticResendAt,
  type CallState,
  codeExpiresAt,
  countedSends,
  type Ending,
  iso,
  nextDailyEmailReset,
  type ResendFacts,
  resendRefusal,
  retryAfterRateLimit,
  slowRetryAt,
} from './policy.js';
import { refused, resendFailed, resendNotAllowed, unavailable } from './refusals.js';
import { Underway } from './underway.js';

/** What the sends need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly mailbox: Mailbox;
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly resendFacts: ResendFacts;
  enter(state: VerificationState): void;
}

/** When a send begins next: at a time it does so by itself, but past the deadline it never does. */
type NextSend =
  | { kind: 'none' | 'now' | 'withToken' }
  | { kind: 'at'; atMs: number; why: 'automatic' | 'rateLimited' | 'slowRetry' };

/** The answer to a send for which Cognito took the token, or may have; or none, for lack of a token. */
type TakenSend = Exclude<SendVerdict, { verdict: 'accessTokenRejected' }> | NoToken;

/** The sends of one verification: when the next is due, what came of the last, and which callers wait for it. */
export class Sends {
  private readonly records: SendRecord[] = [];
  private readonly call = new Underway<TakenSend>();
  private readonly alarm = new Alarm();
  private next: NextSend = { kind: 'now' };
  /** The re-sends that the next answer answers. */
  private readonly waiting: ResendPost[] = [];
  /** Of the re-send that was asked for; the request's otherwise. */
  private clientMetadata: Record<string, string> | undefined;
  private isFirstSettled = false;
  private cooldownWaived = false;
  private automaticResends = true;
  private rateLimitsInARow = 0;
  private slowRetries = 0;

  constructor(private readonly parts: Parts) {}

  begin(): void {
    const { alreadySent } = this.parts.request;
    if (alreadySent) this.recordAlreadySent(alreadySent);
  }

  get state(): CallState {
    return this.call.state;
  }

  /** A send may begin: the first, an automatic one, or one that was put off. */
  get due(): boolean {
    return this.next.kind === 'now' || this.alarm.rang;
  }

  /** A caller waits for the next answer. */
  get awaited(): boolean {
    return this.waiting.length > 0;
  }

  /** A send is with Cognito, is about to be, or will be tried again after a moment. */
  get sending(): boolean {
    const { next } = this;
    return this.call.state !== 'none' || next.kind === 'now' || (next.kind === 'at' && next.why === 'slowRetry');
  }

  /** Nothing is being sent, and no send is wanted before the automatic one. */
  get idle(): boolean {
    return this.call.state === 'none' && !this.wanted;
  }

  /** The start can be told how the first send went. */
  get firstSettled(): boolean {
    return this.isFirstSettled;
  }

  /** The messages that left or may have left, oldest first. */
  get counted(): readonly SendRecord[] {
    return countedSends(this.records);
  }

  /** Until when `submitCode` takes the newest code; undefined while none was sent. */
  get codeExpiresAtMs(): number | undefined {
    return codeExpiresAt(this.parts.request.policy, this.records);
  }

  /** When a send that was put off is tried again. */
  get retryAtMs(): number | undefined {
    return this.next.kind === 'at' && this.wanted ? this.next.atMs : undefined;
  }

  /** What the policy asks of the sends before a re-send. */
  get facts(): Pick<ResendFacts, 'sends' | 'cooldownWaived' | 'sendPending' | 'retryAtMs'> {
    const { records, cooldownWaived, wanted, retryAtMs } = this;
    return { sends: records, cooldownWaived, sendPending: wanted, retryAtMs };
  }

  list(): SendRecord[] {
    return this.records.map((record) => ({ ...record }));
  }

  /** The re-sends that still wait for an answer. */
  get unanswered(): readonly ResendPost[] {
    return [...this.waiting, ...this.parts.mailbox.resends];
  }

  /** A code was found expired, so another one is allowed at once. */
  waiveCooldown(): void {
    this.cooldownWaived = true;
  }

  /** Asks Cognito to send a code. */
  start(): void {
    const { parts } = this;
    this.alarm.clear();
    this.next = { kind: 'none' };
    parts.enter('sending');
    const clientMetadata = this.clientMetadata ?? parts.request.clientMetadata;
    this.call.start(() => this.send(clientMetadata));
  }

  /** Stops a send that is still being tried. */
  cancel(): void {
    this.call.cancel();
  }

  /** A person asks for another code: a send that is under way or waits to be tried again serves them too. */
  takeResend(): void {
    const { parts } = this;
    const post = parts.mailbox.resends.shift();
    if (!post) return;
    if (this.sending) {
      // One waits; the others are told the status at once, so that a crowd of them does not keep a code from being submitted.
      if (this.awaited) post.verdict = 'settled';
      else this.waiting.push(post);
      return;
    }
    const refusal = resendRefusal(parts.resendFacts, Date.now());
    if (refusal) {
      post.refusal = resendNotAllowed(refusal);
      return;
    }
    this.next = { kind: 'now' };
    parts.enter('sending');
    this.clientMetadata = post.input.clientMetadata;
    this.waiting.push(post);
  }

  /** A start that joins brings the delivery of a code that Cognito has sent by itself. */
  takeAlreadySent(): void {
    const { mailbox } = this.parts;
    const delivery = mailbox.alreadySent;
    mailbox.alreadySent = undefined;
    const newest = this.records.at(-1);
    // The start that opened the verification says it twice, in the request and in its update.
    if (!delivery || (newest?.outcome === 'alreadySent' && isSame(newest.delivery, delivery))) return;
    this.recordAlreadySent(delivery);
  }

  /** A token has come: a send that waited for one is due, as soon as nothing else is under way. */
  resume(): void {
    if (this.idle) this.awaitCode();
    if (this.next.kind !== 'withToken') return;
    // A start that joins a verification that has sent nothing yet waits for this send.
    this.isFirstSettled = this.counted.length > 0;
    this.next = { kind: 'now' };
    this.parts.enter('sending');
  }

  /** Takes the answer to a send. */
  settle(): Ending | undefined {
    const answer = this.call.take();
    if (answer.verdict !== 'rateLimited') this.rateLimitsInARow = 0;
    if (answer.verdict !== 'undeliverable' && answer.verdict !== 'blocked') this.slowRetries = 0;
    let ending: Ending | undefined;
    switch (answer.verdict) {
      case 'sent':
        this.record('sent', { delivery: answer.delivery });
        this.awaitCode();
        break;
      case 'uncertain':
        this.record('uncertain', { reason: answer.failure.type });
        this.awaitCode();
        break;
      case 'rateLimited':
        this.record('rateLimited', { reason: answer.failure.type });
        this.waitOutRateLimit(answer.dailyEmailLimit === true);
        break;
      case 'noToken':
        this.next = { kind: 'withToken' };
        this.isFirstSettled = true;
        this.parts.enter('awaitingToken');
        break;
      case 'undeliverable':
      case 'blocked':
        this.record('notSent', { reason: answer.failure.type });
        // The caller that asked for this send goes on waiting for it.
        if (this.triesAgainSlowly(answer.verdict, answer.failure)) return undefined;
        ending = this.refusedForGood(answer.failure);
        break;
      case 'throttled':
      case 'unreachable':
        this.record('notSent', { reason: answer.failure.type });
        ending = this.notAsked(unavailable(answer.failure));
        break;
      case 'failed':
        this.record('notSent', { reason: answer.failure.type });
        ending = this.refusedForGood(answer.failure);
        break;
      default:
        answer satisfies never;
    }
    if (ending) return ending;
    if (!this.wanted) this.clientMetadata = undefined;
    this.answerWaiting();
    return undefined;
  }

  /** A send that somebody or something wants now, or wanted before it was put off; not one that is only automatic. */
  private get wanted(): boolean {
    const { next } = this;
    return next.kind === 'at' ? next.why !== 'automatic' : next.kind !== 'none';
  }

  private send(clientMetadata: Record<string, string> | undefined): Promise<TakenSend> {
    const { request, tokens, looks } = this.parts;
    const { attributeName, owner, policy } = request;
    const summary = `Send ${this.counted.length + 1} of at most ${policy.maxSends}: ${attributeName}`;
    return withToken(
      tokens,
      ({ tokenInput }) =>
        sendCode({ owner, attributeName, tokenInput, recordAttribute: !looks.before, clientMetadata }, summary),
      {
        again: true,
        onAnswer: (answer) => {
          looks.noteBefore(answer.attribute);
          if (answer.verdict === 'accessTokenRejected') this.record(answer.verdict, { reason: answer.failure.type });
        },
      },
    );
  }

  private record(outcome: SendOutcome, more: Pick<SendRecord, 'delivery' | 'reason'>): void {
    const record = { at: iso(Date.now()), outcome, ...more };
    addRecord(this.records, record, countedSends);
    if (this.counted.at(-1) === record) this.cooldownWaived = false;
  }

  private recordAlreadySent(delivery: CodeDelivery): void {
    this.record('alreadySent', { delivery });
    // It takes the place of a send that waits; one that is with Cognito already settles by itself.
    if (this.call.state !== 'none') return;
    this.alarm.clear();
    this.awaitCode();
    this.answerWaiting();
  }

  private awaitCode(): void {
    const { parts } = this;
    this.next = { kind: 'none' };
    this.isFirstSettled = true;
    parts.enter('awaitingCode');
    const atMs = automaticResendAt(parts.request.policy, this.records);
    if (this.automaticResends && atMs !== undefined) {
      this.sendAt(atMs, 'automatic', 'Sends again if nothing was confirmed by then');
    }
  }

  private waitOutRateLimit(dailyEmailLimit: boolean): void {
    const own = this.counted.map(({ at }) => Date.parse(at));
    const atMs = dailyEmailLimit
      ? nextDailyEmailReset(Date.now())
      : retryAfterRateLimit(own, ++this.rateLimitsInARow, Date.now());
    this.isFirstSettled = true;
    this.parts.enter('rateLimited');
    this.sendAt(atMs, 'rateLimited', 'Cognito may take another send by then');
  }

  private triesAgainSlowly(kind: 'undeliverable' | 'blocked', failure: VerificationFailure): boolean {
    const atMs = slowRetryAt(kind, ++this.slowRetries, Date.now());
    if (atMs === undefined) return false;
    this.sendAt(atMs, 'slowRetry', `Tries again after ${failure.type}`);
    return true;
  }

  private sendAt(atMs: number, why: Extract<NextSend, { kind: 'at' }>['why'], summary: string): void {
    this.next = { kind: 'at', atMs, why };
    if (atMs < this.parts.deadline.atMs) this.alarm.set(atMs, summary);
  }

  /** Cognito refused for good: it fails, unless an earlier code may still work; then it goes on without automatic re-sends. */
  private refusedForGood(failure: VerificationFailure): Ending | undefined {
    const { codeExpiresAtMs } = this;
    const codeWorks = codeExpiresAtMs !== undefined && codeExpiresAtMs > Date.now() && !this.cooldownWaived;
    if (!codeWorks) return { outcome: 'failed', failure };
    this.automaticResends = false;
    this.refuseWaiting(resendFailed(failure), failure);
    return undefined;
  }

  /** Cognito could not be asked: it fails, unless a code was sent before. */
  private notAsked(failure: VerificationFailure): Ending | undefined {
    if (this.counted.length === 0) return { outcome: 'failed', failure };
    this.refuseWaiting(failure, failure);
    return undefined;
  }

  /** Tells the callers that wait that no request was sent; the verification goes on with the earlier code. */
  private refuseWaiting({ type, message }: VerificationFailure, cause: VerificationFailure): void {
    for (const post of this.waiting.splice(0)) post.refusal = refused(type, message, cause);
    this.awaitCode();
  }

  private answerWaiting(): void {
    for (const post of this.waiting.splice(0)) post.verdict = 'settled';
  }
}

function isSame(one: CodeDelivery | undefined, other: CodeDelivery): boolean {
  return one?.destination === other.destination && one?.deliveryMedium === other.deliveryMedium;
}
