import { allUsedUp, type EarlierCalls } from '@cognito-verification/contract';
import type { Reading, Step } from './reading.js';
import { only, type Turn, verdictOf } from './turns.js';

/** Other events in a history, by their names in edges.ts. */
export function besidesOf(reading: Reading, turns: readonly Turn[]): string[] {
  const { steps } = reading;
  const found: Record<string, boolean> = {
    'a start that joins': starts(steps).length > 1,
    'a start that joins brings the delivery of a code': starts(steps)
      .slice(1)
      .some(({ input }) => (input as { alreadySent?: unknown })?.alreadySent !== undefined),
    'a start that counts takes the place of the one that opened it': takesPlace(reading),
    'a start that counts tightens the policy': tightensPolicy(reading),
    'the calls of an earlier verification are counted': counts(steps).some((calls) => !isUsedUp(calls)),
    'the calls of an earlier verification count as used up': counts(steps).some(isUsedUp),
    'the calls of verifications that the request does not name are counted': only(steps, 'call').some(
      ({ activity, input }) => activity === 'countEarlierCalls' && (input as { mayBeCopy?: true }).mayBeCopy === true,
    ),
    ...directly(steps),
    'an attempt, then another call after its answer was lost': triedTwice(steps),
    'a send that waits for an attempt to end': turns.some(waitsForAttempt(steps)),
    'two codes at once, one after the other': together(turns, 'submitCode'),
    'two re-sends at once, one send': together(turns, 'resendCode'),
    'a code at the deadline': codeAtDeadline(turns),
    'the other token is tried after one was refused': otherToken(turns),
    'client metadata of a re-send': only(steps, 'update').some(
      ({ name, input }) =>
        name === 'resendCode' && (input as { clientMetadata?: unknown })?.clientMetadata !== undefined,
    ),
    'an answer to a call that nothing opens': only(steps, 'answer').some(
      ({ failure, value }) => !failure && value === undefined,
    ),
    'an answer to a call of an earlier run': answersOfAnotherRun(steps),
    'a call whose input its worker could not open': only(steps, 'try').some(
      ({ failure }) => failure.type === 'UnreadableInput',
    ),
    'no worker for a call': only(steps, 'answer').some(({ failure }) => failure?.type === 'TemporalTimeout:2'),
  };
  return Object.keys(found).filter((edge) => found[edge]);
}

function answersOfAnotherRun(steps: readonly Step[]): boolean {
  return only(steps, 'answer').some(({ call, failure, value }) => {
    const firstCall = only(steps, 'call').find((one) => one.call === call);
    // The input of a local activity is in no history.
    return !failure && value !== undefined && firstCall?.input && runOf(value) !== runOf(firstCall.input);
  });
}

function runOf(message: unknown): unknown {
  return (message as { runId?: string } | undefined)?.runId;
}

function starts(steps: readonly Step[]) {
  return only(steps, 'update').filter(({ name }) => name === 'awaitDelivery');
}

interface Asked {
  stamp?: { proven?: true };
  accessToken?: string;
  policy?: object;
}

/** What the answer to a start says that has joined and whose token was checked. */
function checkedJoins({ steps }: Reading): { at: number; accessToken: unknown; asked: object; policy: object }[] {
  return starts(steps).flatMap(({ id, input }) => {
    const answer = only(steps, 'updateAnswer').find((one) => one.id === id)?.value as { policy?: object } | undefined;
    const { stamp, accessToken, policy: asked = {} } = (input ?? {}) as Asked;
    const at = steps.findIndex((step) => step.kind === 'update' && step.id === id);
    return stamp?.proven && answer?.policy ? [{ at, accessToken, asked, policy: answer.policy }] : [];
  });
}

/** Nobody had checked the token of the request, and Cognito had taken none yet. */
function takesPlace(reading: Reading): boolean {
  const { request, steps } = reading;
  if ((request as { stamp?: { proven?: true } } | undefined)?.stamp?.proven) return false;
  return checkedJoins(reading).some(({ at, accessToken }) => {
    // The same token lets the request count too, and that one first.
    if (accessToken === request?.accessToken) return false;
    const taken = only(steps.slice(0, at), 'answer').filter(({ activity }) => activity !== 'countEarlierCalls');
    return taken.every(({ failure }) => failure !== undefined);
  });
}

/** The policy in force is another one after a start than after the one before it, and that had counted already. */
function tightensPolicy(reading: Reading): boolean {
  const policies = starts(reading.steps).map(
    ({ id }) => only(reading.steps, 'updateAnswer').find((one) => one.id === id)?.value as { policy?: object },
  );
  const [first] = policies;
  return (
    !takesPlace(reading) &&
    checkedJoins(reading).some(
      ({ asked, policy }) => Object.keys(asked).length > 0 && JSON.stringify(policy) !== JSON.stringify(first?.policy),
    )
  );
}

function counts(steps: readonly Step[]): EarlierCalls[] {
  return only(steps, 'answer').flatMap(({ activity, value }) =>
    activity === 'countEarlierCalls' && value !== undefined ? [value as EarlierCalls] : [],
  );
}

/** More than any policy allows. */
function isUsedUp({ sends, attempts }: EarlierCalls): boolean {
  const used = allUsedUp('');
  return sends.length >= used.sends.length && attempts.length >= used.attempts.length;
}

/** What a worker did without the task queue of calls. */
function directly(steps: readonly Step[]): Record<string, boolean> {
  const local = only(steps, 'answer').filter((one) => one.local);
  const attempts = local.filter(isAttempt);
  const [first] = only(steps, 'answer').filter(({ activity }) => activity === 'sendCode');
  const isSentAgain = only(steps, 'call').filter(({ activity }) => activity === 'sendCode').length > 1;
  const hadNoEffect = (answer: (typeof local)[number] | undefined) =>
    answer !== undefined && ['throttled', 'unreachable'].includes(verdictOf(answer));
  return {
    'an attempt by a local activity': attempts.length > 0,
    'an attempt by a local activity, then by a normal one': attempts.some(hadNoEffect),
    'a look at the deadline by a local activity': local.some(({ activity }) => activity === 'readAttribute'),
    'a direct send that had no effect, then another one': isSentAgain && hadNoEffect(first),
    'a direct send that was not made, then another one':
      isSentAgain && (first?.value as { notCalled?: true } | undefined)?.notCalled === true,
  };
}

function triedTwice(steps: readonly Step[]): boolean {
  const lostAt = only(steps, 'answer').findIndex(
    (one) => one.activity === 'verifyCode' && verdictOf(one) === 'uncertain',
  );
  if (lostAt < 0) return false;
  const updates = only(steps, 'update').filter(({ name }) => name === 'submitCode').length;
  return updates === 1 && only(steps, 'call').filter(({ activity }) => activity === 'verifyCode').length > 1;
}

/** The next send is due when its timer fires, but starts only once the attempt is answered. */
function waitsForAttempt(steps: readonly Step[]) {
  return ({ news, commands }: Turn): boolean => {
    const sends = only(commands, 'call').some(({ activity }) => activity === 'sendCode');
    const settled = only([...news, ...commands], 'answer').some(isAttempt);
    const rung = steps.some((step) => step.kind === 'rang' && !news.includes(step));
    return sends && settled && rung;
  };
}

/** A second update was accepted before the first was answered. */
function together(turns: readonly Turn[], name: string): boolean {
  let open = 0;
  for (const step of turns.flatMap(({ commands }) => commands)) {
    if (step.kind === 'update' && step.name === name) open += 1;
    if (step.kind === 'updateAnswer' && step.name === name) open -= 1;
    if (open > 1) return true;
  }
  return false;
}

/** The deadline has passed, and an attempt is still being made or answered. */
function codeAtDeadline(turns: readonly Turn[]): boolean {
  const rang = turns.findIndex(({ news }) =>
    only(news, 'rang').some(({ summary }) => summary === 'The verification expires'),
  );
  return (
    rang >= 0 &&
    turns.slice(rang + 1).some(({ news, commands }) => only([...news, ...commands], 'answer').some(isAttempt))
  );
}

function isAttempt({ activity }: { activity: string }): boolean {
  return activity === 'verifyCode';
}

function otherToken(turns: readonly Turn[]): boolean {
  return turns.some(({ news, commands }) =>
    only([...news, ...commands], 'answer').some(
      (one) =>
        one.activity !== 'readAttribute' &&
        verdictOf(one) === 'accessTokenRejected' &&
        only(commands, 'call').some(({ activity, call }) => activity === one.activity && call !== one.call),
    ),
  );
}
