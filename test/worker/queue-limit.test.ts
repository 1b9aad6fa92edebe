import { expect, it, onTestFinished } from 'vitest';
import { Allowance } from '../../activities/allowance.js';
import { whileWatching } from '../../worker/queue-limit.js';
import { useRig } from '../rig.js';

const ACTIVITIES = 2;
const rig = useRig('local');

it('a limit that somebody sets on the task queue of calls takes hold of direct calls', {
  timeout: 30_000,
}, async () => {
  const taskQueue = 'limited-cognito';
  const limit = async (requestsPerSecond?: number) =>
    await rig.env.connection.workflowService.updateTaskQueueConfig({
      namespace: 'default',
      identity: 'test',
      taskQueue,
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
      taskQueueType: ACTIVITIES,
      updateQueueRateLimit:
        requestsPerSecond === undefined ? {} : { rateLimit: { requestsPerSecond }, reason: 'an incident' },
    });
  const allowance = new Allowance(1_000);
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const watching = whileWatching(
    { connection: rig.env.nativeConnection, namespace: 'default', taskQueue },
    allowance,
    () => ended,
  );
  onTestFinished(async () => {
    end();
    await watching;
  });
  const isLeft = () => allowance.draw('send', 'eu-west-1_AbC', () => Promise.resolve()) !== undefined;
  await limit(0);
  await expect.poll(isLeft, { interval: 500, timeout: 8_000 }).toBe(false);
  await limit();
  await expect.poll(isLeft, { interval: 500, timeout: 8_000 }).toBe(true);
});
