import {
  type ExpiryReason,
  isFinal,
  type ParsedRequest,
  type VerificationState,
  type VerificationStatus,
} from '@cognito-verification/contract';
import type { Deadline } from './alarm.js';
import type { Attempts } from './attempts.js';
import { attemptsLeft, type LimitFacts, type ResendFacts, resendAllowedAt, sendsLeft } from './limits.js';
import type { Looks } from './looks.js';
import type { Mailbox } from './mailbox.js';
import { type Ending, iso, isoIf } from './policy.js';
import type { Sends } from './sends.js';

/** What the status needs of its verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly mailbox: Mailbox;
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly sends: Sends;
  readonly attempts: Attempts;
  readonly limits: LimitFacts;
  readonly resendFacts: ResendFacts;
}

/**
 * What a verification tells of itself: each fact from its owner.
 * @param ending how it has ended; undefined while it is open
 */
export function statusOf(parts: Parts, state: VerificationState, ending: Ending | undefined): VerificationStatus {
  const { sends, attempts, deadline, looks } = parts;
  const ended = isFinal(state);
  const now = Date.now();
  const newest = sends.records.counted.at(-1);
  const resendAt = resendAllowedAt(parts.resendFacts, now);
  const codeEnds = sends.records.codeExpiresAtMs;
  return {
    state,
    attributeName: parts.request.attributeName,
    delivery: newest?.delivery,
    deliveryUncertain: newest?.outcome === 'uncertain',
    sendsLeft: sendsLeft(parts.limits, now),
    attemptsLeft: attemptsLeft(parts.limits, now),
    resendAllowedAt: resendAt === undefined ? undefined : iso(Math.max(resendAt, now)),
    retryAt: ended ? undefined : isoIf(sends.facts.retryAtMs ?? attempts.blockedUntil(now)),
    held: ended ? undefined : sends.held,
    codeExpiresAt: ended ? undefined : isoIf(codeEnds && Math.min(codeEnds, deadline.atMs)),
    expiresAt: iso(deadline.atMs),
    sends: sends.records.all.map((record) => ({ ...record })),
    attempts: attempts.records.map((record) => ({ ...record })),
    proof: ending?.outcome === 'verified' ? ending.proof : outstanding(looks, ending),
    unprovenConfirmation: ended ? undefined : looks.unproven,
    oldValue: ending?.outcome === 'verified' ? undefined : looks.oldValue,
    reason: reasonOf(parts, ending),
    currentDestination: ending && 'currentDestination' in ending ? ending.currentDestination : undefined,
    failure: ending?.outcome === 'failed' ? ending.failure : undefined,
  };
}

/** A start that has not the time to wait for the end is told by it that nothing was begun for its value. */
function reasonOf({ mailbox }: Parts, ending: Ending | undefined): ExpiryReason | undefined {
  if (!ending) return mailbox.superseded ? 'Superseded' : undefined;
  return ending.outcome === 'expired' ? ending.reason : undefined;
}

/** Set while an accepted code wants its proof; what ends a verification for another reason makes an end of that too. */
function outstanding({ codeAccepted }: Looks, ending: Ending | undefined): 'outstanding' | undefined {
  const settled = ending?.outcome === 'failed' || (ending?.outcome === 'expired' && ending.reason !== undefined);
  return codeAccepted && !settled ? 'outstanding' : undefined;
}
