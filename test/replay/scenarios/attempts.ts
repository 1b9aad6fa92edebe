/** Codes that are too old, too many, in doubt or too late, and their results. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTEMPT } from '../../lifecycle/time-travel.js';
import { tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

export const ATTEMPTS: readonly Scenario[] = [
  {
    name: 'a-code-that-is-too-old',
    edges: ['submitCode: codeExpired, without a call'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open({ policy: { codeLifetime: '1 minute' } });
      await sleep(61_000);
      await rig.submitRight(opened);
      await rig.resend(opened);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'locked-out-of-attempts',
    edges: ['submitCode: rateLimited', 'submitCode: rateLimited, without a call'],
    play: async (rig) => {
      const opened = await rig.open();
      rig.refuse(opened.user, ATTEMPT, 'LimitExceededException', 1);
      await rig.submitRight(opened);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-lost-answer-to-an-attempt-then-another-call',
    edges: ['an attempt, then another call after its answer was lost', 'look: whether an attempt was taken after all'],
    play: async (rig) => {
      const opened = await rig.open();
      rig.fault(opened.user, ATTEMPT, { exception: { name: 'InternalErrorException', status: 500 }, times: 1 });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'an-attempt-that-was-taken-after-all',
    edges: ['an attempt: connection-lost', 'look: whether an attempt was taken after all', 'submitCode: verified'],
    play: async (rig) => {
      const opened = await rig.open();
      rig.fault(opened.user, ATTEMPT, { dropConnection: 'afterEffect', times: 1 });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'an-attempt-that-is-throttled-beyond-its-budget',
    edges: ['submitCode: refused, CognitoUnavailable'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open();
      rig.refuse(opened.user, ATTEMPT, 'TooManyRequestsException');
      await tolerated(rig.submitRight(opened));
      return opened.id;
    },
  },
  {
    name: 'a-code-at-the-deadline',
    edges: ['a code at the deadline'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open({ policy: { deadline: '1 minute' } });
      rig.fault(opened.user, ATTEMPT, { latencyMs: 12_000 });
      // So late that it is no local activity, which would end before the deadline.
      await sleep(Date.parse(opened.started.expiresAt) - Date.now() - 4_000);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
];
