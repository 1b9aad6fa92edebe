/** A worker in two processes, one for each half. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { expect, it, onTestFinished } from 'vitest';
import { countEvents } from '../../bench/counts.js';
import { startWorkerProcess, useRig } from '../rig.js';

const rig = useRig('local');

it('one decides, reaches no Cognito, and says what that costs; the other one calls', { timeout: 60_000 }, async () => {
  const page = createServer((_request, response) => response.end('<html></html>')).listen(0, '127.0.0.1');
  await once(page, 'listening');
  const elsewhere = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  const taskQueue = `halves-${randomUUID()}`;
  const startHalf = async (only: 'workflows' | 'calls', endpoint: string) =>
    await startWorkerProcess(rig, taskQueue, {
      VERIFICATION_WORKER_ONLY: only,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
    });
  const decides = await startHalf('workflows', elsewhere);
  const calls = await startHalf('calls', rig.sandbox.url);
  onTestFinished(async () => {
    await Promise.all([decides.end('SIGTERM'), calls.end('SIGTERM')]);
    page.close();
  });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const user = await rig.user();
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  await sleep(1_000);
  const { result } = await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
  expect(result).toBe('verified');
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  expect(countEvents(events ?? [])).toMatchObject({ totalEvents: 33, totalActions: 9 });
  expect(decides.output.join('')).toContain('33 events and 9 actions');
});
