/**
 * The decisions of a verification: plain functions of what is known, with no Temporal import, tested over every state
 * and message.
 */
import {
  type AttemptRecord,
  type ExpiryReason,
  LIMITS_WINDOW_MS,
  type Proof,
  type ResolvedPolicy,
  type SendRecord,
  type VerificationFailure,
  type VerifiedValue,
} from '@cognito-verification/contract';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The wait where none of our own calls explains a rate limit. Cognito does not say how long, so the wait grows up to an hour. */
const UNEXPLAINED_WAIT_MS = { first: 5 * MINUTE_MS, most: HOUR_MS };

/** The shortest wait where the guard of the worker keeps a send back. It grows, so that no guard makes a history grow without end. */
const HELD_WAIT_MS = { first: 5_000, most: HOUR_MS };

/** The wait before the attribute is read again that could not be read. It grows. */
const READ_AGAIN_MS = { first: 15_000, most: HOUR_MS };

/** How many refusals of unchecked access tokens are free, and the wait before another is tried after them. It grows. */
const FREE_REFUSALS = 5;
const UNCHECKED_TOKEN_WAIT_MS = { first: MINUTE_MS, most: 24 * HOUR_MS };

/** The two failures of a send that are worth another try though each may cost one of Cognito's 5 an hour. */
const SLOW_RETRIES = {
  undeliverable: { tries: 2, delayMs: 30_000 },
  blocked: { tries: 1, delayMs: 60_000 },
} as const;

/** What can happen next, in the order in which it is taken when it happens at the same instant. */
export type VerificationEvent =
  | 'confirmed'
  | 'earlierCounted'
  | 'attributeRead'
  | 'attemptSettled'
  | 'codeSubmitted'
  | 'sendSettled'
  | 'deadline'
  | 'requestCounts'
  | 'startedAgain'
  | 'lookDue'
  | 'codeAlreadySent'
  | 'tokenOffered'
  | 'resendRequested'
  | 'sendDue';

/** How a verification ends. */
export type Ending =
  | { outcome: 'verified'; proof: Proof; value?: VerifiedValue | undefined }
  | { outcome: 'alreadyVerified'; value?: VerifiedValue | undefined; currentDestination?: string | undefined }
  | { outcome: 'expired'; reason?: ExpiryReason | undefined; currentDestination?: string | undefined }
  | { outcome: 'failed'; failure: VerificationFailure }
  | { outcome: 'cancelled'; cancellation: unknown };

/** A call that runs beside the lifecycle. */
export type CallState = 'none' | 'underWay' | 'settled';

/** What is known when the next event is chosen. */
export interface EventFacts {
  /** The count of the calls of earlier verifications, which limit this one. */
  earlierCount: CallState;
  /** Requests whose token counts, and that were not taken yet. */
  requestsCounting: number;
  /** A start has met this verification without attempts left, so that it makes way for the next. */
  startedAgain: boolean;
  /** A start has asked for another value, so that it makes way for the next as soon as nothing is under way. */
  superseded: boolean;
  /** `codeConfirmed` has come and was not taken yet. */
  confirmed: boolean;
  /** A look at the attribute. */
  lookup: CallState;
  /** A look is wanted, and nothing holds it up. */
  lookDue: boolean;
  /** What a look finds out decides about codes and re-sends: the target is not known, or an accepted code wants its proof. */
  lookDecides: boolean;
  /** Cognito has accepted a code. */
  codeAccepted: boolean;
  attempt: CallState;
  /** An attempt is under way that is counted with its answer. */
  attemptUncounted: boolean;
  send: CallState;
  /** The send was not made, since the attribute was verified already. */
  sendFoundVerified: boolean;
  codesSubmitted: number;
  resendsRequested: number;
  deadlinePassed: boolean;
  /** One code was already taken after the deadline. */
  lateCodeTaken: boolean;
  /** Cognito has sent a code by itself, as a start that joins reports. */
  codeAlreadySent: boolean;
  tokenOffered: boolean;
  /** A send is due now: the first, an automatic one, or one that was put off. */
  sendDue: boolean;
}

/**
 * The next event, or undefined where there is nothing to do yet. The order is the rule for things that happen at the
 * same instant: proof comes before anything else, a person's code before the clock, the deadline before any further
 * message. After the deadline the attempt that runs is still awaited, and one code that was submitted in time is checked.
 */
export function nextEvent(now: EventFacts): VerificationEvent | undefined {
  if (now.confirmed) return 'confirmed';
  if (now.earlierCount === 'settled') return 'earlierCounted';
  if (now.lookup === 'settled') return 'attributeRead';
  if (now.attempt === 'settled') return 'attemptSettled';
  const idle = now.attempt === 'none' && now.lookup === 'none';
  const counted = now.earlierCount === 'none';
  const decided = counted && (now.lookup === 'none' || !now.lookDecides);
  const tooLate = now.deadlinePassed && now.lateCodeTaken;
  if (now.codesSubmitted > 0 && now.attempt === 'none' && decided && !tooLate) return 'codeSubmitted';
  // What an attempt says about a code comes before what the attribute was without one.
  if (now.send === 'settled' && (idle || !now.sendFoundVerified)) return 'sendSettled';
  // What the send has done to the value is a part of the end, which the start waits for past the deadline too.
  if (now.superseded) return idle && now.send === 'none' ? 'startedAgain' : undefined;
  if (now.deadlinePassed) return idle ? 'deadline' : undefined;
  // Its terms may take the place of those that what is under way goes by.
  if (now.requestsCounting > 0 && idle) return 'requestCounts';
  if (now.startedAgain && idle) return 'startedAgain';
  if (now.lookDue && idle) return 'lookDue';
  // It gives the verification another target, so what compares with the old one ends first.
  if (now.codeAlreadySent && idle) return 'codeAlreadySent';
  if (now.tokenOffered) return 'tokenOffered';
  // With the last attempt a re-send is of no use: it waits until that is known.
  if (now.resendsRequested > 0 && decided && !now.attemptUncounted) return 'resendRequested';
  // A message that crosses a right code confuses a person and costs money, so a send waits for the attempt; and for
  // the look at the attribute, which must see it as it was before the send.
  return now.sendDue && counted && !now.codeAccepted && now.send === 'none' && idle ? 'sendDue' : undefined;
}

/** Every answer holds the whole status, so records that do not count are listed up to here only. */
const MOST_LISTED = 50;

/** Adds a record; past `MOST_LISTED` the oldest one that does not count is forgotten. */
export function addRecord<Entry>(
  records: Entry[],
  record: Entry,
  counted: (records: readonly Entry[]) => Entry[],
): void {
  records.push(record);
  if (records.length <= MOST_LISTED) return;
  const oldest = records.findIndex((one) => counted([one]).length === 0);
  // Where all count the oldest goes: more are listed than a policy allows, so no count changes what is allowed.
  records.splice(Math.max(0, oldest), 1);
}

/** Messages that left, or may have: they count against `maxSends` and against Cognito's 5 an hour. */
export function countedSends(sends: readonly SendRecord[]): SendRecord[] {
  return sends.filter(({ outcome }) => outcome === 'sent' || outcome === 'uncertain' || outcome === 'alreadySent');
}

/** Attempts that count against `maxAttempts`: all but those in which no code can have been looked at. */
export function countedAttempts(attempts: readonly AttemptRecord[]): AttemptRecord[] {
  return attempts.filter(({ outcome }) => outcome !== 'accessTokenRejected' && outcome !== 'notMade');
}

/** Until when `submitCode` takes the newest code; undefined while none was sent. */
export function codeExpiresAt(policy: ResolvedPolicy, sends: readonly SendRecord[]): number | undefined {
  const newest = countedSends(sends).at(-1);
  return newest && Date.parse(newest.at) + policy.codeLifetimeMs;
}

/**
 * When to try again after `LimitExceededException`. Our own calls of the last hour explain it if there are any: then
 * when the oldest of them leaves the hour. Otherwise a growing wait.
 * @param refusals how many rate limits came in a row, this one included
 */
export function retryAfterRateLimit(ownCallsMs: readonly number[], refusals: number, nowMs: number): number {
  const oldest = ownCallsMs.filter((at) => at > nowMs - LIMITS_WINDOW_MS).sort((a, b) => a - b)[0];
  // A second refusal in a row shows that our own calls are not the whole explanation.
  if (oldest !== undefined && refusals === 1) return oldest + LIMITS_WINDOW_MS;
  return nowMs + Math.min(UNEXPLAINED_WAIT_MS.most, UNEXPLAINED_WAIT_MS.first * 2 ** (refusals - 1));
}

/**
 * When to send again after the guard of the worker kept a send back.
 * @param toldMs from when the guard may be asked again; `NaN` where it did not say
 * @param holds how many sends in a row it kept back, this one included
 */
export function retryAfterHold(toldMs: number, holds: number, nowMs: number): number {
  const leastMs = nowMs + Math.min(HELD_WAIT_MS.most, HELD_WAIT_MS.first * 2 ** (holds - 1));
  return Number.isNaN(toldMs) ? leastMs : Math.max(leastMs, toldMs);
}

/** The account's e-mails of the day start again at 09:00 UTC (Amazon Cognito quotas). */
export function nextDailyEmailReset(nowMs: number): number {
  const reset = new Date(nowMs);
  reset.setUTCHours(9, 0, 0, 0);
  return reset.getTime() > nowMs ? reset.getTime() : reset.getTime() + 24 * HOUR_MS;
}

/**
 * When to send again after a failure that left no message but may mend itself; undefined once the tries are used up.
 * @param failures how many of these came in a row, this one included
 */
export function slowRetryAt(failure: 'undeliverable' | 'blocked', failures: number, nowMs: number): number | undefined {
  const { tries, delayMs } = SLOW_RETRIES[failure];
  return failures > tries ? undefined : nowMs + delayMs * failures;
}

/**
 * When to read the attribute again that could not be read.
 * @param failures how many looks failed in a row, this one included
 */
export function readAgainAt(failures: number, nowMs: number): number {
  return nowMs + Math.min(READ_AGAIN_MS.most, READ_AGAIN_MS.first * 2 ** (failures - 1));
}

/**
 * From when an access token that nobody has checked is tried: after five such tokens that Cognito refused a minute later, and
 * twice as long with each further one, up to a day. A forged token costs one of the account's 120 `GetUser` a second.
 * @param refusals how many of them Cognito has refused
 */
export function untakenTokensAt(refusals: number, nowMs: number): number {
  if (refusals < FREE_REFUSALS) return nowMs;
  return (
    nowMs + Math.min(UNCHECKED_TOKEN_WAIT_MS.most, UNCHECKED_TOKEN_WAIT_MS.first * 2 ** (refusals - FREE_REFUSALS))
  );
}

/** ISO 8601, as every time in the contract. */
export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The same of a time that may be absent. */
export function isoIf(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : iso(atMs);
}
