/** The time-skipping server forgets some schedule-to-close time-outs; on ours they hold. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { quietRuntime } from './rig.js';
import { timeSkippingServer } from './time-skipping-server.js';

const HOUR = 3_600_000;
const NAME = 'budgets';
/** Their budgets count down by a millisecond, so that some end on a whole second. */
const ACTIVITIES = 1_100;

beforeAll(() => quietRuntime());

test.for([
  { keepsBudgets: true, which: 'none' },
  // Once it forgets none either, `budgetKeeper` may go.
  { keepsBudgets: false, which: 'some' },
])(
  'of activities whose budgets end at all milliseconds of a second $which stay open',
  async ({ keepsBudgets, which }) => {
    const env = await timeSkippingServer({ keepsBudgets });
    try {
      const open = await leftOpen(env);
      if (which === 'none') expect(open).toBe(0);
      else expect(open).toBeGreaterThan(0);
    } finally {
      await env.teardown();
    }
  },
);

/** Lets every activity fail once, with a next try after its budget. Returns how many the server leaves open. */
async function leftOpen(env: TestWorkflowEnvironment): Promise<number> {
  await scheduleAll(env);
  let failed = 0;
  const activities = {
    [NAME]: async () => {
      failed += 1;
      throw ApplicationFailure.create({ message: 'once more later', nextRetryDelay: 2 * HOUR });
    },
  };
  const worker = await Worker.create({ connection: env.nativeConnection, taskQueue: NAME, activities });
  await worker.runUntil(expect.poll(() => failed, { timeout: 50_000 }).toBe(ACTIVITIES));
  const execution = { workflowId: NAME };
  const { pendingActivities } = await env.connection.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution,
  });
  return pendingActivities?.length ?? 0;
}

/** Answers a workflow task by hand: in place of a workflow that calls all of them at once. */
async function scheduleAll({ connection: { workflowService } }: TestWorkflowEnvironment): Promise<void> {
  const common = { namespace: 'default', taskQueue: { name: NAME } };
  const started = { workflowId: NAME, workflowType: { name: NAME }, requestId: randomUUID() };
  await workflowService.startWorkflowExecution({ ...common, ...started });
  const { taskToken } = await workflowService.pollWorkflowTaskQueue(common);
  const SCHEDULE_ACTIVITY_TASK = 1;
  const commands = Array.from({ length: ACTIVITIES }, (_, index) => ({
    commandType: SCHEDULE_ACTIVITY_TASK,
    scheduleActivityTaskCommandAttributes: {
      activityId: String(index),
      activityType: { name: NAME },
      taskQueue: { name: NAME },
      scheduleToCloseTimeout: msToTs(HOUR - index),
      startToCloseTimeout: msToTs(HOUR),
    },
  }));
  await workflowService.respondWorkflowTaskCompleted({ namespace: 'default', taskToken, commands });
}
