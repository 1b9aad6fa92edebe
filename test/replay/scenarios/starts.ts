/** Starts that meet an earlier verification: one that is open, or one that has ended within the hour. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitDelivery, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Opened } from '../../lifecycle/time-travel.js';
import { stampOf } from '../../stamping.js';
import type { CorpusRig } from '../rig.js';
import type { Scenario } from '../scenario.js';

const ALREADY_SENT = { destination: 'n***@e***', deliveryMedium: 'EMAIL' };

/** A verification without attempts left. */
async function exhausted(rig: CorpusRig): Promise<Opened> {
  const opened = await rig.open({ policy: { maxAttempts: 1 } });
  await rig.submitWrong(opened);
  return opened;
}

export const STARTS: readonly Scenario[] = [
  {
    name: 'a-start-within-the-cool-down-of-an-earlier-one',
    edges: [
      'the calls of an earlier verification are counted',
      'sending → rateLimited: what earlier verifications leave',
      'rateLimited → sending: at retryAt',
    ],
    play: async (rig) => {
      const policy = { resendCooldown: '5 seconds' } as const;
      const { user, id } = await rig.open({ policy });
      await rig.client.cancel(id);
      await rig.base.env.client.workflow
        .getHandle(id)
        .result()
        .catch(() => undefined);
      const opened = await rig.open({ user, policy });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'an-attribute-that-was-verified-already',
    edges: ['sending → alreadyVerified: before the first send', 'awaitDelivery: alreadyVerified'],
    play: async (rig) => {
      const { id } = await rig.open({ user: await rig.user({ emailVerified: true }) });
      return id;
    },
  },
  {
    name: 'verified-a-moment-ago-and-started-again',
    edges: ['look: before a send that must wait'],
    play: async (rig) => {
      const opened = await rig.open();
      await rig.submitRight(opened);
      await rig.open({ user: opened.user });
      return opened.id;
    },
  },
  {
    name: 'a-start-after-an-earlier-one-that-cannot-be-read',
    edges: ['the calls of an earlier verification count as used up', 'awaitDelivery: rateLimited'],
    play: async (rig) => {
      const opened = await rig.open({ impatient: true, request: { previousRunId: randomUUID() } });
      await rig.until(opened, ({ state }) => state === 'rateLimited');
      await rig.base.client.start({ accessToken: opened.user.accessToken, attributeName: 'email' });
      return opened.id;
    },
  },
  {
    name: 'a-start-whose-request-may-be-a-copy',
    edges: ['the calls of verifications that the request does not name are counted'],
    play: async (rig) => {
      const sent = new Date(Date.now() - 60_000).toISOString();
      const opened = await rig.open({ impatient: true, request: { stamp: stampOf(WORKFLOW_TYPE, { at: sent }) } });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-meets-one-without-attempts-left',
    edges: ['awaitingCode → expired: AttemptsExhausted', 'awaitDelivery: refused, VerificationEnded'],
    play: async (rig) => {
      const opened = await exhausted(rig);
      // Not by a client, which would open the next verification at once.
      await rig.checkedUpdate(opened, awaitDelivery.name, { accessToken: opened.user.accessToken });
      return opened.id;
    },
  },
  {
    name: 'a-start-for-another-value',
    edges: ['awaitingCode → expired: Superseded', 'awaitDelivery: refused, VerificationEnded'],
    play: async (rig) => {
      const opened = await rig.open();
      const { accessToken } = opened.user;
      await rig.checkedUpdate(opened, awaitDelivery.name, { accessToken, newValue: 'new@example.com' });
      return opened.id;
    },
  },
  {
    name: 'a-new-value',
    edges: ['awaitingCode → verified: accepted'],
    play: async (rig) => {
      const user = await rig.user({ emailVerified: true, requireVerificationBeforeUpdate: true });
      const { client, sandbox } = rig.base;
      const request = { accessToken: user.accessToken, attributeName: 'email', newValue: 'new@example.com' } as const;
      const { workflowId } = await client.start(request);
      await client.submitCode(workflowId, { code: sandbox.codeFor(user, 'email') });
      return workflowId;
    },
  },
  {
    name: 'a-start-after-a-change-that-meets-one-without-attempts-left',
    edges: ['awaitingCode → expired: AttributeChanged', 'awaitDelivery: refused, VerificationEnded'],
    play: async (rig) => {
      const opened = await exhausted(rig);
      const accessToken = await rig.token(opened.user);
      const alreadySent = await rig.changeEmail(opened.user, 'other@example.com');
      await rig.checkedUpdate(opened, awaitDelivery.name, { accessToken, alreadySent });
      return opened.id;
    },
  },
  {
    name: 'a-start-after-one-without-attempts-left',
    edges: [
      'the calls of an earlier verification are counted',
      'sending → rateLimited: what earlier verifications leave',
    ],
    play: async (rig) => {
      const { user, id } = await exhausted(rig);
      await rig.base.client.start({
        accessToken: user.accessToken,
        attributeName: 'email',
        policy: { maxAttempts: 1 },
      });
      return id;
    },
  },
  {
    name: 'a-start-that-counts-in-place-of-one-that-does-not',
    edges: ['a start that counts takes the place of the one that opened it', 'awaitDelivery: awaitingCode'],
    play: async (rig) => {
      const user = await rig.user();
      const forged = await rig.token(user, { forged: true });
      const policy = { confirmation: 'trust', maxAttempts: 1 } as const;
      const opened = await rig.open({ user: { ...user, accessToken: forged }, policy });
      await rig.base.client.start({ accessToken: user.accessToken, attributeName: 'email' });
      await rig.until(opened, ({ state }) => state === 'awaitingCode');
      await rig.submitWrong(opened);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-counts-takes-back-a-code-that-cognito-had-not-sent',
    edges: [
      'a start that counts takes the place of the one that opened it',
      'awaitingCode → sending: no code was sent before, says a start that counts',
    ],
    play: async (rig) => {
      const user = await rig.user();
      rig.fault(user, 'GetUser', { exception: { name: 'InvalidParameterException' }, times: 1 });
      const opened = await rig.open({ user, impatient: true, request: { alreadySent: ALREADY_SENT } });
      await rig.until(opened, ({ state }) => state === 'awaitingCode' && rig.calls({ user }).reads === 1);
      // The answer to the look has to come before the start.
      await sleep(500);
      // With a token of its own: one that were the same would let the start count that opened it.
      await rig.base.client.start({ accessToken: await rig.token(user), attributeName: 'email' });
      await rig.until(opened, ({ sends }) => sends.some(({ outcome }) => outcome === 'sent'));
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-start-that-counts-tightens-the-policy',
    edges: ['a start that counts tightens the policy', 'a start that joins'],
    play: async (rig) => {
      const user = await rig.user();
      const { accessToken } = user;
      const opened = await rig.open({ user, policy: { deadline: '2 hours', maxAttempts: 5 } });
      const policy = { deadline: '1 hour', maxAttempts: 9, confirmation: 'trust' } as const;
      await rig.base.client.start({ accessToken, attributeName: 'email', policy });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
];
