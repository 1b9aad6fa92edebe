/** A verification can be cancelled at any moment: every waiting caller gets an answer, and the status says so. */
import {
  awaitDelivery,
  FAILURE_TYPES,
  resendCode,
  SEARCH_ATTRIBUTE_KEYS,
  submitCode,
} from '@cognito-verification/contract';
import { WorkflowUpdateFailedError, type WorkflowUpdateHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { ATTEMPT, type Opened, SEND, type TimeTravel, useTimeTravel } from './time-travel.js';

const travel = useTimeTravel('local');

/** An update that the workflow has accepted and not answered yet. */
async function acceptedUpdate(
  { id }: Opened,
  update: { name: string },
  message: object,
): Promise<WorkflowUpdateHandle<unknown>> {
  const handle = travel.base.env.client.workflow.getHandle(id);
  return await handle.startUpdate<unknown, [object]>(update.name, { args: [message], waitForStage: 'ACCEPTED' });
}

/** What a waiting caller gets: the state in the answer, or the type of the refusal. */
async function answerTo(update: WorkflowUpdateHandle<unknown>): Promise<unknown> {
  try {
    return ((await update.result()) as { state: string }).state;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
      return error.cause.type;
    throw error;
  }
}

interface Moment {
  opened: Opened;
  inFlight?: WorkflowUpdateHandle<unknown>[];
}

const MOMENTS: Record<string, () => Promise<Moment>> = {
  'a first send is being throttled': async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'TooManyRequestsException');
    const opened = await travel.open({ user, impatient: true });
    const accessToken = await travel.token(user);
    const inFlight = [
      await acceptedUpdate(opened, awaitDelivery, {}),
      await acceptedUpdate(opened, resendCode, {}),
      await acceptedUpdate(opened, awaitDelivery, { accessToken }),
    ];
    return { opened, inFlight };
  },
  'a send is with Cognito': async () => {
    const user = await travel.user();
    travel.base.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: 2_000 });
    const opened = await travel.open({ user, impatient: true });
    await expect.poll(() => travel.calls(opened).sends).toBe(1);
    return {
      opened,
      inFlight: [await acceptedUpdate(opened, awaitDelivery, {}), await acceptedUpdate(opened, resendCode, {})],
    };
  },
  'a code is awaited': async () => ({ opened: await travel.open() }),
  'a send failed and is tried again slowly': async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'CodeDeliveryFailureException');
    const opened = await travel.open({ user, impatient: true });
    const inFlight = [await acceptedUpdate(opened, awaitDelivery, {}), await acceptedUpdate(opened, resendCode, {})];
    await travel.until(opened, ({ sends }) => sends.length === 1);
    return { opened, inFlight };
  },
  'it is rate limited': async () => {
    const user = await travel.user();
    travel.refuse(user, SEND, 'LimitExceededException');
    return { opened: await travel.open({ user }) };
  },
  'it waits for a token': async () => {
    const user = await travel.user();
    travel.base.sandbox.revokeTokens(user);
    return { opened: await travel.open({ user }) };
  },
  'an attempt is with Cognito and others wait for it': async () => {
    const { userPoolId: poolId } = await travel.user();
    // One of a value that was verified before is a normal activity: an update of a local one is accepted with its answer.
    const attributes = { email: 'zoe@example.com' };
    const user = await travel.base.sandbox.createUser({ poolId, attributes, emailVerified: true });
    const opened = await travel.open({ user, request: { reverify: true } });
    travel.base.sandbox.setFault({ operation: ATTEMPT, username: opened.user.username, latencyMs: 2_000 });
    const code = travel.code(opened);
    const inFlight = [
      await acceptedUpdate(opened, submitCode, { code }),
      await acceptedUpdate(opened, submitCode, { code }),
    ];
    await expect.poll(() => travel.calls(opened).attempts).toBe(1);
    return { opened, inFlight };
  },
  'an attempt is being throttled': async () => {
    const opened = await travel.open();
    travel.refuse(opened.user, ATTEMPT, 'TooManyRequestsException');
    const inFlight = [await acceptedUpdate(opened, submitCode, { code: travel.code(opened) })];
    await expect.poll(() => travel.calls(opened).attempts).toBeGreaterThan(0);
    return { opened, inFlight };
  },
  'a confirmation is being checked': async () => {
    const opened = await travel.open({ policy: { confirmation: 'recheck' } });
    const { reads } = travel.calls(opened);
    travel.base.sandbox.setFault({ operation: 'GetUser', username: opened.user.username, latencyMs: 2_000 });
    await travel.client.confirm(opened.id);
    await expect.poll(() => travel.calls(opened).reads).toBe(reads + 1);
    return { opened };
  },
};

/** The calls that Cognito had seen from each verification when it was cancelled. */
const calls = new Map<Opened, ReturnType<TimeTravel['calls']>>();

test.each(Object.keys(MOMENTS))(
  'cancelled while %s, every caller is answered and the verification ends as cancelled',
  async (moment) => {
    const reach = MOMENTS[moment] as () => Promise<Moment>;
    const { opened, inFlight = [] } = await reach();
    await travel.client.cancel(opened.id);
    expect(await travel.wait(opened)).toMatchObject({ outcome: 'cancelled', status: { state: 'cancelled' } });
    for (const update of inFlight) {
      // Temporal's own error for an update without an answer would be AcceptedUpdateCompletedWorkflow.
      expect([FAILURE_TYPES.verificationEnded, 'cancelled']).toContain(await answerTo(update));
    }
    const { status, typedSearchAttributes } = await travel.base.env.client.workflow.getHandle(opened.id).describe();
    expect(status.name).toBe('CANCELLED');
    expect(typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state)).toBe('cancelled');
    expect(await travel.status(opened)).toMatchObject({ state: 'cancelled' });
    await expect(travel.submit(opened, '123456')).rejects.toMatchObject({ code: 'VerificationEnded' });
    calls.set(opened, travel.calls(opened));
  },
);

test('after a cancellation Cognito gets no more sends and attempts', async () => {
  // Longer than the first delays between two tries.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  for (const [opened, before] of calls) {
    const { reads, ...after } = travel.calls(opened);
    expect(after).toEqual({ sends: before.sends, attempts: before.attempts });
    // An attempt that was with Cognito reads the attribute in the same activity.
    expect(reads - before.reads).toBeLessThanOrEqual(before.attempts > 0 ? 1 : 0);
  }
});

test('cancelling a cancelled verification is no error', async () => {
  const opened = await travel.open();
  await travel.client.cancel(opened.id);
  await travel.wait(opened);
  await expect(travel.client.cancel(opened.id)).resolves.toBeUndefined();
});

test('every history made here replays', async () => {
  expect(await replayAll(travel.base, travel.started)).toBe(travel.started.size);
});
