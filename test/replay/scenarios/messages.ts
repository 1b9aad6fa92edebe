/** What people and services send, in each state that takes it, and what they are answered. */
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import type { Scenario } from '../scenario.js';
import { tolerated } from '../stage.js';
import { REACH, REACHABLE, WORDS } from './endings.js';

const whileIn = REACHABLE.filter((state) => state !== 'awaitingToken').map(
  (state): Scenario => ({
    name: `messages-while-${WORDS[state]}`,
    edges: [
      `awaitDelivery in ${state}`,
      `awaitDelivery: ${state}`,
      `submitCode in ${state}`,
      ...(state === 'rateLimited' ? [] : [`resendCode in ${state}`]),
      `renewAccessToken in ${state}`,
      `renewAccessToken: ${state}`,
    ],
    play: async (stage) => {
      const opened = await REACH[state](stage, { resendCooldown: '1 second' });
      const accessToken = await stage.token(opened.user);
      await stage.client.start({ accessToken, attributeName: 'email' });
      await stage.submitWrong(opened);
      await stage.client.renewAccessToken(opened.id, { accessToken });
      if (state === 'awaitingCode') await stage.until(opened, (status) => isPast(status.resendAllowedAt));
      if (state !== 'rateLimited') await tolerated(stage.resend(opened));
      return opened.id;
    },
  }),
);

const isPast = (time: string | undefined) => time !== undefined && Date.parse(time) < Date.now();

export const MESSAGES: readonly Scenario[] = [
  ...whileIn,
  {
    name: 'a-renewal-while-awaiting-token-sends',
    edges: [
      'renewAccessToken in awaitingToken',
      'awaitingToken → sending: a token for a send',
      'renewAccessToken: sending',
    ],
    play: async (stage) => {
      const opened = await REACH.awaitingToken(stage);
      await stage.client.renewAccessToken(opened.id, { accessToken: await stage.token(opened.user) });
      await stage.until(opened, ({ state }) => state === 'awaitingCode');
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-joins-while-awaiting-token-sends',
    edges: ['awaitDelivery in awaitingToken', 'awaitDelivery: awaitingToken', 'a start that joins'],
    play: async (stage) => {
      const user = await stage.user();
      const forged = await stage.token(user, { forged: true });
      const opened = await stage.open({ user: { ...user, accessToken: forged } });
      await stage.client.start({ accessToken: user.accessToken, attributeName: 'email' });
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-with-a-token-while-awaiting-token',
    edges: ['resendCode in awaitingToken', 'resendCode: awaitingToken'],
    play: async (stage) => {
      const opened = await REACH.awaitingToken(stage);
      await stage.resend(opened, await stage.token(opened.user));
      return opened.id;
    },
  },
  {
    name: 'a-code-without-a-token-while-awaiting-token',
    edges: ['submitCode in awaitingToken', 'submitCode: accessTokenRejected, without a call'],
    play: async (stage) => {
      const opened = await REACH.awaitingToken(stage);
      await stage.submitWrong(opened);
      await stage.submitWrong(opened, await stage.token(opened.user));
      return opened.id;
    },
  },
  {
    name: 'awaiting-a-token-for-a-code',
    edges: ['awaitingCode → awaitingToken: for a code', 'awaitingToken → awaitingCode: a token'],
    play: async (stage) => {
      const opened = await stage.open();
      stage.refuse(opened.user, ATTEMPT, 'NotAuthorizedException', 1);
      await stage.submitRight(opened);
      await stage.client.renewAccessToken(opened.id, { accessToken: await stage.token(opened.user) });
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-forged-token-beside-a-good-one',
    edges: ['the other token is tried after one was refused', 'a start that joins'],
    play: async (stage) => {
      const opened = await stage.open();
      const forged = await stage.token(opened.user, { forged: true });
      await stage.client.start({ accessToken: forged, attributeName: 'email' });
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-with-client-metadata',
    edges: ['awaitingCode → sending: wanted', 'resendCode: awaitingCode', 'client metadata of a re-send'],
    play: async (stage) => {
      const opened = await stage.openResendable({ request: { clientMetadata: { locale: 'en' } } });
      await stage.client.resendCode(opened.id, { clientMetadata: { locale: 'de' } });
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-without-an-answer',
    edges: ['resendCode: awaitingCode, uncertain', 'sending → awaitingCode: uncertain'],
    play: async (stage) => {
      const opened = await stage.openResendable();
      stage.fault(opened.user, SEND, { dropConnection: 'afterEffect', times: 1 });
      await stage.resend(opened);
      return opened.id;
    },
  },
];
