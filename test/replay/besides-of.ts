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
    return !failure && value !== undefined && runOf(value) !== runOf(firstCall?.input);
  });
}

function runOf(message: unknown): unknown {
  return (message as { runId?: string } | undefined)?.runId;
}

function starts(steps: readonly Step[]) {
  return only(steps, 'update').filter(({ name }) => name === 'awaitDelivery');
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
    const settled = only(news, 'answer').some(({ activity }) => activity === 'verifyCode');
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
  return rang >= 0 && turns.slice(rang + 1).some(({ news }) => only(news, 'answer').some(isAttempt));
}

function isAttempt({ activity }: { activity: string }): boolean {
  return activity === 'verifyCode';
}

function otherToken(turns: readonly Turn[]): boolean {
  return turns.some(({ news, commands }) =>
    only(news, 'answer').some(
      (one) =>
        one.activity !== 'readAttribute' &&
        verdictOf(one) === 'accessTokenRejected' &&
        only(commands, 'call').some(({ activity }) => activity === one.activity),
    ),
  );
}
