/** The other edges of the state picture: how a verification moves between open states, and fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import { type CorpusRig, tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';
import { REACH } from './endings.js';

const ALREADY_SENT = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };

/**
 * A start that joins and says that Cognito has sent a code by itself.
 * @param client one that checks the token, so that the start counts at once; or one that does not, so that a look decides first
 */
async function joinWithCode(
  rig: CorpusRig,
  { user, id }: { user: Parameters<CorpusRig['token']>[0]; id: string },
  client = rig.client,
) {
  const accessToken = await rig.token(user);
  await client.start({ accessToken, attributeName: 'email', alreadySent: ALREADY_SENT });
  await rig.until({ id } as never, ({ sends }) => sends.some(({ outcome }) => outcome === 'alreadySent'));
}

const SENT_BY_ITSELF = 'awaitingCode: Cognito had sent a code by itself';

export const TRANSITIONS: readonly Scenario[] = [
  {
    name: 'begun-with-a-code-that-cognito-had-sent',
    edges: [`start → ${SENT_BY_ITSELF}`, 'look: as it was before'],
    play: async (rig) => {
      const user = await rig.user();
      const alreadySent = await rig.changeEmail(user, 'other@example.com');
      const opened = await rig.open({ user, request: { alreadySent } });
      // The answer to a code that arrives before the look at the attribute needs a look of its own.
      await rig.until(opened, () => rig.calls(opened).reads === 1);
      await sleep(500);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'begun-with-a-code-and-an-automatic-re-send',
    edges: [`start → ${SENT_BY_ITSELF}`, 'awaitingCode → sending: automatic'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      const alreadySent = await rig.changeEmail(user, 'other@example.com');
      const opened = await rig.open({ user, request: { alreadySent }, policy: { resendAfter: '1 minute' } });
      await untilLong(rig, opened, ({ sends }) => sends.length === 2);
      return opened.id;
    },
  },
  {
    name: 'automatic-re-sends',
    edges: ['awaitingCode → sending: automatic', 'sending → awaitingCode: sent'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open({ policy: { resendAfter: '1 minute', maxSends: 2 } });
      await untilLong(rig, opened, ({ sends }) => sends.length === 2);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'an-automatic-re-send-waits-for-an-attempt',
    edges: ['a send that waits for an attempt to end'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open({ policy: { resendAfter: '1 minute', maxSends: 2 } });
      rig.fault(opened.user, ATTEMPT, { latencyMs: 6_000 });
      await sleep(57_000);
      await rig.submitWrong(opened);
      await untilLong(rig, opened, ({ sends }) => sends.length === 2);
      return opened.id;
    },
  },
  {
    name: 'a-send-that-is-tried-again-after-a-while',
    edges: ['sending → sending: tried again after a while'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'CodeDeliveryFailureException', 1);
      const opened = await rig.open({ user, impatient: true });
      await untilLong(rig, opened, ({ state }) => state === 'awaitingCode');
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-a-send-waits-to-be-tried-again',
    edges: [`sending → ${SENT_BY_ITSELF}`],
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'CodeDeliveryFailureException', 1);
      const opened = await rig.open({ user, impatient: true });
      await rig.until(opened, ({ retryAt }) => retryAt !== undefined);
      await joinWithCode(rig, opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-rate-limited',
    edges: [`rateLimited → ${SENT_BY_ITSELF}`, 'a start that joins brings the delivery of a code'],
    play: async (rig) => {
      const opened = await REACH.rateLimited(rig);
      await joinWithCode(rig, opened);
      return opened.id;
    },
  },
  {
    name: 'a-code-sent-by-itself-while-awaiting-token',
    edges: [`awaitingToken → ${SENT_BY_ITSELF}`],
    play: async (rig) => {
      const opened = await REACH.awaitingToken(rig);
      await joinWithCode(rig, opened, rig.base.client);
      return opened.id;
    },
  },
  {
    name: 'rate-limited-until-retry-at',
    edges: ['sending → rateLimited: the hour', 'rateLimited → sending: at retryAt', 'awaitDelivery: rateLimited'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'LimitExceededException', 1);
      const opened = await rig.open({ user });
      await untilLong(rig, opened, ({ state }) => state === 'awaitingCode');
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-first-send-that-is-given-up',
    edges: ['sending → failed: given up', 'awaitDelivery: refused, the verification failed'],
    slow: true,
    play: async (rig) => {
      const user = await rig.user();
      rig.refuse(user, SEND, 'TooManyRequestsException');
      const opened = await rig.open({ user, impatient: true });
      const answer = await rig.taken(opened, 'awaitDelivery', {});
      await Promise.allSettled([answer.result()]);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-given-up',
    edges: ['sending → awaitingCode: given up, after an earlier send', 'resendCode: refused, CognitoUnavailable'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.openResendable();
      rig.refuse(opened.user, SEND, 'TooManyRequestsException');
      const answer = await rig.taken(opened, 'resendCode', {});
      await Promise.allSettled([answer.result()]);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-refused-for-good',
    edges: [
      'sending → awaitingCode: refused for good, an earlier code still works',
      'resendCode: refused, ResendFailed',
    ],
    play: async (rig) => {
      const opened = await rig.openResendable();
      rig.refuse(opened.user, SEND, 'InvalidSmsRoleAccessPolicyException', 1);
      await tolerated(rig.resend(opened));
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-that-is-refused-for-good-when-no-code-works-any-more',
    edges: ['sending → failed: refused for good', 'resendCode: refused, the verification failed'],
    play: async (rig) => {
      const opened = await rig.openResendable();
      // This makes the earlier code useless, so the verification has no reason to continue.
      rig.refuse(opened.user, ATTEMPT, 'ExpiredCodeException', 1);
      await rig.submitRight(opened);
      rig.refuse(opened.user, SEND, 'InvalidSmsRoleAccessPolicyException');
      await tolerated(rig.resend(opened));
      return opened.id;
    },
  },
];

/** Like `until`, for changes that take minutes. */
async function untilLong(
  rig: CorpusRig,
  opened: Parameters<CorpusRig['until']>[0],
  holds: Parameters<CorpusRig['until']>[1],
) {
  for (let tries = 0; tries < 40; tries++) {
    if (holds(await rig.status(opened))) return;
    await rig.until(opened, holds).catch(() => undefined);
  }
  await rig.until(opened, holds);
}
