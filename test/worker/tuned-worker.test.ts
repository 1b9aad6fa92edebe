/** The command with every number of its settings changed, on a real server. */
import { randomUUID } from 'node:crypto';
import { VerificationClient } from '@cognito-verification/client';
import { expect, it, onTestFinished } from 'vitest';
import { startWorkerProcess, useRig } from '../rig.js';

const rig = useRig('local');

it.each(['4', '1'])(
  'verifies with settings that are not the defaults, and a cache of %s',
  { timeout: 60_000 },
  async (cached) => {
    const taskQueue = `tuned-${randomUUID()}`;
    const worker = await startWorkerProcess(rig, taskQueue, {
      VERIFICATION_WORKER_MEMORY_MB: '400',
      VERIFICATION_MAX_CACHED_WORKFLOWS: cached,
      VERIFICATION_MAX_CONCURRENT_WORKFLOW_TASKS: '4',
      VERIFICATION_MAX_CONCURRENT_CALLS: '2',
      VERIFICATION_WORKFLOW_TASK_POLLERS: '2-4',
      VERIFICATION_CALL_POLLERS: '2',
      VERIFICATION_STICKY_TIMEOUT: '2 seconds',
      VERIFICATION_SHUTDOWN_GRACE_TIME: '5 seconds',
      VERIFICATION_WORKER_IDENTITY: 'tuned-worker',
      VERIFICATION_DIRECT_CALLS_PER_SECOND: '0',
    });
    onTestFinished(async () => await worker.end('SIGTERM'));
    const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
    // More at once than slots, polls and cache.
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const user = await rig.user();
        const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
        const { result } = await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
        expect(result).toBe('verified');
        return workflowId;
      }),
    );
    const { events } = await rig.env.client.workflow.getHandle(ids[0] ?? '').fetchHistory();
    const started = events?.find(({ activityTaskStartedEventAttributes }) => activityTaskStartedEventAttributes);
    expect(started?.activityTaskStartedEventAttributes?.identity).toMatch(/^tuned-worker#[0-9a-f]{8}$/);
  },
);
