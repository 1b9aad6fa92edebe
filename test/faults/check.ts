/**
 * What must hold for every verification, whatever happens to workers, servers and lines. The judge runs at the end and sees
 * everything from outside: calls of the client, calls that reached Cognito, messages in the inbox, and histories.
 */
import type { VerificationStatus } from '@cognito-verification/contract';
import type { CognitoCall, Evidence, SendActivity } from './record.js';

/** A broken rule. */
export interface Violation {
  /** See `RULES`. */
  rule: keyof typeof RULES;
  workflowId: string;
  what: string;
}

export const RULES = {
  ends: 'every verification that a service was told of, or tried to start, is there once and ends by its deadline',
  oneMessage:
    'no person gets two messages for one send: each message, and each send that Cognito took, has a send of the list for itself, and a call for it in the history',
  inbox: 'every message goes to the value that is to be verified: no old address gets any',
  sends: 'no more sends than the policy allows',
  uncertain: 'a send whose end nobody knows is counted',
  attempts:
    'no more codes are looked at than the policy allows, but for one more with each workflow task that a worker had and did not end',
  once: 'no code is taken twice: after one was taken, the next one is of a later send',
  proven: 'verified means that Cognito has taken the code, in time',
  truth: 'verified is said of the very value that the user pool has as verified, and to which the codes went',
  oldValue: 'a change of address that is not proven says truly which value the user had when it was last read',
  kept: 'what a call was answered is still so in the end, and an answer that was repeated is the same',
  answers: 'a call is answered, or refused with an error of the client',
  replays: 'no workflow task failed because it did not fit its history, and every history replays on this build',
} as const;

/** The time after the deadline for a look at the attribute, an attempt made in time, and the return of killed workers. */
const LATE_MS = 120_000;
/** The difference between the clocks of two processes on one machine, and the rounding in histories. */
const CLOCK_MS = 50;
/** A worker may make its call after Temporal has given up on it: for as long as the activity's own time-out. */
const CALL_LATE_MS = { send: 35_000, change: 65_000 };
/** The cause of a failed workflow task, as `evidence.ts` names it. */
export const NONDETERMINISM = 'nondeterminism';
/** Cognito's answers after it has looked at a code. */
const LOOKED_AT: ReadonlySet<string | undefined> = new Set(['ok', 'CodeMismatchException', 'ExpiredCodeException']);

export function check(verifications: readonly Evidence[]): Violation[] {
  return verifications.flatMap((evidence) => {
    const found = [
      ...ends(evidence),
      ...messages(evidence),
      ...attempts(evidence),
      ...proof(evidence),
      ...change(evidence),
      ...kept(evidence),
      ...replays(evidence),
    ];
    return found.map(([rule, what]) => ({ rule, workflowId: evidence.workflowId, what }));
  });
}

type Found = [rule: Violation['rule'], what: string][];

function ends({ runs, endedAtMs, outcome, startedAtMs, policy }: Evidence): Found {
  if (runs !== 1) return [['ends', `it has ${runs} runs`]];
  if (endedAtMs === undefined || !outcome) return [['ends', 'it is still open']];
  const lateMs = endedAtMs - startedAtMs - policy.deadlineMs;
  return lateMs > LATE_MS ? [['ends', `it ended ${Math.round(lateMs / 1000)} s after its deadline`]] : [];
}

const accepted = ({ cognito }: Evidence, operation: CognitoCall['operation'], by?: CognitoCall['by']) =>
  cognito.filter((call) => call.operation === operation && call.effect === 'ok' && (by ?? call.by) === call.by);

const counted = (status: VerificationStatus | undefined) =>
  (status?.sends ?? []).filter(({ outcome }) => outcome === 'sent' || outcome === 'uncertain');

function messages(evidence: Evidence): Found {
  const found: Found = [];
  const { messagesAtMs, strays, policy, outcome, sendActivities } = evidence;
  if (strays > 0) found.push(['inbox', `${strays} messages went to another address`]);
  const sends = counted(outcome?.status).length;
  const acceptedSends = accepted(evidence, 'send');
  // The list no longer contains the send that was with Cognito when the verification ended.
  const cutOff = sendActivities.filter(({ end }) => end === 'cutOff').length;
  for (const [what, count] of [
    ['messages', messagesAtMs.length],
    ['accepted sends', acceptedSends.length],
  ] as const) {
    if (count > sends + cutOff) found.push(['oneMessage', `${count} ${what} for ${sends} counted sends`]);
    if (count > policy.maxSends) found.push(['sends', `${count} ${what}, ${policy.maxSends} allowed`]);
  }
  // The worker's list decides how long a code lives, so it must not contain a send that was never made.
  const sendsMade = sendActivities.length;
  if (sends > sendsMade)
    found.push(['oneMessage', `${sends} counted sends, ${sendsMade} calls for one in the history`]);
  const unmatched = acceptedSends.length - matched(acceptedSends, sendActivities, evidence.change ? 'change' : 'send');
  if (unmatched > 0) found.push(['oneMessage', `${unmatched} accepted sends that no activity of their own explains`]);
  const uncertain = (outcome?.status?.sends ?? []).filter((send) => send.outcome === 'uncertain').length;
  const unknown = sendActivities.filter(({ end }) => end === 'timedOut').length;
  if (unknown > uncertain)
    found.push(['uncertain', `${unknown} sends timed out, ${uncertain} are counted as uncertain`]);
  return found;
}

/** How many calls fit an activity of their own in time: calls are matched in order to the activity that ends first. */
function matched(
  calls: readonly CognitoCall[],
  activities: readonly SendActivity[],
  kind: keyof typeof CALL_LATE_MS,
): number {
  const free = [...activities].sort((a, b) => a.endedAtMs - b.endedAtMs);
  let count = 0;
  for (const { atMs } of [...calls].sort((a, b) => a.atMs - b.atMs)) {
    const index = free.findIndex(
      ({ scheduledAtMs, endedAtMs, end }) =>
        scheduledAtMs - CLOCK_MS <= atMs && atMs <= endedAtMs + (end === 'answered' ? CLOCK_MS : CALL_LATE_MS[kind]),
    );
    if (index < 0) continue;
    free.splice(index, 1);
    count += 1;
  }
  return count;
}

function attempts(evidence: Evidence): Found {
  const looks = evidence.cognito.filter(
    ({ operation, by, effect }) => operation === 'attempt' && by === 'worker' && LOOKED_AT.has(effect),
  );
  const { maxAttempts } = evidence.policy;
  // The next worker tries the code of a lost task again, and does not know that it was tried.
  if (looks.length <= maxAttempts + evidence.lostTasks + evidence.forgottenTasks) return [];
  const late = looks.slice(maxAttempts).some(({ effect }) => effect === 'ok')
    ? ', and one was taken past the limit'
    : '';
  return [['attempts', `${looks.length} codes were looked at, ${maxAttempts} allowed${late}`]];
}

function proof(evidence: Evidence): Found {
  const { outcome, policy, verifiedInPool, provesValue } = evidence;
  const acceptedAttempts = accepted(evidence, 'attempt');
  const sends = accepted(evidence, 'send');
  const found: Found = [];
  for (const [index, { atMs }] of acceptedAttempts.slice(1).entries()) {
    const beforeMs = acceptedAttempts[index]?.atMs ?? 0;
    const ofItsOwn = sends.some((send) => beforeMs < send.atMs && send.atMs < atMs);
    if (!ofItsOwn) found.push(['once', 'a code was taken, and one was taken again without another send']);
  }
  if (outcome?.outcome === 'alreadyVerified') {
    if (!verifiedInPool)
      found.push(['truth', 'already verified, and the user pool does not have that value as verified']);
    if (counted(outcome.status).length > 0) found.push(['truth', 'already verified, after a send']);
  }
  if (outcome?.outcome !== 'verified') return found;
  if (acceptedAttempts.length === 0) found.push(['proven', 'Cognito has taken no code']);
  if (!verifiedInPool) found.push(['truth', 'the user pool does not have that value as verified']);
  // A confirmation that was trusted proves no value, and says so.
  if (provesValue === (outcome.proof === 'trusted')) found.push(['truth', `proven by ${outcome.proof}: another value`]);
  const [byWorker] = accepted(evidence, 'attempt', 'worker');
  // A send without an answer counts: as far as the worker knows, its message is in the inbox.
  const newest = counted(outcome.status)
    .map(({ at }) => Date.parse(at))
    .findLast((atMs) => atMs <= (byWorker?.atMs ?? 0) + CLOCK_MS);
  if (!byWorker || newest === undefined) return found;
  // The activity is scheduled in time, and runs once a worker is back, within the budget of an attempt.
  const overMs = byWorker.atMs - newest - policy.codeLifetimeMs - 60_000;
  if (overMs > 0) found.push(['proven', `the code was taken ${Math.round(overMs / 1000)} s after its life`]);
  return found;
}

/**
 * Whether the new value may have come after the last look. A pool that keeps the old one gives it only for a code, and a cancelled
 * verification need not have heard of that. Any other gives it for a change, and nobody knows when one without an answer has its effect.
 */
function mayHaveChangedSince(evidence: Evidence, keeps: boolean): boolean {
  if (keeps) return accepted(evidence, 'attempt').length > 0;
  return counted(evidence.outcome?.status).some((send) => send.outcome === 'uncertain');
}

/** Nobody but the verifications changes an address. */
function change(evidence: Evidence): Found {
  const { outcome, change: changed } = evidence;
  const { oldValue, reason } = outcome?.status ?? {};
  if (reason === 'AttributeChanged') return [['truth', 'it ended because of a value that nobody has set']];
  if (oldValue === undefined) return [];
  if (!changed) return [['oldValue', `${oldValue}, and it changes no address`]];
  const said = oldValue === 'kept' ? 'old' : 'new';
  if (outcome?.outcome === 'verified' || changed.holds === said) return [];
  if (said === 'old' && mayHaveChangedSince(evidence, changed.keeps)) return [];
  return [['oldValue', `${oldValue}, and the user has the ${changed.holds} value`]];
}

function kept({ calls, outcome, policy }: Evidence): Found {
  const found: Found = [];
  const answers = new Map<string, string>();
  for (const call of calls) {
    const { operation, id, answer, result, status } = call;
    if (!/^(ok|[A-Z][A-Za-z]+)$/.test(answer)) found.push(['answers', `${operation}: ${answer}`]);
    if (answer !== 'ok') continue;
    if (result === 'verified' && outcome?.outcome !== 'verified')
      found.push(['kept', `submitCode was answered "verified", and it ended as ${outcome?.outcome}`]);
    if (operation === 'confirm' && policy.confirmation === 'trust' && outcome?.outcome !== 'verified')
      found.push(['kept', `codeConfirmed was taken, and it ended as ${outcome?.outcome}`]);
    if (operation === 'submitCode') {
      const before = answers.get(id) ?? result ?? '';
      if (before !== result) found.push(['kept', `one submitCode was answered "${before}" and "${result}"`]);
      answers.set(id, before);
    }
    const missing = status && outcome?.status && lostFrom(status, outcome.status);
    if (missing) found.push(['kept', `${operation} told of ${missing}`]);
  }
  const wrong = new Set(calls.filter(({ result }) => result === 'mismatch').map(({ id }) => id)).size;
  const listed = outcome?.status?.attempts.filter((attempt) => attempt.outcome === 'mismatch').length ?? wrong;
  if (wrong > listed) found.push(['kept', `${wrong} codes were answered "mismatch", ${listed} are listed`]);
  return found;
}

/** What an earlier status shows and the last one lacks: lists of sends and attempts only ever grow. */
function lostFrom(earlier: VerificationStatus, last: VerificationStatus): string | undefined {
  const lines = (status: VerificationStatus) => [
    ...status.sends.map(({ at, outcome }) => `a send at ${at}, ${outcome}`),
    // One that is being checked, or that has no answer, may have one later.
    ...status.attempts.map(
      ({ at, outcome }) => `an attempt at ${at}${['checking', 'uncertain'].includes(outcome) ? '' : `, ${outcome}`}`,
    ),
  ];
  const all = lines(last);
  return lines(earlier).find((line) => !all.some((known) => known.startsWith(line)));
}

function replays({ failedTasks, replayError }: Evidence): Found {
  const found: Found = replayError === undefined ? [] : [['replays', replayError]];
  if (failedTasks.includes(NONDETERMINISM)) found.push(['replays', 'a workflow task did not fit its history']);
  return found;
}
