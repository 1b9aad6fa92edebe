import type { VerificationOutcome, VerificationState, VerificationStatus } from '@cognito-verification/client';
import { isFinal, WHY_HELD } from '@cognito-verification/contract';
import { emphasized } from './print.js';
import { time } from './time.js';

/** A verification for people: its state, what is left, and the command to type next. */
export function statusCard(workflowId: string, status: VerificationStatus): string {
  const rows: [string, string | undefined][] = [
    ['Joined', status.joined === true ? 'a verification that was open already' : undefined],
    ['Sent to', sentTo(status)],
    ['Proof', status.proof && PROOFS[status.proof]],
    ['Not proven', status.unprovenConfirmation?.message],
    ['Old value', status.oldValue && OLD_VALUES[status.oldValue]],
    ['Value', status.state === 'alreadyVerified' ? status.currentDestination : undefined],
    ['Why', expiry(status)],
    ['Why', status.failure && `${status.failure.type}: ${status.failure.message}`],
    ['Code works until', isFinal(status.state) ? undefined : time(status.codeExpiresAt)],
    ['Held', status.held && [status.held, WHY_HELD[status.held]].filter(Boolean).join(': ')],
    ['Tries again', time(status.retryAt)],
    ['Sends left', isFinal(status.state) ? undefined : sendsLeft(status)],
    ['Attempts left', isFinal(status.state) ? undefined : String(status.attemptsLeft)],
    ['Ends at', isFinal(status.state) ? undefined : time(status.expiresAt)],
    ['Next', next(workflowId, status)],
  ];
  return [`${heading(status.state, status.attributeName)}  ${emphasized('dim', workflowId)}`, ...lines(rows)].join(
    '\n',
  );
}

/** How a verification ended, for people. */
export function outcomeCard(
  workflowId: string,
  { outcome, proof, reason, reference, failure, status }: VerificationOutcome,
): string {
  const rows: [string, string | undefined][] = [
    ['Proof', proof && PROOFS[proof]],
    ['Reference', reference],
    ['Sent to', status && sentTo(status)],
    ['Value', outcome === 'alreadyVerified' ? status?.currentDestination : undefined],
    ['Why', reason && status && expiry(status)],
    ['Why', failure && `${failure.type}: ${failure.message}`],
  ];
  return [`${heading(outcome, status?.attributeName)}  ${emphasized('dim', workflowId)}`, ...lines(rows)].join('\n');
}

const PROOFS: Record<NonNullable<VerificationStatus['proof']>, string> = {
  accepted: 'accepted: Cognito took a code, and shows the value as verified',
  confirmed: 'confirmed: a confirmation came, and Cognito shows the value as verified since',
  found: 'found: Cognito shows the value as verified since',
  trusted: 'none: a confirmation came, and the policy trusts it',
  outstanding: 'outstanding: Cognito took a code; the attribute could not be read since',
};

const OLD_VALUES: Record<NonNullable<VerificationStatus['oldValue']>, string> = {
  kept: 'kept: the user has it until the new one is verified',
  replaced: 'replaced: the user has the new one already, unverified',
};

const EXPIRIES = {
  AttemptsExhausted: 'AttemptsExhausted: no attempts were left, and it was started again',
  Superseded: 'Superseded: it was started again for another value',
};

function expiry({ reason, currentDestination = 'another value' }: VerificationStatus): string | undefined {
  if (reason !== 'AttributeChanged') return reason && EXPIRIES[reason];
  return `${reason}: the user has ${currentDestination} now, and the code went to another value`;
}

function heading(state: VerificationState, attributeName = ''): string {
  const style =
    state === 'verified' || state === 'alreadyVerified'
      ? 'green'
      : state === 'failed' || state === 'expired'
        ? 'red'
        : 'bold';
  return `${emphasized(style, state)}  ${attributeName}`.trimEnd();
}

function lines(rows: readonly [string, string | undefined][]): string[] {
  return rows.filter(([, value]) => value !== undefined).map(([name, value]) => `  ${name.padEnd(17)} ${value}`);
}

function sentTo({ delivery, deliveryUncertain, sends }: VerificationStatus): string | undefined {
  if (deliveryUncertain) return 'unknown: Cognito did not answer, so it may have sent a message or not';
  if (!delivery) return sends.some(({ outcome }) => outcome === 'sent') ? 'Cognito did not say where' : undefined;
  const told = sends.findLast(({ delivery: of }) => of !== undefined)?.outcome === 'alreadySent';
  const { destination = `${told ? 'the start' : 'Cognito'} did not say where`, deliveryMedium } = delivery;
  return deliveryMedium ? `${destination} (${deliveryMedium})` : destination;
}

function sendsLeft({ sendsLeft: left, resendAllowedAt }: VerificationStatus): string {
  const waits = resendAllowedAt !== undefined && Date.parse(resendAllowedAt) > Date.now();
  return waits ? `${left}, the next from ${time(resendAllowedAt)}` : String(left);
}

function next(
  workflowId: string,
  { state, retryAt, attemptsLeft, proof, held }: VerificationStatus,
): string | undefined {
  switch (state) {
    case 'awaitingCode':
      if (proof === 'outstanding')
        return `nothing to do: the proof is awaited; cognito-verification wait ${workflowId}`;
      if (attemptsLeft === 0)
        return retryAt
          ? `no attempts are left before ${time(retryAt)}`
          : 'no attempts are left; start again: that ends this verification, and opens another one with what the last hour leaves';
      return `cognito-verification submit ${workflowId}`;
    case 'sending':
      return retryAt
        ? `cognito-verification status ${workflowId}`
        : `cognito-verification status ${workflowId}; if it stays so, the worker's log says why, and so do the Pending Activities in the Web UI; or calls are paused or limited: cognito-verification limits`;
    case 'rateLimited':
      if (held)
        return `nothing to do: the guard is asked again ${retryAt ? time(retryAt) : 'later'}${held === 'UnprovenMessages' ? '; cognito-verification limits shows what it brakes' : ''}`;
      return `nothing to do: Cognito's limit for this user is used up, the code is sent ${retryAt ? time(retryAt) : 'later'}`;
    case 'awaitingToken':
      return `Cognito takes none of the access tokens, or they have expired; with a fresh one: cognito-verification renew-token ${workflowId}`;
    default:
      return undefined;
  }
}
