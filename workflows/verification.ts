/**
 * What one verification knows, and how it tells: the status, the search attributes, the card in the Web UI. What
 * follows from it is decided in policy.ts and done in attribute-verification.ts.
 */
import {
  type AttemptOutcome,
  type AttemptRecord,
  type CodeDelivery,
  isFinal,
  type ParsedRequest,
  SEARCH_ATTRIBUTE_KEYS,
  type SendOutcome,
  type SendRecord,
  type VerificationFailure,
  type VerificationState,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { ApplicationFailure, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import { AccessTokens } from './access-tokens.js';
import { Copies } from './copies.js';
import { liveCard } from './live-card.js';
import { Mailbox } from './mailbox.js';
import {
  attemptsLeft,
  codeExpiresAt,
  countedAttempts,
  countedSends,
  iso,
  type ResendFacts,
  resendAllowedAt,
  sendsLeft,
} from './policy.js';

export class Verification {
  readonly mailbox = new Mailbox();
  readonly copies: Copies;
  readonly tokens: AccessTokens;
  readonly expiresAtMs: number;
  readonly sends: SendRecord[] = [];
  readonly attempts: AttemptRecord[] = [];
  state: VerificationState = 'sending';
  failure: VerificationFailure | undefined;
  /** Whether whoever started it can be told how the first send went. */
  firstSendSettled = false;
  /** The attribute as it was before anything was sent, or as soon after that as it could be read. */
  before: AttributeSnapshot | undefined;
  /** A send that waits for a token, or for its time. */
  sendPending = false;
  /** When Cognito is asked to send again; in states `rateLimited` and `sending`. */
  retryAtMs: number | undefined;
  /** Until when Cognito takes no attempts. */
  attemptsBlockedUntilMs: number | undefined;
  /** A code was found expired since the last send. */
  cooldownWaived = false;
  /** Updates that were taken in. */
  updates = 0;

  private listed: VerificationState | undefined;

  /** @throws InvalidInputError when the input is a copy of an earlier verification's. */
  constructor(
    readonly request: ParsedRequest,
    startedAtMs: number,
    input?: unknown,
  ) {
    this.copies = new Copies(input, startedAtMs);
    this.tokens = new AccessTokens(request.owner);
    this.tokens.offer(request.tokenInput, startedAtMs);
    this.expiresAtMs = startedAtMs + request.policy.deadlineMs;
  }

  /** The one writer of the state. */
  enter(state: VerificationState): void {
    this.state = state;
    if (state !== 'rateLimited' && state !== 'sending') this.retryAtMs = undefined;
    // `sending` mostly lasts a second and is what the start has set: not worth an event and a billed action. The other
    // two never change and are here for whoever was started without them, by hand.
    if (state === 'sending' || state === this.listed) return;
    this.listed = state;
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTE_KEYS.state, value: state },
      { key: SEARCH_ATTRIBUTE_KEYS.attributeName, value: this.request.attributeName },
      { key: SEARCH_ATTRIBUTE_KEYS.userPoolId, value: this.request.owner.userPoolId },
    ]);
  }

  /** The failure to throw: it is remembered, so that whoever waits is told the same. */
  failing(failure: VerificationFailure): ApplicationFailure {
    this.failure = failure;
    return ApplicationFailure.nonRetryable(failure.message, failure.type);
  }

  /** Writes the card that the Web UI shows. */
  show(): void {
    setCurrentDetails(liveCard(this.status(), Date.now()));
  }

  recordSend(outcome: SendOutcome, more: { delivery?: CodeDelivery; reason?: string } = {}): void {
    this.sends.push({ at: iso(Date.now()), outcome, ...more });
    forgetOldest(this.sends, (one) => countedSends([one]).length === 0);
    if (countedSends(this.sends).at(-1) === this.sends.at(-1)) this.cooldownWaived = false;
  }

  /** Counts an attempt before Cognito is asked; the outcome is filled in when it is known. */
  beginAttempt(): (outcome: AttemptOutcome) => void {
    const record: AttemptRecord = { at: iso(Date.now()), outcome: 'checking' };
    this.attempts.push(record);
    forgetOldest(this.attempts, (one) => countedAttempts([one]).length === 0);
    return (outcome) => {
      record.outcome = outcome;
    };
  }

  get ended(): boolean {
    return isFinal(this.state);
  }

  get attemptsLeft(): number {
    return attemptsLeft(this.request.policy, this.attempts);
  }

  get resendFacts(): ResendFacts {
    return {
      policy: this.request.policy,
      state: this.state,
      sends: this.sends,
      cooldownWaived: this.cooldownWaived,
      sendPending: this.sendPending,
      hasToken: this.tokens.usable(Date.now()).length > 0,
      ...(this.retryAtMs === undefined ? {} : { retryAtMs: this.retryAtMs }),
    };
  }

  status(): VerificationStatus {
    const now = Date.now();
    const newest = countedSends(this.sends).at(-1);
    const resendAt = resendAllowedAt(this.resendFacts);
    const codeEnds = codeExpiresAt(this.request.policy, this.sends);
    const blockedUntil =
      this.attemptsBlockedUntilMs !== undefined && this.attemptsBlockedUntilMs > now
        ? this.attemptsBlockedUntilMs
        : undefined;
    const retryAt = this.ended ? undefined : (this.retryAtMs ?? blockedUntil);
    return {
      state: this.state,
      attributeName: this.request.attributeName,
      ...(newest?.delivery ? { delivery: newest.delivery } : {}),
      deliveryUncertain: newest?.outcome === 'uncertain',
      sendsLeft: sendsLeft(this.request.policy, this.sends),
      attemptsLeft: this.attemptsLeft,
      ...(resendAt === undefined ? {} : { resendAllowedAt: iso(Math.max(resendAt, now)) }),
      ...(retryAt === undefined ? {} : { retryAt: iso(retryAt) }),
      ...(codeEnds === undefined || this.ended ? {} : { codeExpiresAt: iso(Math.min(codeEnds, this.expiresAtMs)) }),
      expiresAt: iso(this.expiresAtMs),
      sends: this.sends.map((record) => ({ ...record })),
      attempts: this.attempts.map((record) => ({ ...record })),
      ...(this.failure ? { failure: this.failure } : {}),
    };
  }
}

/** The status is sent with every answer, so what does not count is listed up to here only. */
const MOST_LISTED = 50;

function forgetOldest<Entry>(records: Entry[], uncounted: (record: Entry) => boolean): void {
  if (records.length <= MOST_LISTED) return;
  const oldest = records.findIndex(uncounted);
  if (oldest >= 0) records.splice(oldest, 1);
}
