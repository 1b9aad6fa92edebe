/** Messages with tokens that nobody has checked, and that Cognito has not taken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitDelivery } from '@cognito-verification/contract';
import { SEND } from '../../lifecycle/time-travel.js';
import type { Scenario } from '../scenario.js';

export const UNPROVEN: readonly Scenario[] = [
  {
    name: 'forged-tokens-that-wait-after-five-were-refused',
    edges: [
      'a token that nobody has checked waits, after five were refused',
      'a token that nobody has checked is tried when the wait is over',
    ],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open();
      const submitForged = async () => await rig.submitWrong(opened, await rig.token(opened.user, { forged: true }));
      for (let times = 0; times < 5; times++) await submitForged();
      const { retryAt = '' } = await submitForged();
      await sleep(Date.parse(retryAt) - Date.now() + 500);
      // This one is tried, and the next waits twice as long.
      await submitForged();
      await submitForged();
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-finds-the-one-place-for-unproven-messages-taken',
    edges: ['an unproven message is answered at once while another one waits', 'awaitDelivery: sending'],
    play: async (rig) => {
      const user = await rig.user();
      const fault = rig.refuse(user, SEND, 'TooManyRequestsException');
      const opened = await rig.open({ user, impatient: true });
      const forged = async () => await rig.token(user, { forged: true });
      const waiting = await rig.taken(opened, awaitDelivery.name, { accessToken: await forged() });
      await rig.client.start({ accessToken: await forged(), attributeName: 'email' });
      rig.base.sandbox.clearFaults(fault);
      await waiting.result();
      await rig.submitRight(opened);
      return opened.id;
    },
  },
];
