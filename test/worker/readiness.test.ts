/** Readiness by the status of real workers: under limits, without their other half, and when their pollers die. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { cognitoTaskQueue } from '@cognito-verification/contract';
import { NativeConnection, Worker } from '@temporalio/worker';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { askAsWorker } from '../../temporal/ask-as-worker.js';
import { setQueueLimits } from '../../temporal/queue-limits.js';
import { createHealth } from '../../worker/health.js';
import { createWorker, type VerificationWorkerOptions } from '../../worker/worker.js';
import { useRig } from '../rig.js';

const rig = useRig('local');

async function run(options: Partial<VerificationWorkerOptions>) {
  const taskQueue = `readiness-${randomUUID()}`;
  const connection = await NativeConnection.connect({ address: rig.env.address });
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const { userPools, keyRing: keys } = rig;
  const worker = await createWorker({
    connection,
    namespace: 'default',
    keys,
    userPools,
    cognito,
    taskQueue,
    ...options,
  });
  const running = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await running;
    await connection.close();
    cognito.destroy();
  });
  const health = createHealth(keys);
  health.watch(worker, () => askAsWorker(connection, 'default', 3_000));
  return { health, taskQueue };
}

const READY = { ok: true, reasons: [] };

it.each(['workflows', 'calls'] as const)('%s alone are ready as soon as they poll', async (only) => {
  const { health } = await run({ only });
  expect(await health.ready()).toEqual(READY);
  expect(health.alive()).toEqual(READY);
});

it('a worker whose one slot is taken, and then one that the server lets nothing through to, are ready', async () => {
  const { health, taskQueue } = await run({ maxConcurrentCalls: 1, directCallsPerSecond: 0 });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const queue = { connection: rig.env.nativeConnection, namespace: 'default', taskQueue: cognitoTaskQueue(taskQueue) };
  rig.sandbox.setFault({ operation: 'GetUserAttributeVerificationCode', latencyMs: 2_500, afterEffect: true });
  const start = async (timeout: '20 s' | '2 s') =>
    await client.start({ accessToken: (await rig.user()).accessToken, attributeName: 'email' }, { timeout });
  const both = Promise.all([start('20 s'), start('20 s')]);
  while ((await Promise.race([both, sleep(50, 'under way')])) === 'under way')
    expect(await health.ready()).toEqual(READY);
  rig.sandbox.clearFaults();
  await setQueueLimits(queue, { queueRate: 0, identity: 'test' });
  const { workflowId, status } = await start('2 s');
  expect(status.state).toBe('sending');
  // Longer than an answer of the server counts.
  const untilMs = performance.now() + 5_000;
  while (performance.now() < untilMs) {
    expect(await health.ready()).toEqual(READY);
    await sleep(50);
  }
  await client.cancel(workflowId);
}, 60_000);

describe('a worker whose pollers die', () => {
  it('is not ready within 10 s, and has to be started anew', async () => {
    const made: Worker[] = [];
    const create = Worker.create.bind(Worker);
    vi.spyOn(Worker, 'create').mockImplementation(async (options) => {
      const worker = await create(options);
      made.push(worker);
      return worker;
    });
    const { health } = await run({});
    vi.restoreAllMocks();
    expect(await health.ready()).toEqual(READY);
    // As Core ends them by itself: the SDK has told nobody to stop.
    const { nativeWorker } = made.at(-1) as unknown as { nativeWorker: { initiateShutdown(): void } };
    nativeWorker.initiateShutdown();
    await expect
      .poll(() => health.ready(), { timeout: 10_000 })
      .toMatchObject({ ok: false, reasons: [expect.stringContaining('calls to Cognito')] });
    await expect.poll(() => health.alive().ok, { timeout: 10_000 }).toBe(false);
  }, 30_000);
});
