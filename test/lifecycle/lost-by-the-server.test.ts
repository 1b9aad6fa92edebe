/**
 * The server keeps the workflow task of an update in memory only, and makes another one where it has lost that (a restart, or a shard
 * that moves). Core takes the second one for the first while a local activity runs: the worker goes on from the time of the first, and
 * each replay has the time of the second. Both must tell the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import { getStatus, type VerificationStatus } from '@cognito-verification/contract';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startWorker, useRig } from '../rig.js';

const ATTEMPT = 'VerifyUserAttribute';
/** A direct attempt may take less than 2.8 s. */
const LATENCY_MS = 2_000;
/** By so much the second task begins later, at least. */
const LATER_MS = 300;
/** The development server has the first only, and the one with PostgreSQL all of them. */
const SHARD_IDS = [1, 2, 3, 4];

const rig = useRig('local');

/** What an operator, or another server that takes the shards, makes the server do. The SDK does not have this service. */
async function closeShard(shardId: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    rig.env.connection['client'].makeUnaryRequest(
      '/temporal.server.api.adminservice.v1.AdminService/CloseShard',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from([8, shardId]),
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

it('an attempt whose workflow task the server has lost is of the same time in every replay', async () => {
  const taskQueue = `${rig.taskQueue}-lost`;
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const user = await rig.user();
  const { username } = user;
  const first = await startWorker(rig, cognito, taskQueue, { maxCachedWorkflows: 10 });
  const client = new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue });
  const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
  rig.sandbox.setFault({ operation: ATTEMPT, username, latencyMs: LATENCY_MS, afterEffect: true, times: 1 });
  const wrong = rig.sandbox.codeFor(user, 'email') === '000000' ? '111111' : '000000';
  const submitted = client.submitCode(workflowId, { code: wrong });
  await expect.poll(() => rig.sandbox.calls({ operation: ATTEMPT, username }).length, { interval: 10 }).toBe(1);
  await sleep(LATER_MS);
  await Promise.all(SHARD_IDS.map(closeShard));
  const answer = await submitted;
  const handle = rig.env.client.workflow.getHandle(workflowId);
  const live = await handle.query<VerificationStatus, [object]>(getStatus.name, {});
  await first.stop();
  const events = (await handle.fetchHistory()).events ?? [];
  const second = await startWorker(rig, cognito, taskQueue);
  const replayed = await handle.query<VerificationStatus, [object]>(getStatus.name, {});
  await second.stop();
  cognito.destroy();
  // Otherwise nothing was lost.
  const begun = events.flatMap((event) => (event.workflowTaskStartedEventAttributes ? tsToMs(event.eventTime) : []));
  expect(begun.at(-1)).toBeGreaterThan(Date.parse(answer.status.attempts[0]?.at ?? '') + LATER_MS);
  expect(live.attempts).toEqual(answer.status.attempts);
  expect(replayed.attempts).toEqual(answer.status.attempts);
}, 60_000);
