/**
 * A query that comes with the workflow task of a direct attempt makes Core hand the answer to the workflow a task too late. What the
 * worker decides then must be what every replay decides, and the loss of that task must lose no answer. The test uses the real server,
 * which dispatches queries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getStatus, type VerificationStatus, WORKFLOW_TYPE, workflowIdFor } from '@cognito-verification/contract';
import { expect, it } from 'vitest';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { startWorker, useRig } from '../rig.js';

/** The activity or the query ends first, by chance: one in four activities does. */
const VERIFICATIONS = 20;
const SEALING_MS = 200;
/** Longer than a workflow task may last. */
const LOST_MS = 11_000;

const rig = useRig('local');

const handleOf = (workflowId: string) => rig.env.client.workflow.getHandle(workflowId);
const historyOf = async (workflowId: string) => (await handleOf(workflowId).fetchHistory()).events ?? [];
const statusOf = (workflowId: string): Promise<VerificationStatus> => handleOf(workflowId).query(getStatus.name, {});

/** The attempt ended with a workflow task, and its caller had the answer with a later one. */
async function cameLate(workflowId: string): Promise<boolean> {
  const events = await historyOf(workflowId);
  const marker = events.findIndex((event) => event.markerRecordedEventAttributes);
  const answered = events.findIndex(
    (event, index) => index > marker && event.workflowExecutionUpdateCompletedEventAttributes,
  );
  return events.slice(marker, answered).some((event) => event.workflowTaskCompletedEventAttributes);
}

/** How many answers came late. What a replay tells must be the same in any case. */
async function submitWithQueries(taskQueue: string, cognito: CognitoClients): Promise<number> {
  let lost: Promise<void> | undefined;
  const keyRing = {
    ...rig.keyRing,
    current: async () => {
      if (Math.random() < 0.5) await sleep(SEALING_MS);
      await lost;
      return await rig.keyRing.current();
    },
  };
  const run = () => startWorker(rig, cognito, taskQueue, { keyRing, maxCachedWorkflows: 2 * VERIFICATIONS });
  const first = await run();
  const workflowIds = await Promise.all(
    Array.from({ length: VERIFICATIONS }, async () => {
      const user = await rig.user();
      const workflowId = workflowIdFor({ ...user, attributeName: 'email' });
      await rig.env.client.workflow.start(WORKFLOW_TYPE, {
        taskQueue,
        workflowId,
        args: [{ accessToken: user.accessToken, attributeName: 'email' }],
      });
      await expect.poll(async () => (await statusOf(workflowId)).state).toBe('awaitingCode');
      return workflowId;
    }),
  );
  await first.stop();
  // The server tries the stopped worker's own queue first. After that, each task waits for any worker.
  await sleep(8_000);
  const submitted = workflowIds.map((workflowId) => rig.client.submitCode(workflowId, { code: '000000' }));
  await sleep(1_000);
  const asked = workflowIds.map(statusOf);
  await sleep(1_000);
  const second = await run();
  // What has been asked for with the query comes with the next task, which is lost.
  await Promise.any(asked);
  await sleep(SEALING_MS * 1.25);
  lost = sleep(LOST_MS);
  const answers = await Promise.all(submitted);
  await Promise.all(asked);
  await second.stop();

  const third = await run();
  // Nobody else has them in memory: it replays them for these queries.
  const replayed = await Promise.all(workflowIds.map(statusOf));
  await third.stop();
  expect(answers.map(({ result }) => result)).toEqual(workflowIds.map(() => 'mismatch'));
  expect(replayed.map(({ attempts }) => attempts)).toEqual(answers.map(({ status }) => status.attempts));
  return (await Promise.all(workflowIds.map(cameLate))).filter(Boolean).length;
}

it('an answer that comes a task too late is of the same time in every replay', async () => {
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  try {
    let late = 0;
    // The server may hand out all queries of a round by themselves.
    for (let round = 1; late === 0 && round <= 5; round++)
      late = await submitWithQueries(`${rig.taskQueue}-late-${round}`, cognito);
    expect(late).toBeGreaterThan(0);
  } finally {
    cognito.destroy();
  }
}, 150_000);
