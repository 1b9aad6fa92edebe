/** What the end of a call is told as. */
import { ActivityFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { expect, test, vi } from 'vitest';
import { verdictOnFailure } from '../../workflows/call-end.js';

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  workflowInfo: () => ({ taskQueue: 'verifications' }),
}));

test('a call that no worker took in time was not made, and the queue may be what held it up', () => {
  const cause = new TimeoutFailure('activity ScheduleToStart timeout', undefined, TimeoutType.SCHEDULE_TO_START);
  const failure = new ActivityFailure('Activity task failed', 'verifyCode', '1', RetryState.TIMEOUT, undefined, cause);
  expect(verdictOnFailure(failure)).toMatchObject({
    verdict: 'unreachable',
    failure: {
      type: 'NoWorker',
      message:
        'No worker took the call from the task queue verifications-cognito in time: none runs, or the queue is paused or limited (cognito-verification limits).',
    },
  });
});
