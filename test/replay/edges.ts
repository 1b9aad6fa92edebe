/**
 * The one list of every edge that the corpus must cover. edges-of.ts measures what a history covers; an edge outside this list
 * is unknown, and fails the gate too.
 */
import { ATTEMPT_ANSWERS, SEND_ANSWERS, UNRESOLVED } from './answers.js';

const OPEN = ['sending', 'awaitingCode', 'rateLimited', 'awaitingToken'] as const;

/** The state picture of README.md and docs/lifecycle.md: from, to, and the cause. */
const STATES = [
  'start → sending',
  'start → awaitingCode: Cognito had sent a code by itself',
  'start → failed: the request is refused',
  'sending → awaitingCode: sent',
  'sending → awaitingCode: uncertain',
  'sending → awaitingCode: refused for good, an earlier code still works',
  'sending → awaitingCode: given up, after an earlier send',
  'sending → awaitingCode: Cognito had sent a code by itself',
  'sending → sending: tried again after a while',
  'sending → rateLimited: the hour',
  'sending → rateLimited: the e-mails of the day',
  'sending → rateLimited: what earlier verifications leave',
  'sending → awaitingToken: no token that Cognito takes',
  'sending → alreadyVerified: before the first send',
  'sending → failed: refused for good',
  'sending → failed: given up',
  'awaitingCode → sending: wanted',
  'awaitingCode → sending: automatic',
  'awaitingCode → sending: no code was sent before, says a start that counts',
  'awaitingCode → awaitingToken: for a code',
  'awaitingCode → awaitingToken: for a confirmation',
  'awaitingCode → awaitingToken: for the value to which the code went',
  'rateLimited → sending: at retryAt',
  'rateLimited → awaitingCode: Cognito had sent a code by itself',
  'awaitingToken → sending: a token for a send',
  'awaitingToken → awaitingCode: a token',
  'awaitingToken → awaitingCode: Cognito had sent a code by itself',
  ...OPEN.flatMap((state) => [
    `${state} → verified: accepted`,
    `${state} → verified: trusted`,
    `${state} → failed: a code was refused for good`,
    `${state} → expired: the deadline`,
    `${state} → cancelled: on request`,
  ]),
  // Without a token nothing can be read.
  ...OPEN.slice(0, 3).map((state) => `${state} → verified: found`),
  'awaitingCode → verified: confirmed',
  'awaitingCode → expired: AttributeChanged',
  'awaitingCode → expired: AttemptsExhausted',
  'awaitingCode → expired: Superseded',
  'awaitingCode → failed: a code was accepted, and the value is not verified',
];

/** The table of messages in docs/lifecycle.md: each message in each state in which it leaves a trace. */
const MESSAGES = OPEN.flatMap((state) => [
  `awaitDelivery in ${state}`,
  `submitCode in ${state}`,
  // While the verification is rate limited, the validator refuses the message, which leaves no trace.
  ...(state === 'rateLimited' ? [] : [`resendCode in ${state}`]),
  `renewAccessToken in ${state}`,
  `codeConfirmed in ${state}`,
  `cancellation in ${state}`,
]);

/** The answers to updates that leave a trace. A refusal by a validator leaves none. */
const UPDATES = [
  'awaitDelivery: sending',
  'awaitDelivery: awaitingCode',
  'awaitDelivery: awaitingCode, uncertain',
  'awaitDelivery: rateLimited',
  'awaitDelivery: awaitingToken',
  'awaitDelivery: verified',
  'awaitDelivery: alreadyVerified',
  'awaitDelivery: expired',
  'awaitDelivery: cancelled',
  'awaitDelivery: refused, the verification failed',
  'awaitDelivery: refused, VerificationEnded',
  'submitCode: verified',
  'submitCode: verified, by something else',
  'submitCode: mismatch',
  'submitCode: codeExpired',
  'submitCode: codeExpired, without a call',
  'submitCode: rateLimited',
  'submitCode: rateLimited, without a call',
  'submitCode: accessTokenRejected',
  'submitCode: accessTokenRejected, without a call',
  'submitCode: refused, AttemptsExhausted',
  'submitCode: refused, VerificationEnded',
  'submitCode: refused, CognitoUnavailable',
  'submitCode: refused, the verification failed',
  'resendCode: sending',
  'resendCode: awaitingCode',
  'resendCode: awaitingCode, uncertain',
  'resendCode: rateLimited',
  'resendCode: awaitingToken',
  'resendCode: verified',
  'resendCode: expired',
  'resendCode: cancelled',
  'resendCode: refused, ResendNotAllowed (cooldown)',
  'resendCode: refused, ResendNotAllowed (maxSends)',
  'resendCode: refused, ResendNotAllowed (accessTokenNeeded)',
  'resendCode: refused, ResendNotAllowed (attemptsExhausted)',
  'resendCode: refused, ResendFailed',
  'resendCode: refused, CognitoUnavailable',
  'resendCode: refused, the verification failed',
  'renewAccessToken: sending',
  'renewAccessToken: awaitingCode',
  'renewAccessToken: rateLimited',
  'renewAccessToken: verified',
];

/** The results of a confirmation, and of a look at the attribute. */
const CONFIRMATIONS = [
  'codeConfirmed: before the first task',
  'codeConfirmed: before the first task, to be checked',
  'codeConfirmed: with a reference',
  'codeConfirmed: with an access token',
  'codeConfirmed: checked and proven',
  'codeConfirmed: checked and not proven',
  'codeConfirmed: waits for a token to be checked with',
  'codeConfirmed: Cognito could not be asked',
  'codeConfirmed: left out, unreadable',
  'codeConfirmed: left out, a copy',
  'look: as it was before',
  'look: before a send that must wait',
  'look: whether an attempt was taken after all',
  'look: at the deadline',
  'look: with another token, after one was refused',
  'look: after an accepted code',
  'look: without an answer',
  'look: whether a token counts',
];

/** Other events in a verification. */
const BESIDES = [
  'a start that joins',
  'a start that joins brings the delivery of a code',
  'a start that counts takes the place of the one that opened it',
  'a start that counts tightens the policy',
  'the calls of an earlier verification are counted',
  'the calls of an earlier verification count as used up',
  'the calls of verifications that the request does not name are counted',
  'an attempt by a local activity',
  'an attempt by a local activity, then by a normal one',
  'a look at the deadline by a local activity',
  'a direct send that had no effect, then another one',
  'a direct send that was not made, then another one',
  'an attempt, then another call after its answer was lost',
  'a send that waits for an attempt to end',
  'two codes at once, one after the other',
  'two re-sends at once, one send',
  'a code at the deadline',
  'the other token is tried after one was refused',
  'client metadata of a re-send',
  'a token that nobody has checked waits, after five were refused',
  'a token that nobody has checked is tried when the wait is over',
  'an unproven message is answered at once while another one waits',
  'an answer to a call that nothing opens',
  'an answer to a call of an earlier run',
  'a call whose input its worker could not open',
  'no worker for a call',
];

const ANSWERS = {
  'answers to a send': [
    ...SEND_ANSWERS.map(({ name }) => `a send: ${name}`),
    ...UNRESOLVED.map((reason) => `a send: ${reason}`),
  ],
  'answers to an attempt': [
    ...ATTEMPT_ANSWERS.map(({ name }) => `an attempt: ${name}`),
    ...UNRESOLVED.map((reason) => `an attempt: ${reason}`),
  ],
};

/** The edges, grouped by subject. */
export const EDGES: Readonly<Record<string, readonly string[]>> = {
  states: STATES,
  'messages in each state': MESSAGES,
  'answers to updates': UPDATES,
  'confirmations and looks': CONFIRMATIONS,
  ...ANSWERS,
  'what else happens': BESIDES,
};

export const ALL_EDGES: readonly string[] = Object.values(EDGES).flat();
