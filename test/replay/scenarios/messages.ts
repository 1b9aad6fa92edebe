/** The messages of people and services in each state that accepts them, and their answers. */
import { ATTEMPT, SEND } from '../../lifecycle/time-travel.js';
import { tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';
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
    play: async (rig) => {
      const opened = await REACH[state](rig, { resendCooldown: '1 second' });
      const accessToken = await rig.token(opened.user);
      await rig.client.start({ accessToken, attributeName: 'email' });
      await rig.submitWrong(opened);
      await rig.client.renewAccessToken(opened.id, { accessToken });
      if (state === 'awaitingCode') await rig.until(opened, (status) => isPast(status.resendAllowedAt));
      if (state !== 'rateLimited') await tolerated(rig.resend(opened));
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
    play: async (rig) => {
      const opened = await REACH.awaitingToken(rig);
      await rig.client.renewAccessToken(opened.id, { accessToken: await rig.token(opened.user) });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-joins-while-awaiting-token-sends',
    edges: ['awaitDelivery in awaitingToken', 'awaitDelivery: awaitingToken', 'a start that joins'],
    play: async (rig) => {
      const user = await rig.user();
      const forged = await rig.token(user, { forged: true });
      const opened = await rig.open({ user: { ...user, accessToken: forged } });
      await rig.client.start({ accessToken: user.accessToken, attributeName: 'email' });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-with-a-token-while-awaiting-token',
    edges: ['resendCode in awaitingToken', 'resendCode: awaitingToken'],
    play: async (rig) => {
      const opened = await REACH.awaitingToken(rig);
      await rig.resend(opened, await rig.token(opened.user));
      return opened.id;
    },
  },
  {
    name: 'a-code-without-a-token-while-awaiting-token',
    edges: ['submitCode in awaitingToken', 'submitCode: accessTokenRejected, without a call'],
    play: async (rig) => {
      const opened = await REACH.awaitingToken(rig);
      await rig.submitWrong(opened);
      await rig.submitWrong(opened, await rig.token(opened.user));
      return opened.id;
    },
  },
  {
    name: 'awaiting-a-token-for-a-code',
    edges: ['awaitingCode → awaitingToken: for a code', 'awaitingToken → awaitingCode: a token'],
    play: async (rig) => {
      const opened = await rig.open();
      rig.refuse(opened.user, ATTEMPT, 'NotAuthorizedException', 1);
      await rig.submitRight(opened);
      await rig.client.renewAccessToken(opened.id, { accessToken: await rig.token(opened.user) });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-forged-token-beside-a-good-one',
    edges: ['the other token is tried after one was refused', 'a start that joins'],
    play: async (rig) => {
      const opened = await rig.open();
      await rig.client.start({ accessToken: await rig.token(opened.user, { forged: true }), attributeName: 'email' });
      // One that the client has checked comes first, and Cognito refuses it; the forged one is not tried at all.
      await rig.base.client.start({ accessToken: await rig.token(opened.user), attributeName: 'email' });
      rig.refuse(opened.user, ATTEMPT, 'NotAuthorizedException', 1);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-with-client-metadata',
    edges: ['awaitingCode → sending: wanted', 'resendCode: awaitingCode', 'client metadata of a re-send'],
    play: async (rig) => {
      const opened = await rig.openResendable({ request: { clientMetadata: { locale: 'en' } } });
      await rig.client.resendCode(opened.id, {
        accessToken: opened.user.accessToken,
        clientMetadata: { locale: 'de' },
      });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-re-send-without-an-answer',
    edges: ['resendCode: awaitingCode, uncertain', 'sending → awaitingCode: uncertain'],
    play: async (rig) => {
      const opened = await rig.openResendable();
      rig.fault(opened.user, SEND, { dropConnection: 'afterEffect', times: 1 });
      await rig.resend(opened);
      return opened.id;
    },
  },
];
