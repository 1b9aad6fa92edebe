/**
 * Somebody who may write to the namespace and has no key: polls, answers, signals, resets, and repeats what a worker or a service
 * has sealed before. They may hold a verification up, or end it. They make nobody believe anything.
 */
import { randomUUID } from 'node:crypto';
import { VerificationClient, VerificationError, workflowIdFor } from '@cognito-verification/client';
import { type VerificationPolicy, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterEach, describe, expect } from 'vitest';
import { type SandboxUser, useRig } from '../rig.js';
import { attack } from './attack.js';
import { eventsOf, type Loot, lootOf, RogueWorker } from './rogue-worker.js';

const rig = useRig('local');
const { ResetReapplyExcludeType, EventType } = proto.temporal.api.enums.v1;
const { UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED: COMPLETED } =
  proto.temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage;
const trusting: VerificationPolicy = { confirmation: 'trust', resendCooldown: '1 second' };
const idOf = (user: SandboxUser) => workflowIdFor({ ...user, attributeName: 'email' });
const history = (user: SandboxUser, runId?: string) => eventsOf(rig.env.client.workflow, idOf(user), runId);
const runOf = async (user: SandboxUser) => (await rig.env.client.workflow.getHandle(idOf(user)).describe()).runId;

let rogue: RogueWorker | undefined;
afterEach(async () => {
  await rogue?.stop();
  rogue = undefined;
  // Others than our worker have written in these histories.
  rig.started.clear();
});

/** A verification that the user has completed with the right code. */
/** Also of a user whose address is verified. */
const start = ({ accessToken }: SandboxUser) =>
  rig.client.start({ accessToken, attributeName: 'email', reverify: true });

async function verified(user: SandboxUser): Promise<void> {
  const { workflowId } = await start(user);
  await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
}

/** Another verification of the same user, whose tasks only the rogue takes. */
async function inTheHandsOf(user: SandboxUser, loot: Loot, taskQueue = `rogue-${randomUUID()}`): Promise<string> {
  await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: idOf(user),
    taskQueue,
    args: [{ accessToken: user.accessToken, attributeName: 'email' }],
  });
  rogue = new RogueWorker(rig.env.client.workflow, taskQueue, loot);
  return idOf(user);
}

/** What the caller is told: nothing, but that it is no answer. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  const told = await call.catch((error: unknown) => error);
  return told instanceof VerificationError ? told.code : `believed: ${JSON.stringify(told)}`;
}

async function signal(user: SandboxUser, payloads: Payload[]): Promise<void> {
  expect(payloads).not.toEqual([]);
  await rig.env.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: idOf(user) },
    signalName: 'codeConfirmed',
    input: { payloads },
  });
}

/** Sends an update with payloads that somebody has sealed before, under an id of choice. */
async function update(user: SandboxUser, name: string, updateId: string, payloads: Payload[]): Promise<string> {
  expect(payloads).not.toEqual([]);
  const { outcome } = await rig.env.client.workflowService.updateWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: idOf(user) },
    waitPolicy: { lifecycleStage: COMPLETED },
    request: { meta: { updateId }, input: { name, args: { payloads } } },
  });
  return outcome?.failure?.applicationFailureInfo?.type ?? 'done';
}

/** Resets a run to its last workflow task, or to its first. */
async function reset(user: SandboxUser, runId: string, to: 'last' | 'first'): Promise<void> {
  const events = await history(user, runId);
  const completed = events.filter(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  const task = to === 'last' ? completed.at(-1) : completed[0];
  await rig.env.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: idOf(user), runId },
    reason: 'because',
    requestId: randomUUID(),
    workflowTaskFinishEventId: task?.eventId ?? null,
    resetReapplyExcludeTypes: [
      ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
      ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
    ],
  });
}

describe('answers in place of a worker, with what one sealed in an earlier verification of the same user', () => {
  attack('the outcome', 'an answer of any run counts', async () => {
    const user = await rig.user();
    await verified(user);
    const workflowId = await inTheHandsOf(user, { outcome: lootOf.outcome(await history(user)) });
    const run = await runOf(user);
    expect(await refusalOf(rig.client.wait(workflowId))).toBe('UnexpectedAnswer');
    expect(await refusalOf(rig.client.wait({ workflowId, run }))).toBe('UnexpectedAnswer');
  });

  attack.each<[what: string, ask: (client: VerificationClient, workflowId: string) => Promise<unknown>, loot: string]>([
    ['a code', (client, id) => client.submitCode(id, { code: '000000' }), 'submitCode'],
    ['a re-send', (client, id) => client.resendCode(id), 'awaitDelivery'],
    ['a re-send, with an answer to a code', (client, id) => client.resendCode(id), 'submitCode'],
  ])('the answer to %s', 'an answer to any message counts', async (_what, ask, loot) => {
    const user = await rig.user();
    await verified(user);
    const workflowId = await inTheHandsOf(user, { updates: lootOf.answer(await history(user), loot) });
    expect(await refusalOf(ask(rig.client, workflowId))).toBe('UnexpectedAnswer');
  });

  attack('the answer to a start, which then has sent nothing', 'an answer to any message counts', async () => {
    const user = await rig.user();
    await verified(user);
    // A start looks first on which task queue the verification is.
    const taskQueue = `rogue-${randomUUID()}`;
    await inTheHandsOf(user, { updates: lootOf.answer(await history(user), 'awaitDelivery') }, taskQueue);
    const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
    const { accessToken } = user;
    expect(await refusalOf(client.start({ accessToken, attributeName: 'email' }))).toBe('UnexpectedAnswer');
  });

  attack('a status', 'a status of any time counts', async () => {
    const user = await rig.user();
    await verified(user);
    const workflowId = await inTheHandsOf(user, { queries: lootOf.answer(await history(user), 'awaitDelivery') });
    expect(await refusalOf(rig.client.status(workflowId))).toBe('UnexpectedAnswer');
  });

  attack('a failure: its status is not told', 'an answer to any message counts', async () => {
    const user = await rig.user();
    rig.sandbox.setFault({
      operation: 'GetUserAttributeVerificationCode',
      username: user.username,
      exception: { name: 'InvalidParameterException' },
      times: 1,
    });
    expect(await refusalOf(start(user))).toBe('VerificationFailed');
    const failure = (await history(user)).findLast(
      (event) => event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.failure,
    )?.workflowExecutionUpdateCompletedEventAttributes?.outcome?.failure;
    // The type is in plain text, so that the attacker can make another error of it.
    const application = { ...failure?.applicationFailureInfo, type: 'CognitoUnavailable' };
    const workflowId = await inTheHandsOf(user, { refusals: { ...failure, applicationFailureInfo: application } });
    const error = await rig.client.submitCode(workflowId, { code: '000000' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CognitoUnavailable' });
    expect((error as { status?: object }).status).toBeUndefined();
  });
});

describe('answers with what a worker sealed in this very verification', () => {
  attack('to another code', 'an answer to any message counts', async () => {
    const user = await rig.user();
    const { workflowId } = await start(user);
    await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    const events = await history(user);
    const run = await runOf(user);
    const [answer, outcome] = [lootOf.answer(events, 'submitCode'), lootOf.outcome(events)];
    const again = await inTheHandsOf(user, { updates: answer });
    const told = [
      await refusalOf(rig.client.submitCode(again, { code: '000000' })),
      // The run that is held has ended, and says so itself.
      await refusalOf(rig.client.submitCode({ workflowId, run }, { code: '000000' })),
    ];
    expect(told).toEqual(['UnexpectedAnswer', 'VerificationEnded']);
    expect(outcome).toHaveLength(1);
  });
});

/** The cool-down of an earlier verification is over. */
async function sent(workflowId: string): Promise<void> {
  await expect.poll(async () => (await rig.client.status(workflowId)).state).toBe('awaitingCode');
}

describe('sends again what a service sealed', () => {
  attack('a re-send of an earlier verification, as a confirmation', 'a sealed message is any message', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, trusting);
    await expect
      .poll(() =>
        rig.client.resendCode(workflowId).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const resend = lootOf.message(await history(user), 'resendCode');
    await rig.client.cancel(workflowId);
    await rig.client.wait(workflowId);
    await rig.start(user, trusting);
    await signal(user, resend);
    // The cool-down of the earlier one holds.
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'rateLimited' });
  });

  attack('a re-send, as a confirmation after a reset', 'a sealed message is any message', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, trusting);
    await expect
      .poll(() =>
        rig.client.resendCode(workflowId).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const resend = lootOf.message(await history(user), 'resendCode');
    await reset(user, await runOf(user), 'first');
    await signal(user, resend);
    expect(await rig.client.status(workflowId)).toMatchObject({ state: expect.stringMatching(/sending|awaitingCode/) });
  });

  attack('a confirmation of an earlier verification', 'a message is for any run', async () => {
    const user = await rig.user();
    const { workflowId } = await rig.start(user, trusting);
    await rig.client.confirm(workflowId);
    expect(await rig.client.wait(workflowId)).toMatchObject({ outcome: 'verified' });
    const confirmation = lootOf.signal(await history(user));
    await rig.start(user, trusting);
    await signal(user, confirmation);
    expect(await rig.client.status(workflowId)).toMatchObject({ state: 'rateLimited' });
  });

  attack(
    'a renewal of an earlier verification, as a re-send: no message goes out',
    'a sealed message is any message',
    async () => {
      const user = await rig.user();
      const { workflowId } = await rig.start(user, trusting);
      await rig.client.renewAccessToken(workflowId, { accessToken: user.accessToken });
      const renewal = lootOf.message(await history(user), 'renewAccessToken');
      await rig.client.cancel(workflowId);
      await rig.client.wait(workflowId);
      await rig.start(user, trusting);
      await sent(workflowId);
      const { resendAllowedAt } = await rig.client.status(workflowId);
      await expect.poll(() => Date.now() > Date.parse(resendAllowedAt ?? '')).toBe(true);
      expect(await update(user, 'resendCode', `resendCode/${randomUUID()}`, renewal)).toBe('InvalidRequest');
      expect(await rig.client.status(workflowId)).toMatchObject({ sendsLeft: 3 });
    },
  );

  attack(
    'a wrong code of an earlier verification, under its own id: no attempt is used up',
    'a message is for any run',
    async () => {
      const user = await rig.user();
      const first = await rig.start(user, trusting);
      await rig.client.submitCode(first, { code: '000000', attemptId: 'a1' });
      const code = lootOf.message(await history(user), 'submitCode');
      await rig.client.cancel(first);
      await rig.client.wait(first);
      const second = await rig.start(user, trusting);
      await sent(second.workflowId);
      expect(await update(user, 'submitCode', 'submitCode/a1', code)).toBe('InvalidRequest');
      expect(await rig.client.status(second)).toMatchObject({ attemptsLeft: 9 });
    },
  );
});

describe('resets an old run', () => {
  attack('that was verified, while a new one is open', 'a run that a reset has made counts', async () => {
    const { userPoolId: poolId } = await rig.user();
    // A normal attempt: its answer is in the history before the last task, and the run that the reset makes ends with it.
    const attributes = { email: 'zoe@example.com' };
    const user = await rig.sandbox.createUser({ poolId, attributes, emailVerified: true });
    await verified(user);
    const old = await runOf(user);
    const started = await start(user);
    await reset(user, old, 'last');
    const { workflowId } = started;
    expect(await refusalOf(rig.client.wait(workflowId))).toBe('UnexpectedAnswer');
    expect(await refusalOf(rig.client.status(workflowId))).toBe('UnexpectedAnswer');
    expect(await rig.client.wait(started)).toMatchObject({ outcome: 'failed', failure: { type: 'Terminated' } });
    // True of the old one.
    expect(await rig.client.wait({ workflowId, run: old })).toMatchObject({ outcome: 'verified' });
    expect(await refusalOf(rig.client.submitCode(started, { code: '000000' }))).toBe('VerificationEnded');
  });

  attack('so that the next start joins it', 'a run that a reset has made counts', async () => {
    const user = await rig.user();
    const first = await rig.start(user, trusting);
    await rig.client.cancel(first);
    await rig.client.wait(first);
    await reset(user, await runOf(user), 'first');
    expect(await refusalOf(start(user))).toBe('UnexpectedAnswer');
    // As the error says.
    await rig.client.cancel(first.workflowId);
    await expect.poll(() => refusalOf(start(user))).toMatch(/^believed/);
  });
});
