/** The results of `codeConfirmed`, and of looks at the attribute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeConfirmed, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { stampOf } from '../../stamping.js';
import { type CorpusRig, IDENTITY, tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

const LOOK = 'GetUser';
const policy = {};
const TRUST = { confirmation: 'trust' } as const;

/** A service that learns of a confirmation before the verification starts. */
async function confirmedBeforeStart(rig: CorpusRig): Promise<string> {
  const user = await rig.user();
  const { env, taskQueue } = rig.base;
  const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
  await env.client.workflow.signalWithStart(WORKFLOW_TYPE, {
    workflowId,
    taskQueue,
    args: [{ accessToken: user.accessToken, attributeName: 'email' }],
    signal: codeConfirmed.name,
    signalArgs: [{ reference: 'first' }],
  });
  return workflowId;
}

export const CONFIRMATIONS: readonly Scenario[] = [
  {
    name: 'confirmed-before-the-first-task',
    edges: ['codeConfirmed: before the first task', 'sending → verified: trusted', 'codeConfirmed: with a reference'],
    play: async (rig) => {
      // Only a confirmation that names its run is trusted, so the run is there first, and its worker comes later.
      const apart = await rig.apart({ away: true });
      // And only of a request that counts, so its sender has checked the token.
      const stamp = stampOf(WORKFLOW_TYPE, { proven: true });
      const { id } = await rig.openApart(apart, await rig.user(), { policy: TRUST, stamp });
      await rig.client.confirm(id, { reference: 'first' });
      await apart.comeBack();
      await rig.client.wait(id);
      return id;
    },
  },
  {
    name: 'confirmed-before-the-first-task-to-be-checked',
    edges: ['codeConfirmed: before the first task, to be checked', 'codeConfirmed: checked and not proven'],
    play: async (rig) => {
      const id = await confirmedBeforeStart(rig);
      await rig.until({ id } as never, ({ unprovenConfirmation }) => unprovenConfirmation !== undefined);
      return id;
    },
  },
  {
    name: 'a-confirmation-that-is-proven',
    edges: ['codeConfirmed: checked and proven', 'awaitingCode → verified: confirmed'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      await rig.verifyElsewhere(opened);
      await rig.client.confirm(opened.id, { reference: 'order-18' });
      await rig.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-is-not-proven',
    edges: ['codeConfirmed: checked and not proven'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      const { reads } = rig.calls(opened);
      await rig.client.confirm(opened.id);
      await rig.until(opened, () => rig.calls(opened).reads > reads);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-waits-for-a-token',
    edges: [
      'codeConfirmed: waits for a token to be checked with',
      'awaitingCode → awaitingToken: for a confirmation',
      'awaitingToken → awaitingCode: a token',
    ],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      await rig.verifyElsewhere(opened);
      rig.base.sandbox.revokeTokens(opened.user);
      await rig.client.confirm(opened.id);
      await rig.until(opened, ({ state }) => state === 'awaitingToken');
      await rig.client.renewAccessToken(opened.id, { accessToken: await rig.token(opened.user) });
      await rig.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-with-a-token',
    edges: ['codeConfirmed: with an access token', 'codeConfirmed: checked and proven'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      await rig.verifyElsewhere(opened);
      rig.base.sandbox.revokeTokens(opened.user);
      await rig.client.confirm(opened.id, { accessToken: await rig.token(opened.user) });
      await rig.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-value-that-was-changed',
    edges: ['awaitingCode → expired: AttributeChanged'],
    play: async (rig) => {
      const opened = await rig.open();
      await rig.changeEmail(opened.user, 'other@example.com');
      await tolerated(rig.submitRight(opened));
      return opened.id;
    },
  },
  {
    name: 'an-old-value-that-is-kept',
    edges: ['awaitingCode → failed: a code was accepted, and the value is not verified'],
    play: async (rig) => {
      rig.base.sandbox.setSwitches({ sendWhilePending: 'currentValue' });
      const user = await rig.user({ emailVerified: true, requireVerificationBeforeUpdate: true });
      const alreadySent = await rig.changeEmail(user, 'other@example.com');
      const opened = await rig.open({ user, request: { alreadySent } });
      await rig.askForCode(opened);
      await tolerated(rig.submitRight(opened));
      return opened.id;
    },
  },
  {
    name: 'an-accepted-code-that-waits-for-its-proof',
    edges: ['look: after an accepted code', 'look: without an answer'],
    slow: true,
    play: async (rig) => {
      const opened = await rig.open();
      rig.fault(opened.user, LOOK, { exception: { name: 'ForbiddenException' }, times: 2 });
      await tolerated(rig.submitRight(opened));
      await rig.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-cannot-be-checked',
    edges: ['codeConfirmed: Cognito could not be asked', 'look: without an answer'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      const { reads } = rig.calls(opened);
      rig.fault(opened.user, LOOK, { exception: { name: 'InvalidParameterException' }, times: 1 });
      await rig.client.confirm(opened.id);
      await rig.until(opened, () => rig.calls(opened).reads > reads);
      // The look has its answer before the code is checked.
      await sleep(500);
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-look-with-another-token',
    edges: ['look: with another token, after one was refused'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      rig.base.sandbox.revokeTokens(opened.user);
      await rig.client.start({ accessToken: await rig.token(opened.user), attributeName: 'email' });
      await rig.verifyElsewhere(opened);
      await rig.client.confirm(opened.id);
      await rig.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'an-attempt-whose-answer-is-lost-and-the-attribute-unread',
    edges: ['look: without an answer', 'submitCode: refused, CognitoUnavailable'],
    play: async (rig) => {
      const opened = await rig.open();
      rig.fault(opened.user, 'VerifyUserAttribute', { dropConnection: 'afterEffect', times: 1 });
      rig.fault(opened.user, LOOK, { exception: { name: 'InvalidParameterException' }, times: 1 });
      await tolerated(rig.submitRight(opened));
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-cannot-be-read',
    edges: ['codeConfirmed: left out, unreadable'],
    play: async (rig) => {
      const opened = await rig.open();
      const bytes = (text: string) => new TextEncoder().encode(text);
      await rig.base.env.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: opened.id },
        signalName: codeConfirmed.name,
        identity: IDENTITY,
        input: { payloads: [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"reference": ') }] },
      });
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-is-a-copy',
    edges: ['codeConfirmed: left out, a copy'],
    play: async (rig) => {
      const opened = await rig.open({ policy });
      const { reads } = rig.calls(opened);
      const confirmation = { reference: 'order-19', stamp: stampOf(codeConfirmed.name) };
      const input = { payloads: await rig.sealed(confirmation, { workflowId: opened.id }) };
      for (const requestId of ['first', 'again']) {
        await rig.base.env.client.workflowService.signalWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId: opened.id },
          signalName: codeConfirmed.name,
          identity: IDENTITY,
          requestId,
          input,
        });
        await rig.until(opened, () => rig.calls(opened).reads > reads);
      }
      await rig.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-request-that-is-refused',
    edges: ['start → failed: the request is refused'],
    play: async (rig) => {
      const workflowId = 'verify/of-nobody';
      const { env, taskQueue } = rig.base;
      await env.client.workflow.start(WORKFLOW_TYPE, { workflowId, taskQueue, args: [{ attributeName: 'address' }] });
      await Promise.allSettled([env.client.workflow.getHandle(workflowId).result()]);
      return workflowId;
    },
  },
  {
    name: 'a-request-that-cannot-be-read',
    edges: ['start → failed: the request is refused'],
    play: async (rig) => {
      const workflowId = 'verify/of-nobody-readable';
      const bytes = (text: string) => new TextEncoder().encode(text);
      await rig.base.env.client.workflowService.startWorkflowExecution({
        namespace: 'default',
        workflowId,
        requestId: workflowId,
        identity: IDENTITY,
        workflowType: { name: WORKFLOW_TYPE },
        taskQueue: { name: rig.base.taskQueue },
        input: { payloads: [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"accessToken": ') }] },
      });
      await Promise.allSettled([rig.base.env.client.workflow.getHandle(workflowId).result()]);
      return workflowId;
    },
  },
];
