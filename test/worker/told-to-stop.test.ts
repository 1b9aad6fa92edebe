/** SIGTERM in the middle of a send: worker processes as deployed, a real server, and a Cognito whose answer is late. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { afterAll, describe, type ExpectStatic, it } from 'vitest';
import { type CliProcess, killRunning, startCli } from '../cli/run-cli.js';
import { useRig } from '../rig.js';

const rig = useRig('local');
afterAll(killRunning);

const SEND = 'GetUserAttributeVerificationCode';
/** Long after the message. */
const ANSWER_AFTER_MS = 3_000;

async function startWorker(taskQueue: string, direct: boolean): Promise<CliProcess & { probe: string }> {
  const worker = startCli(['worker', '--json'], {
    env: {
      ...rig.settings,
      TEMPORAL_ADDRESS: rig.env.address,
      VERIFICATION_ENCRYPTION_KEYS: rig.keys,
      VERIFICATION_TASK_QUEUE: taskQueue,
      VERIFICATION_HEALTH_ADDRESS: '127.0.0.1:0',
      VERIFICATION_SHUTDOWN_GRACE_TIME: '20 seconds',
      VERIFICATION_DIRECT_CALLS_PER_SECOND: direct ? '100' : '0',
    },
  });
  const { polling } = JSON.parse(await worker.firstLine) as { polling: { health: string } };
  return { ...worker, probe: `http://${polling.health}` };
}

/** A verification whose message has left and whose send has no answer yet. */
async function amidSend(expect: ExpectStatic, taskQueue: string) {
  const user = await rig.user();
  rig.sandbox.setFault({ operation: SEND, username: user.username, latencyMs: ANSWER_AFTER_MS, afterEffect: true });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const started = client.start({ accessToken: user.accessToken, attributeName: 'email' });
  await expect.poll(() => rig.sandbox.inbox(user).length, { timeout: 10_000 }).toBe(1);
  return { user, client, started };
}

describe.concurrent('told to stop in the middle of a send', () => {
  it.for([
    ['by the task queue of calls', false],
    ['made directly', true],
  ] as const)(
    'a send %s ends, although SIGTERM comes twice, and the next worker goes on',
    { timeout: 60_000 },
    async ([, direct], { expect }) => {
      const taskQueue = `stopped-${randomUUID()}`;
      const first = await startWorker(taskQueue, direct);
      const { user, client, started } = await amidSend(expect, taskQueue);
      const toldMs = performance.now();
      first.child.kill('SIGTERM');
      const readiness = async () => (await fetch(`${first.probe}/readyz`)).status;
      await expect.poll(readiness, { timeout: 2_000, interval: 50 }).toBe(503);
      first.child.kill('SIGTERM');
      await sleep(200);
      const { status, text } = await fetch(`${first.probe}/readyz`).then(async (answer) => ({
        status: answer.status,
        text: await answer.text(),
      }));
      expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining('told to stop') });
      expect((await fetch(`${first.probe}/healthz`)).status).toBe(200);
      expect(await first.ended).toMatchObject({ code: 0 });
      // It has waited for the answer, and for no more.
      const tookMs = performance.now() - toldMs;
      expect(tookMs).toBeGreaterThan(ANSWER_AFTER_MS / 2);
      expect(tookMs).toBeLessThan(12_000);

      const next = await startWorker(taskQueue, direct);
      const { workflowId, status: after } = await started;
      expect(after).toMatchObject({ state: 'awaitingCode', sends: [{ outcome: 'sent' }] });
      const { result } = await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
      expect(result).toBe('verified');
      expect(rig.sandbox.inbox(user)).toHaveLength(1);
      expect(rig.sandbox.calls({ operation: SEND, username: user.username })).toHaveLength(1);
      next.child.kill('SIGTERM');
      expect(await next.ended).toMatchObject({ code: 0 });
    },
  );

  it('a second Ctrl-C ends at once', { timeout: 30_000 }, async ({ expect }) => {
    const taskQueue = `stopped-${randomUUID()}`;
    const worker = await startWorker(taskQueue, false);
    const { started } = await amidSend(expect, taskQueue);
    started.catch(() => undefined);
    worker.child.kill('SIGINT');
    await expect.poll(async () => (await fetch(`${worker.probe}/readyz`)).status, { interval: 50 }).toBe(503);
    const toldMs = performance.now();
    worker.child.kill('SIGINT');
    const [, signal] = (await once(worker.child, 'exit')) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe('SIGINT');
    expect(performance.now() - toldMs).toBeLessThan(1_500);
  });
});
