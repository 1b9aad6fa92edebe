import {
  type AttemptOutcome,
  CALL_FAILURE_TYPES,
  type CodeDelivery,
  FAILURE_TYPES,
  isFinal,
  printable,
  type SendOutcome,
  type SendRecord,
  type VerificationStatus,
  WHY_HELD,
} from '@cognito-verification/contract';

/**
 * The card in the Web UI (Temporal's current details, Markdown): a newcomer reads from it alone what happened and what
 * comes next. It holds what the status holds, so neither a token nor a code. Text from outside stands in code spans, where
 * nothing is Markdown: a destination such as `e***@e***` would otherwise be read as emphasis, and an escape does not keep the
 * Web UI from making a link of an address. It uses lists, since the Web UI sets the columns of a
 * table without a gap between them.
 */
export function liveCard(status: VerificationStatus, nowMs: number): string {
  const lines = [`**${headline(status)}**`, '', whereSent(status), '', next(status, nowMs)];
  if (status.unprovenConfirmation) lines.push('', status.unprovenConfirmation.message);
  const left = `${count(status.sendsLeft, 'send')} and ${count(status.attemptsLeft, 'attempt')} left`;
  if (!isFinal(status.state)) lines.push('', `${left}. Everything ends at ${clock(status.expiresAt)}.`);
  lines.push('', '**So far**', '');
  const sends = status.sends.map((send) => ({ at: send.at, text: sendLine(send) }));
  const attempts = status.attempts.map(({ at, outcome }) => ({ at, text: ATTEMPTS[outcome] }));
  const history = [...sends, ...attempts].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  for (const { at, text } of history) lines.push(`- ${clock(at)}: ${text}`);
  if (history.length === 0) lines.push('Nothing yet.');
  return lines.join('\n');
}

const HEADLINES: Record<VerificationStatus['state'], string> = {
  sending: 'Asking Cognito to send a code',
  awaitingCode: 'Waiting for the code',
  rateLimited: 'No more sends for this user for now',
  awaitingToken: 'Waiting for a fresh access token',
  verified: 'Verified',
  alreadyVerified: 'Verified already: no code was sent',
  expired: 'Expired: nothing was confirmed in time',
  failed: 'Failed: someone must look',
  cancelled: 'Cancelled',
};

function headline({ state, proof, reason, held }: VerificationStatus): string {
  if (state === 'rateLimited' && held) return 'The guard holds the next code back for now';
  if (proof === 'trusted') return 'Confirmed, and not checked';
  if (reason === 'AttributeChanged') return 'Expired: the user has another value now';
  if (reason === 'Superseded') return 'Expired: it was started again for another value';
  if (reason === 'AttemptsExhausted') return 'Expired: no attempts were left, and it was started again';
  if (state === 'awaitingCode' && proof === 'outstanding') return 'A code was accepted: waiting for the proof';
  return HEADLINES[state];
}

const SENDS: Record<SendOutcome, string> = {
  sent: 'a code was sent',
  alreadySent: 'Cognito had sent a code by itself',
  uncertain: 'a send got no answer: the code may have left or not',
  rateLimited: 'Cognito refused to send: too many for this user, or for the day',
  held: 'the guard of the worker held a code back, and Cognito was not asked',
  accessTokenRejected: 'Cognito refused the access token',
  notSent: 'no code was sent',
};

const ATTEMPTS: Record<AttemptOutcome, string> = {
  checking: 'a code is being checked',
  accepted: 'the right code',
  mismatch: 'a wrong code',
  codeExpired: 'a code that has expired, or was used already',
  rateLimited: 'Cognito refused to check a code: too many attempts',
  accessTokenRejected: 'a code could not be checked: the access token was refused, or none was found',
  uncertain: 'a check of a code got no answer',
  notMade: 'a code could not be checked: Cognito was not reached',
  failed: 'Cognito refused to check a code',
};

const NOT_FOUND: readonly string[] = [CALL_FAILURE_TYPES.accessTokenNotFound, FAILURE_TYPES.accessTokenRefused];

function sendLine({ outcome, delivery, reason }: SendRecord): string {
  // Cognito was not asked: nothing that may be sent was found under a reference.
  const notFound = outcome === 'accessTokenRejected' && NOT_FOUND.includes(reason ?? '');
  return [
    notFound ? 'no access token was found' : SENDS[outcome],
    destinationOf(delivery),
    reason ? ` (${code(reason)})` : '',
  ].join('');
}

function destinationOf(delivery: CodeDelivery | undefined): string {
  const medium = delivery?.deliveryMedium;
  const by = medium ? ` by ${MEDIA[medium] ?? code(medium)}` : '';
  return `${delivery?.destination ? ` to ${code(delivery.destination)}` : ''}${by}`;
}

const MEDIA: Readonly<Record<string, string>> = { EMAIL: 'e-mail', SMS: 'SMS' };

function whereSent(status: VerificationStatus): string {
  const { delivery, deliveryUncertain, attributeName, sends } = status;
  const what = `A code for ${code(attributeName)}`;
  if (deliveryUncertain)
    return `${what} was asked for, without an answer: it may have arrived or not. If it came, it works.`;
  const sent = sends.some(({ outcome }) => outcome === 'sent' || outcome === 'alreadySent');
  if (sent) return `${what} was sent${destinationOf(delivery)}.`;
  return `No code for ${code(attributeName)} ${isFinal(status.state) ? 'was sent' : 'has been sent yet'}.`;
}

function next(status: VerificationStatus, nowMs: number): string {
  switch (status.state) {
    case 'sending':
      return status.retryAt
        ? `**Next:** it tries again by itself at ${clock(status.retryAt)}.`
        : '**Next:** nothing to do, this takes a moment. While Cognito throttles or is out of reach, it tries again by itself, for ten minutes; *Pending Activities* shows why. What stays *Scheduled* there waits for a worker, or in a queue that is paused.';
    case 'awaitingCode':
      return status.proof === 'outstanding' ? PROOF_OUTSTANDING : awaitedCode(status, nowMs);
    case 'rateLimited':
      return whenAllowed(status);
    case 'awaitingToken':
      return '**Next:** the user signs in again and the service sends `renewAccessToken`; then it goes on by itself.';
    case 'verified':
      return '**Next:** nothing is left to do.';
    case 'alreadyVerified':
      return `${verifiedValue(status)}**Next:** nothing is left to do. A start with \`reverify\` sends a code all the same.`;
    case 'expired':
      return [changedTo(status), '**Next:** the service may start it again.'].join('');
    case 'failed':
      return [
        `**Why:** ${code(status.failure?.type ?? 'Unknown')}: ${code(status.failure?.message ?? '')}`,
        '',
        '**Next:** once that is fixed, the service may start it again.',
      ].join('\n');
    case 'cancelled':
      return '**Next:** the service may start it again. It was cancelled on request.';
  }
}

function whenAllowed({ held, retryAt, expiresAt }: VerificationStatus): string {
  const earlier = 'A code that arrived earlier can still be submitted.';
  const why = held ? `**Why:** ${WHY_HELD[held] ?? code(held)}.\n\n` : '';
  if (!retryAt) return `${why}${earlier}`;
  return retryAt < expiresAt
    ? `${why}**Next:** it ${held ? 'asks the guard again' : 'sends'} by itself at ${clock(retryAt)}. ${earlier}`
    : `${why}**Next:** it ends before another send may be made, at ${clock(retryAt)}. ${earlier}`;
}

const PROOF_OUTSTANDING =
  '**Next:** nothing to do: Cognito has accepted a code, and the attribute is read until it shows that. *Pending Activities* shows why that fails.';

function verifiedValue({ currentDestination }: VerificationStatus): string {
  return currentDestination ? `The user has verified ${code(currentDestination)}. ` : '';
}

function changedTo({ reason, currentDestination }: VerificationStatus): string {
  if (reason !== 'AttributeChanged') return '';
  const now = currentDestination ? `: ${code(currentDestination)}` : '';
  return `The code went to another value than the one that the user has now${now}. `;
}

function awaitedCode(status: VerificationStatus, nowMs: number): string {
  if (status.retryAt) return `**Next:** no attempts of this user are taken before ${clock(status.retryAt)}.`;
  if (status.attemptsLeft === 0)
    return '**Next:** no attempts are left; `codeConfirmed`, another start or the deadline ends it.';
  const until = status.codeExpiresAt ? ` (this one until ${clock(status.codeExpiresAt)})` : '';
  const resendAt = status.resendAllowedAt;
  const resend = resendAt
    ? Date.parse(resendAt) > nowMs
      ? ` \`resendCode\` is allowed from ${clock(resendAt)}.`
      : ' `resendCode` is allowed.'
    : ' No more sends are left.';
  return `**Next:** the user types the code${until} and the service sends \`submitCode\`.${resend}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** By hand, since locale and time zone are the worker's and would differ from one to the next. */
function clock(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
}

/** A text from outside as it is. On one line, because the end of a paragraph ends a code span. */
function code(text: string): string {
  return `\`${printable(text).replaceAll('`', "'").trim() || ' '}\``;
}
