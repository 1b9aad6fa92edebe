/** A worker without an allowance for direct calls: everything goes by the task queue of calls, and the caller hears the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { countEvents } from '../../bench/counts.js';
import { collect, useRig } from '../rig.js';

const rig = useRig('local', { allowance: new Allowance(0) });

it('sends, checks and counts as with direct calls, and says in the list what is true', async () => {
  const user = await rig.sandbox.createUser();
  const { userPoolId, username } = user;
  const { workflowId } = await rig.start(user);
  await expect
    .poll(() => collect(rig.client.list({ userPoolId, state: 'awaitingCode' })))
    .toMatchObject([{ workflowId }]);
  await sleep(1_000);
  const { result, status } = await rig.client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(result).toBe('verified');
  expect(status).toMatchObject({ sends: [{ outcome: 'sent' }], attempts: [{ outcome: 'accepted' }] });
  expect(rig.sandbox.calls({ username }).map(({ operation }) => operation)).toEqual([
    'GetUser',
    'GetUserAttributeVerificationCode',
    'VerifyUserAttribute',
    'GetUser',
  ]);
  const { events = [] } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const calls = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled ? [[scheduled.activityType?.name, scheduled.taskQueue?.name]] : [],
  );
  const ofCalls = cognitoTaskQueue(rig.taskQueue);
  expect(calls).toEqual([
    ['sendCode', rig.taskQueue],
    ['sendCode', ofCalls],
    ['verifyCode', ofCalls],
  ]);
  // As README.md says.
  expect(countEvents(events ?? [])).toMatchObject({ totalEvents: 33, totalActions: 9 });
});

it('a code that Cognito calls expired may be the repeat of a direct call of another worker: a look tells first', async () => {
  const user = await rig.sandbox.createUser();
  const { username } = user;
  const { workflowId } = await rig.start(user);
  const code = rig.sandbox.codeFor(user, 'email');
  rig.sandbox.setFault({
    operation: 'VerifyUserAttribute',
    username,
    exception: { name: 'ExpiredCodeException' },
    times: 1,
  });
  const unreadable = rig.sandbox.setFault({
    operation: 'GetUser',
    username,
    exception: { name: 'ForbiddenException' },
  });
  await expect(rig.client.submitCode(workflowId, { code })).rejects.toMatchObject({ code: 'CognitoUnavailable' });
  rig.sandbox.clearFaults(unreadable);
  expect((await rig.client.submitCode(workflowId, { code })).result).toBe('verified');
});
