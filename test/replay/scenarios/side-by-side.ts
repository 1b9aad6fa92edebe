/** Concurrent messages, and the answer to each when another one decides. */
import { awaitDelivery, resendCode, submitCode, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import { stampOf } from '../../stamping.js';
import type { CorpusRig } from '../rig.js';
import type { Scenario } from '../scenario.js';

/** The attempts of a value that was verified before are normal activities: an update of a local one is accepted with its answer. */
const verified = async (rig: CorpusRig) => ({
  user: await rig.user({ emailVerified: true }),
  request: { reverify: true },
});

export const SIDE_BY_SIDE: readonly Scenario[] = [
  {
    name: 'two-re-sends-one-send',
    edges: ['two re-sends at once, one send', 'resendCode: sending', 'resendCode in sending'],
    play: async (rig) => {
      const opened = await rig.openResendable();
      const { answer, fault } = await rig.throttledResend(opened);
      await rig.resend(opened);
      rig.base.sandbox.clearFaults(fault);
      await answer;
      return opened.id;
    },
  },
  {
    name: 'codes-past-the-last-attempt',
    edges: ['submitCode: refused, AttemptsExhausted', 'two codes at once, one after the other'],
    play: async (rig) => {
      const opened = await rig.open({ ...(await verified(rig)), policy: { maxAttempts: 2 } });
      rig.fault(opened.user, ATTEMPT, { latencyMs: 3_000 });
      const code = rig.code(opened) === '000000' ? '111111' : '000000';
      const answers = [];
      for (let times = 0; times < 3; times++) answers.push(await rig.taken(opened, submitCode.name, { code }));
      await Promise.allSettled(answers.map((answer) => answer.result()));
      return opened.id;
    },
  },
  {
    name: 'a-code-that-waits-when-another-was-right',
    edges: ['submitCode: verified', 'submitCode: verified, by something else'],
    play: async (rig) => {
      const opened = await rig.open(await verified(rig));
      rig.fault(opened.user, ATTEMPT, { latencyMs: 1_500 });
      const code = rig.code(opened);
      const first = await rig.taken(opened, submitCode.name, { code });
      const second = await rig.taken(opened, submitCode.name, { code: code === '000000' ? '111111' : '000000' });
      await Promise.all([first.result(), second.result()]);
      return opened.id;
    },
  },
  {
    name: 'cancelled-with-codes-under-way',
    edges: ['submitCode: refused, VerificationEnded'],
    play: async (rig) => {
      const opened = await rig.open(await verified(rig));
      rig.fault(opened.user, ATTEMPT, { latencyMs: 3_000 });
      const answer = await rig.taken(opened, submitCode.name, { code: rig.code(opened) });
      await rig.client.cancel(opened.id);
      await Promise.allSettled([answer.result()]);
      return opened.id;
    },
  },
  {
    name: 'cancelled-while-the-first-send-is-throttled',
    edges: ['awaitDelivery: cancelled', 'resendCode: cancelled', 'cancellation in sending'],
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'TooManyRequestsException');
      const opened = await rig.open({ user, impatient: true });
      const answers = [await rig.taken(opened, awaitDelivery.name, {}), await rig.taken(opened, resendCode.name, {})];
      await rig.client.cancel(opened.id);
      await Promise.allSettled(answers.map((answer) => answer.result()));
      return opened.id;
    },
  },
  {
    name: 'confirmed-while-the-first-send-is-throttled',
    edges: ['awaitDelivery: verified', 'resendCode: verified'],
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'TooManyRequestsException');
      // Only the policy of a request that counts trusts, and Cognito has not taken the token yet: the sender has checked it.
      const request = { stamp: stampOf(WORKFLOW_TYPE, { proven: true }) } as object;
      const opened = await rig.open({ user, impatient: true, policy: { confirmation: 'trust' }, request });
      const answers = [await rig.taken(opened, awaitDelivery.name, {}), await rig.taken(opened, resendCode.name, {})];
      await rig.client.confirm(opened.id);
      await Promise.allSettled(answers.map((answer) => answer.result()));
      return opened.id;
    },
  },
  {
    name: 'expired-while-the-first-send-is-throttled',
    edges: ['awaitDelivery: expired', 'resendCode: expired'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'TooManyRequestsException');
      const opened = await rig.open({ user, impatient: true, policy: { deadline: '1 minute' } });
      const answers = [await rig.taken(opened, awaitDelivery.name, {}), await rig.taken(opened, resendCode.name, {})];
      await Promise.allSettled(answers.map((answer) => answer.result()));
      return opened.id;
    },
  },
];
