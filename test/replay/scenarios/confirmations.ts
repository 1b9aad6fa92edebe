/** What becomes of `codeConfirmed`, and of looks at the attribute. */
import { codeConfirmed, type VerificationPolicy, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import type { Scenario } from '../scenario.js';
import { IDENTITY, type Stage, tolerated } from '../stage.js';

const LOOK = 'GetUser';
const policy = { confirmation: 'recheck' } as const;

/** A service that learns of a confirmation before anything was started. */
async function confirmedBeforeStart(stage: Stage, more: VerificationPolicy = {}): Promise<string> {
  const user = await stage.user();
  const { env, taskQueue } = stage.rig;
  const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
  await env.client.workflow.signalWithStart(WORKFLOW_TYPE, {
    workflowId,
    taskQueue,
    args: [{ accessToken: user.accessToken, attributeName: 'email', policy: more }],
    signal: codeConfirmed,
    signalArgs: [{ reference: 'first' }],
  });
  return workflowId;
}

export const CONFIRMATIONS: readonly Scenario[] = [
  {
    name: 'confirmed-before-the-first-task',
    edges: [
      'codeConfirmed: before the first task',
      'sending → verified: codeConfirmed',
      'codeConfirmed: with a reference',
    ],
    play: async (stage) => {
      const id = await confirmedBeforeStart(stage);
      await stage.client.wait(id);
      return id;
    },
  },
  {
    name: 'confirmed-before-the-first-task-to-be-checked',
    edges: ['codeConfirmed: before the first task, to be checked', 'codeConfirmed: checked and not proven'],
    play: async (stage) => {
      const id = await confirmedBeforeStart(stage, policy);
      await stage.until({ id } as never, ({ state }) => state === 'awaitingCode');
      return id;
    },
  },
  {
    name: 'a-confirmation-that-is-proven',
    edges: ['codeConfirmed: checked and proven'],
    play: async (stage) => {
      const opened = await stage.open({ policy });
      await stage.verifyElsewhere(opened);
      await stage.client.confirm(opened.id, { reference: 'order-18' });
      await stage.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-is-not-proven',
    edges: ['codeConfirmed: checked and not proven'],
    play: async (stage) => {
      const opened = await stage.open({ policy });
      const { reads } = stage.calls(opened);
      await stage.client.confirm(opened.id);
      await stage.until(opened, () => stage.calls(opened).reads > reads);
      await stage.submitRight(opened);
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
    play: async (stage) => {
      const opened = await stage.open({ policy });
      await stage.verifyElsewhere(opened);
      stage.rig.sandbox.revokeTokens(opened.user);
      await stage.client.confirm(opened.id);
      await stage.until(opened, ({ state }) => state === 'awaitingToken');
      await stage.client.renewAccessToken(opened.id, { accessToken: await stage.token(opened.user) });
      await stage.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-cannot-be-checked',
    edges: ['codeConfirmed: Cognito could not be asked', 'look: without an answer'],
    play: async (stage) => {
      const opened = await stage.open({ policy });
      const { reads } = stage.calls(opened);
      stage.fault(opened.user, LOOK, { exception: { name: 'InvalidParameterException' }, times: 1 });
      await stage.client.confirm(opened.id);
      await stage.until(opened, () => stage.calls(opened).reads > reads);
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-look-with-another-token',
    edges: ['look: with another token, after one was refused'],
    play: async (stage) => {
      const opened = await stage.open({ policy });
      const forged = await stage.token(opened.user, { forged: true });
      await stage.client.start({ accessToken: forged, attributeName: 'email' });
      await stage.verifyElsewhere(opened);
      await stage.client.confirm(opened.id);
      await stage.client.wait(opened.id);
      return opened.id;
    },
  },
  {
    name: 'an-attempt-whose-answer-is-lost-and-the-attribute-unread',
    edges: ['look: without an answer', 'submitCode: refused, CognitoUnavailable'],
    play: async (stage) => {
      const opened = await stage.open();
      stage.fault(opened.user, 'VerifyUserAttribute', { dropConnection: 'afterEffect', times: 1 });
      stage.fault(opened.user, LOOK, { exception: { name: 'InvalidParameterException' }, times: 1 });
      await tolerated(stage.submitRight(opened));
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-cannot-be-read',
    edges: ['codeConfirmed: left out, unreadable'],
    play: async (stage) => {
      const opened = await stage.open();
      const bytes = (text: string) => new TextEncoder().encode(text);
      await stage.rig.env.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: opened.id },
        signalName: codeConfirmed.name,
        identity: IDENTITY,
        input: { payloads: [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"reference": ') }] },
      });
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-confirmation-that-is-a-copy',
    edges: ['codeConfirmed: left out, a copy'],
    play: async (stage) => {
      const opened = await stage.open({ policy });
      const { reads } = stage.calls(opened);
      const input = { payloads: await stage.sealed({ reference: 'order-19' }, { workflowId: opened.id }) };
      for (const requestId of ['first', 'again']) {
        await stage.rig.env.client.workflowService.signalWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId: opened.id },
          signalName: codeConfirmed.name,
          identity: IDENTITY,
          requestId,
          input,
        });
        await stage.until(opened, () => stage.calls(opened).reads > reads);
      }
      await stage.submitRight(opened);
      return opened.id;
    },
  },
  {
    name: 'a-request-that-is-refused',
    edges: ['start → failed: the request is refused'],
    play: async (stage) => {
      const workflowId = 'verify/of-nobody';
      const { env, taskQueue } = stage.rig;
      await env.client.workflow.start(WORKFLOW_TYPE, { workflowId, taskQueue, args: [{ attributeName: 'address' }] });
      await Promise.allSettled([env.client.workflow.getHandle(workflowId).result()]);
      return workflowId;
    },
  },
  {
    name: 'a-request-that-cannot-be-read',
    edges: ['start → failed: the request is refused'],
    play: async (stage) => {
      const workflowId = 'verify/of-nobody-readable';
      const bytes = (text: string) => new TextEncoder().encode(text);
      await stage.rig.env.client.workflowService.startWorkflowExecution({
        namespace: 'default',
        workflowId,
        requestId: workflowId,
        identity: IDENTITY,
        workflowType: { name: WORKFLOW_TYPE },
        taskQueue: { name: stage.rig.taskQueue },
        input: { payloads: [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"accessToken": ') }] },
      });
      await Promise.allSettled([stage.rig.env.client.workflow.getHandle(workflowId).result()]);
      return workflowId;
    },
  },
];
