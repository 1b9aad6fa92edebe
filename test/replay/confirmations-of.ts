import type { Reading, Step } from './reading.js';
import { only, type Turn, verdictOf } from './turns.js';

const LOOKS: Readonly<Record<string, string>> = {
  'before a send': 'look: before a send that must wait',
  before: 'look: as it was before',
  whether: 'look: whether an attempt was taken after all',
  late: 'look: at the deadline',
  nobody: 'look: whether a token counts',
  accepted: 'look: after an accepted code',
};

/** The results of confirmations and looks, by their names in edges.ts. */
export function confirmationsOf(reading: Reading, turns: readonly Turn[]): string[] {
  return [...signalsOf(reading, turns), ...checksOf(reading, turns), ...looksOf(reading)];
}

function signalsOf({ request, steps }: Reading, [first]: readonly Turn[]): string[] {
  const edges: string[] = [];
  const recheck = request?.policy?.confirmation !== 'trust';
  if (only(first?.news ?? [], 'signal').length > 0) {
    edges.push(`codeConfirmed: before the first task${recheck ? ', to be checked' : ''}`);
  }
  const seen = new Set<string>();
  for (const { input, sealed } of only(steps, 'signal')) {
    if (seen.has(sealed)) edges.push('codeConfirmed: left out, a copy');
    seen.add(sealed);
    if (input === undefined) edges.push('codeConfirmed: left out, unreadable');
    else {
      const { reference, accessToken } = input as { reference?: string; accessToken?: string };
      if (reference) edges.push('codeConfirmed: with a reference');
      if (accessToken) edges.push('codeConfirmed: with an access token');
    }
  }
  return edges;
}

function isCheck(step: Step): step is Extract<Step, { kind: 'call' }> {
  return step.kind === 'call' && String(step.summary).startsWith('Check the confirmation');
}

function checksOf({ steps, outcome }: Reading, turns: readonly Turn[]): string[] {
  const edges: string[] = [];
  const answers = only(steps, 'answer');
  for (const check of steps.filter(isCheck)) {
    const answer = answers.find(({ call }) => call === check.call);
    if (!answer) continue;
    if (answer.failure) {
      if (verdictOf(answer) !== 'accessTokenRejected') edges.push('codeConfirmed: Cognito could not be asked');
      continue;
    }
    const proven = outcome?.proof === 'confirmed' && answer === answers.at(-1);
    edges.push(proven ? 'codeConfirmed: checked and proven' : 'codeConfirmed: checked and not proven');
  }
  if (turns.some((turn) => turn.edges.includes('awaitingCode → awaitingToken: for a confirmation'))) {
    edges.push('codeConfirmed: waits for a token to be checked with');
  }
  return edges;
}

function looksOf({ steps }: Reading): string[] {
  const edges: string[] = [];
  let refused = false;
  for (const { call, summary } of only(steps, 'call').filter(({ activity }) => activity === 'readAttribute')) {
    const answer = only(steps, 'answer').find((one) => one.call === call);
    const kind = Object.entries(LOOKS).find(([word]) => String(summary).includes(` ${word}`))?.[1];
    if (answer && !answer.failure) {
      if (refused) edges.push('look: with another token, after one was refused');
      if (kind) edges.push(kind);
    }
    refused = answer !== undefined && verdictOf(answer) === 'accessTokenRejected';
    if (answer?.failure && !refused) edges.push('look: without an answer');
  }
  return edges;
}
