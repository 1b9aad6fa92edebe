import type { SubmitCodeAnswer } from '@cognito-verification/contract';
import type { Reading, Step } from './reading.js';
import { only } from './turns.js';

interface Tokened {
  accessToken?: string;
  stamp?: { proven?: true };
}

/** What becomes of messages whose token does not count, by its names in edges.ts. */
export function unprovenOf(reading: Reading): string[] {
  const edges: string[] = [];
  const waiting = new Set<string>();
  let waited = false;
  for (const [at, step] of reading.steps.entries()) {
    if (step.kind === 'updateAnswer') waiting.delete(step.id);
    if (step.kind !== 'update' || !isUnproven(reading, at)) continue;
    if (waiting.size > 0) edges.push('an unproven message is answered at once while another one waits');
    waiting.add(step.id);
    if (step.name !== 'submitCode') continue;
    const { calls, putOff } = answerTo(step.id, reading.steps.slice(at));
    if (putOff && calls === 0) edges.push('a token that nobody has checked waits, after five were refused');
    if (waited && calls > 0) edges.push('a token that nobody has checked is tried when the wait is over');
    waited ||= putOff && calls === 0;
  }
  return edges;
}

/** Nobody says of its token that it was checked, and Cognito has not taken it. */
function isUnproven({ request, steps }: Reading, at: number): boolean {
  const inputOf = (step: Step | undefined) => (step && 'input' in step ? step.input : undefined) as Tokened | undefined;
  const accessToken = inputOf(steps[at])?.accessToken;
  if (accessToken === undefined) return false;
  const before = steps.slice(0, at);
  const messages = [request as Tokened | undefined, ...[...only(before, 'update'), steps[at]].map(inputOf)];
  const taken = only(before, 'answer').filter((answer) => !answer.failure && !wasNotCalled(answer.value));
  const calls = only(before, 'call').filter(({ call }) => taken.some((answer) => answer.call === call));
  return (
    !messages.some((message) => message?.accessToken === accessToken && message.stamp?.proven) &&
    !calls.some((call) => inputOf(call)?.accessToken === accessToken)
  );
}

/** How a code was answered, with how many calls, and whether its token is to come again later. */
function answerTo(id: string, steps: readonly Step[]): { calls: number; putOff: boolean } {
  const end = steps.findIndex((step) => step.kind === 'updateAnswer' && step.id === id);
  const answer = steps[end];
  const value = (answer && 'value' in answer ? answer.value : undefined) as SubmitCodeAnswer | undefined;
  return {
    calls: only(steps.slice(0, end), 'call').length,
    putOff: value?.result === 'accessTokenRejected' && value.retryAt !== undefined,
  };
}

/** A worker without an allowance has asked nobody. */
function wasNotCalled(value: unknown): boolean {
  return (value as { notCalled?: true } | undefined)?.notCalled === true;
}
