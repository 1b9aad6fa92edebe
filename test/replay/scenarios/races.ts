/** Messages that cross: they arrive while the worker is away, and so reach the workflow in one task. */
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitDelivery, renewAccessToken, resendCode, submitCode } from '@cognito-verification/contract';
import type { Opened } from '../../lifecycle/time-travel.js';
import type { CorpusRig } from '../rig.js';
import type { Scenario } from '../scenario.js';

/** Enough for a message to reach the server before the next one, and before the worker is back. */
const MOMENT_MS = 500;

const LOOK = 'GetUser';

const ALREADY_SENT = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };

/** An accepted re-send whose turn comes after a code that Cognito sent by itself. */
function resendAfterAnother(name: string, edge: string, policy = {}): Scenario {
  return {
    name,
    edges: [edge],
    raced: true,
    play: async (rig) => {
      const apart = await rig.apart();
      const opened = await rig.openApart(apart, await rig.user(), {
        policy: { resendCooldown: '1 second', ...policy },
      });
      await rig.until(opened, ({ resendAllowedAt }) => Date.parse(resendAllowedAt ?? '') < Date.now());
      await apart.leave();
      const { accessToken } = opened.user;
      const messages = [rig.checkedUpdate(opened, awaitDelivery.name, { accessToken, alreadySent: ALREADY_SENT })];
      await sleep(MOMENT_MS);
      messages.push(requestUpdate(rig, opened, resendCode.name, {}));
      await sleep(MOMENT_MS);
      await apart.comeBack();
      await Promise.all(messages);
      return opened.id;
    },
  };
}

/** Waits until a worker has seen the update and answered or refused it. */
async function requestUpdate(rig: CorpusRig, { id }: Opened, name: string, message: object): Promise<void> {
  const handle = rig.base.env.client.workflow.getHandle(id);
  await Promise.allSettled([handle.executeUpdate<unknown, [object]>(name, { args: [message] })]);
}

export const RACES: readonly Scenario[] = [
  resendAfterAnother('a-re-send-that-meets-the-cool-down', 'resendCode: refused, ResendNotAllowed (cooldown)'),
  resendAfterAnother('a-re-send-past-the-last-one', 'resendCode: refused, ResendNotAllowed (maxSends)', {
    maxSends: 2,
  }),
  {
    name: 'a-re-send-whose-token-is-refused-meanwhile',
    edges: [
      'resendCode: refused, ResendNotAllowed (accessTokenNeeded)',
      'awaitingCode → awaitingToken: for the value to which the code went',
    ],
    raced: true,
    play: async (rig) => {
      const user = await rig.user();
      // The first send cannot read the attribute, so a look follows it, for which a re-send waits.
      rig.fault(user, LOOK, { exception: { name: 'InvalidParameterException' }, nth: 1 });
      rig.fault(user, LOOK, { latencyMs: 3_000, exception: { name: 'NotAuthorizedException' }, nth: 2 });
      const opened = await rig.openResendable({ user });
      await requestUpdate(rig, opened, resendCode.name, {});
      return opened.id;
    },
  },
  {
    name: 'a-re-send-together-with-the-last-code',
    edges: ['resendCode: refused, ResendNotAllowed (attemptsExhausted)'],
    raced: true,
    play: async (rig) => {
      const apart = await rig.apart();
      const policy = { resendCooldown: '1 second', maxAttempts: 1 };
      const opened = await rig.openApart(apart, await rig.user(), { policy });
      await rig.until(opened, ({ resendAllowedAt }) => Date.parse(resendAllowedAt ?? '') < Date.now());
      const code = rig.code(opened) === '000000' ? '111111' : '000000';
      await apart.leave();
      const messages = [requestUpdate(rig, opened, submitCode.name, { code })];
      await sleep(MOMENT_MS);
      messages.push(requestUpdate(rig, opened, resendCode.name, {}));
      await sleep(MOMENT_MS);
      await apart.comeBack();
      await Promise.all(messages);
      return opened.id;
    },
  },
  {
    name: 'a-renewal-together-with-a-confirmation',
    edges: ['renewAccessToken: verified'],
    raced: true,
    play: async (rig) => {
      const apart = await rig.apart();
      const user = await rig.user();
      const opened = await rig.openApart(apart, user, { policy: { confirmation: 'trust' } });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await apart.leave();
      await rig.client.confirm(opened.id);
      const renewed = requestUpdate(rig, opened, renewAccessToken.name, { accessToken: await rig.token(user) });
      await sleep(MOMENT_MS);
      await apart.comeBack();
      await renewed;
      return opened.id;
    },
  },
];
