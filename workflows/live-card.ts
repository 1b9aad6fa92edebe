import type { VerificationStatus } from '@cognito-verification/contract';

/**
 * The card in the Web UI (Temporal's current details, Markdown): a newcomer reads from it alone what happened and what
 * comes next. It holds what the status holds, so neither a token nor a code.
 */
export function liveCard(status: VerificationStatus, nowMs: number): string {
  const lines = [`**${HEADLINES[status.state]}**`, '', whereSent(status), next(status, nowMs)];
  const left = `${count(status.sendsLeft, 'send')} and ${count(status.attemptsLeft, 'attempt')} left`;
  if (!isFinal(status)) lines.push(`${left}; everything ends at ${clock(status.expiresAt)}.`);
  if (status.sends.length > 0) {
    lines.push('', '| when (UTC) | send | |', '| --- | --- | --- |');
    for (const { at, outcome, delivery, reason } of status.sends) {
      lines.push(`| ${clock(at)} | ${outcome} | ${delivery?.destination ?? reason ?? ''} |`);
    }
  }
  if (status.attempts.length > 0) {
    lines.push('', '| when (UTC) | attempt |', '| --- | --- |');
    for (const { at, outcome } of status.attempts) lines.push(`| ${clock(at)} | ${outcome} |`);
  }
  return lines.filter((line, index) => line !== '' || lines[index - 1] !== '').join('\n');
}

const HEADLINES: Record<VerificationStatus['state'], string> = {
  sending: 'Asking Cognito to send a code',
  awaitingCode: 'Waiting for the code',
  rateLimited: 'Cognito takes no more sends for this user for now',
  awaitingToken: 'Waiting for a fresh access token',
  verified: 'Verified',
  expired: 'Expired: nothing was confirmed in time',
  failed: 'Failed: someone must look',
  cancelled: 'Cancelled',
};

function whereSent({ delivery, deliveryUncertain, attributeName, sends }: VerificationStatus): string {
  const to = delivery?.destination ? ` to ${delivery.destination}` : '';
  const by = delivery?.deliveryMedium ? ` by ${delivery.deliveryMedium}` : '';
  if (deliveryUncertain) {
    return `A send for ${attributeName} got no answer: the code may have arrived or not. If it came, it works.`;
  }
  const sent = sends.some(({ outcome }) => outcome === 'sent' || outcome === 'alreadySent');
  return sent ? `A code for ${attributeName} was sent${to}${by}.` : `No code for ${attributeName} has been sent yet.`;
}

function next(status: VerificationStatus, nowMs: number): string {
  switch (status.state) {
    case 'sending':
      return status.retryAt
        ? `It will be tried again at ${clock(status.retryAt)}.`
        : 'Nothing to do; this takes a moment.';
    case 'awaitingCode':
      return awaitedCode(status, nowMs);
    case 'rateLimited':
      return status.retryAt
        ? `**Next:** it sends again by itself at ${clock(status.retryAt)}. A code that arrived earlier can still be submitted.`
        : 'A code that arrived earlier can still be submitted.';
    case 'awaitingToken':
      return '**Next:** the user signs in again and the service sends `renewAccessToken`; then it goes on by itself.';
    case 'verified':
      return 'Nothing is left to do.';
    case 'expired':
      return '**Next:** the service may start it again.';
    case 'failed':
      return `**${status.failure?.type ?? 'Unknown'}**: ${status.failure?.message ?? ''}`;
    case 'cancelled':
      return 'It was cancelled on request; the service may start it again.';
  }
}

function awaitedCode(status: VerificationStatus, nowMs: number): string {
  if (status.attemptsLeft === 0) return '**Next:** no attempts are left; only `codeConfirmed` or the deadline ends it.';
  if (status.retryAt) return `**Next:** Cognito takes no attempts of this user before ${clock(status.retryAt)}.`;
  const until = status.codeExpiresAt ? ` (this one until ${clock(status.codeExpiresAt)})` : '';
  const resendAt = status.resendAllowedAt;
  const resend = resendAt
    ? Date.parse(resendAt) > nowMs
      ? ` \`resendCode\` is allowed from ${clock(resendAt)}.`
      : ' `resendCode` is allowed.'
    : ' No more sends are left.';
  return `**Next:** the user types the code${until} and the service sends \`submitCode\`.${resend}`;
}

function isFinal({ state }: VerificationStatus): boolean {
  return state === 'verified' || state === 'expired' || state === 'failed' || state === 'cancelled';
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** By hand, since locale and time zone are the worker's and would differ from one to the next. */
function clock(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}`;
}
