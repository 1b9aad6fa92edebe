/** What the list says of a verification, and what it costs: each change is an event and a billed action. */
import { SEARCH_ATTRIBUTE_KEYS, SEARCH_ATTRIBUTES, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { TypedSearchAttributes } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { collect, type SandboxUser, useRig } from '../rig.js';

const SEND = 'GetUserAttributeVerificationCode';
const rig = useRig('local');

/** The states that a history has written, with the one of the start first. */
async function writtenBy(workflowId: string): Promise<unknown[]> {
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(
    ({ workflowExecutionStartedEventAttributes: started, upsertWorkflowSearchAttributesEventAttributes: set }) => {
      const data = (started ?? set)?.searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTES.state]?.data;
      return data ? [JSON.parse(Buffer.from(data).toString())] : [];
    },
  );
}
const idOf = ({ userPoolId, sub }: SandboxUser) => workflowIdFor({ userPoolId, sub, attributeName: 'email' });
const failing = (user: SandboxUser, name: string, times?: number) =>
  rig.sandbox.setFault({ operation: SEND, username: user.username, exception: { name }, ...(times ? { times } : {}) });
const started = (user: SandboxUser) => {
  const answer = rig.start(user);
  answer.catch(() => undefined);
  return answer;
};

it('is written once where all goes well', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user);
  await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(await writtenBy(workflowId)).toEqual(['codePending', 'verified']);
});

it('is set by the first task of a start that has not set it', async () => {
  const user = await rig.sandbox.createUser();
  const workflowId = idOf(user);
  await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    workflowId,
    taskQueue: rig.taskQueue,
    args: [{ accessToken: user.accessToken, attributeName: 'email' }],
  });
  await expect
    .poll(() => collect(rig.client.list({ userPoolId: user.userPoolId, state: 'codePending' })))
    .toMatchObject([{ workflowId, attributeName: 'email' }]);
  expect(await writtenBy(workflowId)).toEqual(['codePending']);
});

describe('a send that does not settle', () => {
  it('Cognito throttles from the first call: `sending` within 2 s, and `codePending` once the code is out', async () => {
    const user = await rig.sandbox.createUser();
    const fault = failing(user, 'TooManyRequestsException');
    const starting = started(user);
    await expect.poll(() => rig.sandbox.calls({ operation: SEND, username: user.username }).length).toBeGreaterThan(0);
    const listed = async () => collect(rig.client.list({ userPoolId: user.userPoolId }));
    await expect.poll(listed, { timeout: 2_000 }).toMatchObject([{ state: 'sending' }]);
    expect(await collect(rig.client.list({ userPoolId: user.userPoolId, state: 'sending' }))).toHaveLength(1);
    rig.sandbox.clearFaults(fault);
    const { workflowId } = await starting;
    expect(await writtenBy(workflowId)).toEqual(['codePending', 'sending', 'codePending']);
  });

  it('is tried again slowly: `sending`', async () => {
    const user = await rig.user();
    failing(user, 'CodeDeliveryFailureException', 1);
    void started(user);
    await expect.poll(() => writtenBy(idOf(user)).catch(() => [])).toEqual(['codePending', 'sending']);
    await rig.client.cancel(idOf(user));
  });

  it('is refused for the hour: `rateLimited`', async () => {
    const user = await rig.user();
    failing(user, 'LimitExceededException', 1);
    const { workflowId } = await rig.start(user);
    expect(await writtenBy(workflowId)).toEqual(['codePending', 'rateLimited']);
  });
});

it('the first send goes out with its workflow task, every further one by the task queue of calls', async () => {
  const user = await rig.user();
  const { workflowId } = await rig.start(user, { resendCooldown: '1 second' });
  await expect
    .poll(async () => Date.parse((await rig.client.status(workflowId)).resendAllowedAt ?? '') <= Date.now())
    .toBe(true);
  await rig.client.resendCode(workflowId);
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const queues = (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.taskQueue?.name ?? [],
  );
  expect(queues).toEqual([rig.taskQueue, `${rig.taskQueue}-cognito`]);
});

it('a verification that cannot be asked is listed all the same, and says why', async () => {
  const user = await rig.sandbox.createUser();
  const { userPoolId } = user;
  const { workflowId } = await rig.start(user);
  const other = await rig.sandbox.createUser({ poolId: userPoolId });
  const away = await rig.env.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: idOf(other),
    taskQueue: 'nobody-polls-this',
    args: [{ accessToken: other.accessToken, attributeName: 'email' }],
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTE_KEYS.state, value: 'codePending' },
      { key: SEARCH_ATTRIBUTE_KEYS.userPoolId, value: userPoolId },
    ]),
  });
  await expect.poll(() => collect(rig.client.list({ userPoolId }))).toHaveLength(2);
  expect(await collect(rig.client.list({ userPoolId, state: 'awaitingCode' }))).toMatchObject([
    { workflowId: away.workflowId, state: 'codePending', unanswered: 'OtherTaskQueue' },
    { workflowId, state: 'awaitingCode' },
  ]);
  await away.terminate();
  rig.started.delete(away.workflowId);
});
