/** One history for each answer of Cognito to a first send, and to an attempt. */
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import { ATTEMPT_ANSWERS, type CognitoAnswer, SEND_ANSWERS } from '../answers.js';
import { tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

/** Sends that are retried slowly, and answers that never come. */
const RETRIED = ['code-delivery-failure-exception', 'forbidden-exception'];
const SLOW = [...RETRIED, 'no-answer'];

const sends = SEND_ANSWERS.filter(isProvoked).map(
  ({ name, fault }): Scenario => ({
    name: `send-${name}`,
    edges: [`a send: ${name}`],
    ...(SLOW.includes(name) ? { slow: true } : {}),
    play: async (rig) => {
      const user = await rig.user();
      if (fault) rig.fault(user, SEND, fault);
      const { id } = await rig.openAnyhow({ user });
      // The client waits 20 s; some answers take longer.
      await rig.until({ id } as never, ({ state, retryAt }) => state !== 'sending' || retryAt !== undefined);
      if (RETRIED.includes(name)) await tolerated(rig.client.wait(id));
      return id;
    },
  }),
);

const attempts = ATTEMPT_ANSWERS.filter(isProvoked).map(
  ({ name, fault }): Scenario => ({
    name: `attempt-${name}`,
    edges: [`an attempt: ${name}`],
    ...(name === 'no-answer' ? { slow: true } : {}),
    play: async (rig) => {
      const opened = await rig.open();
      if (fault) rig.fault(opened.user, ATTEMPT, fault);
      await tolerated(rig.submitRight(opened));
      return opened.id;
    },
  }),
);

const wrongCode: Scenario = {
  name: 'attempt-code-mismatch-exception',
  edges: ['an attempt: code-mismatch-exception', 'submitCode: mismatch'],
  play: async (rig) => {
    const opened = await rig.open();
    await rig.submitWrong(opened);
    return opened.id;
  },
};

/** The other answers, which are neither a success nor a fault, have scenarios of their own. */
function isProvoked({ fault, is }: CognitoAnswer): boolean {
  return fault !== undefined || is === undefined;
}

export const ANSWERS: readonly Scenario[] = [...sends, ...attempts, wrongCode];
