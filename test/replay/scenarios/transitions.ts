/** The other edges of the state picture: how a verification comes from one open state into another, and fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import type { Scenario } from '../scenario.js';
import { type Stage, tolerated } from '../stage.js';
import { REACH } from './endings.js';

const ALREADY_SENT = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };

/** A start that joins and says that Cognito has sent a code by itself. */
async function joinWithCode(stage: Stage, { user, id }: { user: Parameters<Stage['token']>[0]; id: string }) {
  const accessToken = await stage.token(user);
  await stage.client.start({ accessToken, attributeName: 'email', alreadySent: ALREADY_SENT });
  await stage.until({ id } as never, ({ sends }) => sends.some(({ outcome }) => outcome === 'alreadySent'));
}

const SENT_BY_ITSELF = 'awaitingCode: Cognito had sent a code by itself';

export const TRANSITIONS: readonly Scenario[] = [
  {
    name: 'begun-with-a-code-that-cognito-had-sent',
    edges: [`start → ${SENT_BY_ITSELF}`, 'look: as it was before'],
    play: async (stage) => {
      const user = await stage.user();
      const alreadySent = await stage.changeEmail(user, 'other@example.com');
      const opened = await stage.open({ user, request: { alreadySent } });
      // A code that comes before the look at the attribute has its answer looks for itself.
      await stage.until(opened, () => stage.calls(opened).reads === 1);
      await sleep(500);
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'begun-with-a-code-and-an-automatic-re-send',
    edges: [`start → ${SENT_BY_ITSELF}`, 'awaitingCode → sending: automatic'],
    slow: true,
    play: async (stage) => {
      const user = await stage.user();
      const alreadySent = await stage.changeEmail(user, 'other@example.com');
      const opened = await stage.open({ user, request: { alreadySent }, policy: { resendAfter: '1 minute' } });
      await untilLong(stage, opened, ({ sends }) => sends.length === 2);
      return opened.id;
    },
  },
  {
    name: 'automatic-re-sends',
    edges: ['awaitingCode → sending: automatic', 'sending → awaitingCode: sent'],
    slow: true,
    play: async (stage) => {
      const opened = await stage.open({ policy: { resendAfter: '1 minute', maxSends: 2 } });
      await untilLong(stage, opened, ({ sends }) => sends.length === 2);
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'an-automatic-re-send-waits-for-an-attempt',
    edges: ['a send that waits for an attempt to end'],
    slow: true,
    play: async (stage) => {
      const opened = await stage.open({ policy: { resendAfter: '1 minute', maxSends: 2 } });
      stage.fault(opened.user, ATTEMPT, { latencyMs: 6_000 });
      await sleep(57_000);
      await stage.submitWrong(opened);
      await untilLong(stage, opened, ({ sends }) => sends.length === 2);
      return opened.id;
    },
  },
  {
    name: 'a-send-that-is-tried-again-after-a-while',
    edges: ['sending → sending: tried again after a while'],
    slow: true,
    play: async (stage) => {
      const user = await stage.user();
      stage.refuse(user, SEND, 'CodeDeliveryFailureException', 1);
      const opened = await stage.open({ user, impatient: true });
      await untilLong(stage, opened, ({ state }) => state === 'awaitingCode');
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-a-send-waits-to-be-tried-again',
    edges: [`sending → ${SENT_BY_ITSELF}`],
    play: async (stage) => {
      const user = await stage.user();
      stage.refuse(user, SEND, 'CodeDeliveryFailureException', 1);
      const opened = await stage.open({ user, impatient: true });
      await stage.until(opened, ({ retryAt }) => retryAt !== undefined);
      await joinWithCode(stage, opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-rate-limited',
    edges: [`rateLimited → ${SENT_BY_ITSELF}`, 'a start that joins brings the delivery of a code'],
    play: async (stage) => {
      const opened = await REACH.rateLimited(stage);
      await joinWithCode(stage, opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-awaiting-token',
    edges: [`awaitingToken → ${SENT_BY_ITSELF}`],
    play: async (stage) => {
      const opened = await REACH.awaitingToken(stage);
      await joinWithCode(stage, opened);
      return opened.id;
    },
  },
  {
    name: 'rate-limited-until-retry-at',
    edges: ['sending → rateLimited: the hour', 'rateLimited → sending: at retryAt', 'awaitDelivery: rateLimited'],
    slow: true,
    play: async (stage) => {
      const user = await stage.user();
      stage.refuse(user, SEND, 'LimitExceededException', 1);
      const opened = await stage.open({ user });
      await untilLong(stage, opened, ({ state }) => state === 'awaitingCode');
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-first-send-that-is-given-up',
    edges: ['sending → failed: given up', 'awaitDelivery: refused, the verification failed'],
    slow: true,
    play: async (stage) => {
      const user = await stage.user();
      stage.refuse(user, SEND, 'TooManyRequestsException');
      const opened = await stage.open({ user, impatient: true });
      const answer = await stage.taken(opened, 'awaitDelivery', {});
      await Promise.allSettled([answer.result()]);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-given-up',
    edges: ['sending → awaitingCode: given up, after an earlier send', 'resendCode: refused, CognitoUnavailable'],
    slow: true,
    play: async (stage) => {
      const opened = await stage.openResendable();
      stage.refuse(opened.user, SEND, 'TooManyRequestsException');
      const answer = await stage.taken(opened, 'resendCode', {});
      await Promise.allSettled([answer.result()]);
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-refused-for-good',
    edges: [
      'sending → awaitingCode: refused for good, an earlier code still works',
      'resendCode: refused, ResendFailed',
    ],
    play: async (stage) => {
      const opened = await stage.openResendable();
      stage.refuse(opened.user, SEND, 'InvalidSmsRoleAccessPolicyException', 1);
      await tolerated(stage.resend(opened));
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-refused-for-good-when-no-code-works-any-more',
    edges: ['sending → failed: refused for good', 'resendCode: refused, the verification failed'],
    play: async (stage) => {
      const opened = await stage.openResendable();
      // It takes the earlier code away, and with it the reason to go on.
      stage.refuse(opened.user, ATTEMPT, 'ExpiredCodeException', 1);
      await stage.submitRight(opened);
      stage.refuse(opened.user, SEND, 'InvalidSmsRoleAccessPolicyException');
      await tolerated(stage.resend(opened));
      return opened.id;
    },
  },
];

/** As `until`, for what takes minutes. */
async function untilLong(stage: Stage, opened: Parameters<Stage['until']>[0], holds: Parameters<Stage['until']>[1]) {
  for (let tries = 0; tries < 40; tries++) {
    if (holds(await stage.status(opened))) return;
    await stage.until(opened, holds).catch(() => undefined);
  }
  await stage.until(opened, holds);
}
