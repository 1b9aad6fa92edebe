/**
 * How many sends and attempts are left, and from when the next is allowed: plain functions, with no Temporal import. Calls of
 * earlier verifications of the same user and attribute count for an hour.
 */
import {
  type AttemptRecord,
  type CountedCall,
  type EarlierCalls,
  LIMITS_WINDOW_MS,
  type ResendRefusal,
  type ResolvedPolicy,
  type SendRecord,
  type VerificationState,
} from '@cognito-verification/contract';
import { countedAttempts, countedSends, iso, isoIf } from './policy.js';

/**
 * The calls that still count of those of earlier verifications, oldest first. A new verification resets no count (NIST SP
 * 800-63B-4, 3.1.3.2).
 */
export function inTheHour(earlier: readonly CountedCall[], nowMs: number): number[] {
  const times = earlier.map(({ at }) => Date.parse(at));
  return times.filter((at) => at > nowMs - LIMITS_WINDOW_MS).sort((a, b) => a - b);
}

/**
 * From when another call is allowed; 0 where nothing delays it, undefined where no time will make it right.
 * @param most how many there may be
 * @param own how many this verification has made: they count for as long as it lasts
 */
function callAllowedAt(most: number, own: number, earlier: readonly CountedCall[], nowMs: number): number | undefined {
  if (own >= most) return undefined;
  const recent = inTheHour(earlier, nowMs);
  const last = recent[own + recent.length - most];
  return last === undefined ? 0 : last + LIMITS_WINDOW_MS;
}

/** The facts that limit sends and attempts. */
export interface LimitFacts {
  policy: ResolvedPolicy;
  sends: readonly SendRecord[];
  attempts: readonly AttemptRecord[];
  /** The calls of earlier verifications of the same user and attribute. */
  earlier: EarlierCalls;
}

/** How many more messages may leave now. */
export function sendsLeft({ policy, sends, earlier }: LimitFacts, nowMs: number): number {
  return Math.max(0, policy.maxSends - countedSends(sends).length - inTheHour(earlier.sends, nowMs).length);
}

/** How many more codes may be tried now. */
export function attemptsLeft({ policy, attempts, earlier }: LimitFacts, nowMs: number): number {
  return Math.max(0, policy.maxAttempts - countedAttempts(attempts).length - inTheHour(earlier.attempts, nowMs).length);
}

/** From when another attempt is allowed, as `callAllowedAt` says it. */
export function attemptAllowedAt({ policy, attempts, earlier }: LimitFacts, nowMs: number): number | undefined {
  return callAllowedAt(policy.maxAttempts, countedAttempts(attempts).length, earlier.attempts, nowMs);
}

/** This verification has made all the attempts that it may. Does not read the clock. */
export function attemptsUsedUp({ policy, attempts }: Pick<LimitFacts, 'policy' | 'attempts'>): boolean {
  return countedAttempts(attempts).length >= policy.maxAttempts;
}

/** When the automatic re-send is due; undefined where there is none, or none left. */
export function automaticResendAt(facts: LimitFacts, nowMs: number): number | undefined {
  const { policy, sends } = facts;
  // From the newest try, not from the newest message: a send that failed is not repeated at once.
  const newest = sends.at(-1);
  const allowedAt = codeUsefulAt(facts, nowMs);
  if (policy.resendAfterMs === undefined || !newest || allowedAt === undefined) return undefined;
  return Math.max(allowedAt, Date.parse(newest.at) + Math.max(policy.resendAfterMs, cooldownMs(facts, nowMs)));
}

/** From when the first send of a verification is allowed; undefined where none is. The cool-down of earlier sends holds. */
export function firstSendAllowedAt(facts: LimitFacts, nowMs: number): number | undefined {
  return endOfCooldown({ ...facts, sends: [] }, nowMs);
}

/** From when there is a send left for a code, and an attempt to submit it. */
function codeUsefulAt(facts: LimitFacts, nowMs: number): number | undefined {
  const { policy, sends, earlier } = facts;
  const sendAt = callAllowedAt(policy.maxSends, countedSends(sends).length, earlier.sends, nowMs);
  const attemptAt = attemptAllowedAt(facts, nowMs);
  return sendAt === undefined || attemptAt === undefined ? undefined : Math.max(sendAt, attemptAt);
}

/**
 * Doubles with each message, to slow down a user who asks again and again. A code that Cognito has sent by itself goes to a
 * corrected value, where it begins again.
 */
function cooldownMs({ policy, sends, earlier }: LimitFacts, nowMs: number): number {
  const counted = countedSends(sends);
  const corrected = counted.findLastIndex(({ outcome }) => outcome === 'alreadySent');
  const messages = corrected < 0 ? counted.length + inTheHour(earlier.sends, nowMs).length : counted.length - corrected;
  return policy.resendCooldownMs * 2 ** (Math.min(Math.max(1, messages), policy.maxSends) - 1);
}

/** What decides whether a re-send is allowed. */
export interface ResendFacts extends LimitFacts {
  state: VerificationState;
  /** The code was found expired, so a further wait would not help. */
  cooldownWaived: boolean;
  /** A send waits already, for a token or for its time. */
  sendPending: boolean;
  /** In state `rateLimited`. */
  retryAtMs?: number | undefined;
  /** Some token is left that Cognito has not refused. */
  hasToken: boolean;
  /** Cognito keeps the old value until the new one is verified, and would send a code to the old one. */
  changePending: boolean;
  /** Cognito has accepted a code. */
  codeAccepted: boolean;
}

/** From when a re-send is allowed while the code is awaited; undefined where no time makes it right. */
export function resendAllowedAt(facts: ResendFacts, nowMs: number): number | undefined {
  return facts.state === 'awaitingCode' && !whyPointless(facts) ? endOfCooldown(facts, nowMs) : undefined;
}

/** Why a re-send is refused now; undefined when it is allowed, or joins a send that is under way. */
export function resendRefusal(facts: ResendFacts, nowMs: number): ResendRefusal | undefined {
  const pointless = whyPointless(facts);
  if (pointless) return { reason: pointless };
  if (facts.state === 'sending') return undefined;
  if (facts.state === 'rateLimited') {
    return { reason: 'rateLimited', allowedAt: isoIf(facts.retryAtMs) };
  }
  if (facts.state === 'awaitingToken' && !facts.hasToken) return { reason: 'accessTokenNeeded' };
  // The token that comes along is what that send has waited for.
  if (facts.state === 'awaitingToken' && facts.sendPending) return undefined;
  const allowedAt = endOfCooldown(facts, nowMs);
  if (allowedAt === undefined) return { reason: 'maxSends' };
  return allowedAt > nowMs ? { reason: 'cooldown', allowedAt: iso(allowedAt) } : undefined;
}

/** Why no other code would help. */
function whyPointless(facts: ResendFacts): 'changePending' | 'codeAccepted' | 'attemptsExhausted' | undefined {
  if (facts.codeAccepted) return 'codeAccepted';
  if (facts.changePending) return 'changePending';
  return attemptsUsedUp(facts) ? 'attemptsExhausted' : undefined;
}

function endOfCooldown(facts: LimitFacts & { cooldownWaived?: boolean }, nowMs: number): number | undefined {
  const allowedAt = codeUsefulAt(facts, nowMs);
  if (allowedAt === undefined || facts.cooldownWaived) return allowedAt;
  // From the newest try, not from the newest message: one that failed may have cost Cognito's limit too.
  const { sends, earlier } = facts;
  const own = sends.at(-1);
  const newest = own ? Date.parse(own.at) : inTheHour(earlier.sends, nowMs).at(-1);
  return newest === undefined ? allowedAt : Math.max(allowedAt, newest + cooldownMs(facts, nowMs));
}
