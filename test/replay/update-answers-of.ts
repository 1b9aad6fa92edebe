import type { SubmitCodeAnswer, VerificationStatus } from '@cognito-verification/contract';
import type { Reading, Step } from './reading.js';
import { only, type Turn } from './turns.js';

type UpdateAnswer = Extract<Step, { kind: 'updateAnswer' }>;

/** The answer to each update, by its name in edges.ts. */
export function updateAnswersOf({ steps }: Reading, turns: readonly Turn[]): string[] {
  return only(steps, 'updateAnswer').map((answer) => {
    const { name, failure, value } = answer;
    if (failure) return `${name}: refused, ${refusalOf(answer, turns)}`;
    if (name !== 'submitCode') return `${name}: ${statusOf(value as VerificationStatus, name)}`;
    return `submitCode: ${resultOf(value as SubmitCodeAnswer, answer, steps)}`;
  });
}

/** Our own types; any other is the failure that ended the verification. */
const OURS = ['AttemptsExhausted', 'VerificationEnded', 'ResendFailed', 'CodeNotSent'];

function refusalOf({ failure }: UpdateAnswer, turns: readonly Turn[]): string {
  const type = failure?.type ?? '';
  if (type === 'ResendNotAllowed') {
    const [refusal] = (failure?.details ?? []) as { reason?: string }[];
    return `ResendNotAllowed (${refusal?.reason})`;
  }
  if (OURS.includes(type)) return type;
  // A verification that gives up before it has sent anything ends in the same way.
  const ended = turns.at(-1)?.commands.find((step) => step.kind === 'end');
  if (ended?.kind === 'end' && ended.how === 'failed' && ended.failure?.type === type) return 'the verification failed';
  return type;
}

function statusOf({ state, deliveryUncertain }: VerificationStatus, name: string): string {
  const uncertain = state === 'awaitingCode' && deliveryUncertain && name !== 'renewAccessToken';
  return uncertain ? 'awaitingCode, uncertain' : state;
}

function resultOf({ result, status }: SubmitCodeAnswer, answer: UpdateAnswer, steps: readonly Step[]): string {
  const ownCalls = callsFor(answer, steps);
  if (result === 'verified') {
    return ownCalls.length > 0 &&
      status.attempts.some(({ outcome }) => outcome === 'accepted' || outcome === 'uncertain')
      ? 'verified'
      : 'verified, by something else';
  }
  const canBeAnsweredWithout = result !== 'mismatch';
  return canBeAnsweredWithout && ownCalls.length === 0 ? `${result}, without a call` : result;
}

/** Attempts that were made between the update and its answer. */
function callsFor({ id }: UpdateAnswer, steps: readonly Step[]): Step[] {
  const from = steps.findIndex((step) => step.kind === 'update' && step.id === id);
  const to = steps.findIndex((step) => step.kind === 'updateAnswer' && step.id === id);
  return steps.slice(from, to).filter((step) => step.kind === 'call' && step.activity === 'verifyCode');
}
