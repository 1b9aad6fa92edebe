/** Which edges a history covers, measured from its events. */
import { ATTEMPT_ANSWERS, SEND_ANSWERS, UNRESOLVED } from './answers.js';
import { besidesOf } from './besides-of.js';
import { confirmationsOf } from './confirmations-of.js';
import type { ReadFailure, Reading } from './reading.js';
import { only, type Turn, turnsOf } from './turns.js';
import { unprovenOf } from './unproven-of.js';
import { updateAnswersOf } from './update-answers-of.js';

/** The edges that the history covers, in order. */
export function edgesOf(reading: Reading): string[] {
  const turns = turnsOf(reading);
  return [
    ...new Set([
      ...turns.flatMap(({ edges }) => edges),
      ...turns.flatMap(messagesOf),
      ...updateAnswersOf(reading, turns),
      ...cognitoAnswersOf(reading),
      ...confirmationsOf(reading, turns),
      ...besidesOf(reading, turns),
      ...unprovenOf(reading),
    ]),
  ];
}

function messagesOf({ news, commands, before }: Turn): string[] {
  return [
    ...only(news, 'signal').map(({ name }) => `${name} in ${before}`),
    ...only(news, 'cancel').map(() => `cancellation in ${before}`),
    ...only(commands, 'update').map(({ name }) => `${name} in ${before}`),
  ];
}

function cognitoAnswersOf({ steps }: Reading): string[] {
  const edges: string[] = [];
  for (const { activity, failure, ...answer } of [...only(steps, 'answer'), ...only(steps, 'try')]) {
    if (activity !== 'sendCode' && activity !== 'verifyCode') continue;
    const call = activity === 'sendCode' ? 'a send' : 'an attempt';
    const name = failure ? nameOf(failure, call) : successOf('value' in answer ? answer.value : undefined, call);
    if (name) edges.push(`${call}: ${name}`);
  }
  return edges;
}

function nameOf(failure: ReadFailure, call: 'a send' | 'an attempt'): string | undefined {
  const answers = call === 'a send' ? SEND_ANSWERS : ATTEMPT_ANSWERS;
  const listed = answers.find(({ is }) => is?.(failure))?.name;
  return listed ?? UNRESOLVED.find((reason) => reason === failure.type);
}

/** A value that cannot be opened does not come from Cognito. */
function successOf(value: unknown, call: 'a send' | 'an attempt'): string | undefined {
  if (value === undefined) return undefined;
  if (call === 'an attempt') return 'success';
  const { delivery, notCalled, alreadyVerified } = value as {
    delivery?: object;
    notCalled?: true;
    alreadyVerified?: true;
  };
  // Nothing was sent.
  if (notCalled || alreadyVerified) return undefined;
  return delivery && Object.keys(delivery).length > 0 ? 'delivery-details' : 'empty-answer';
}
