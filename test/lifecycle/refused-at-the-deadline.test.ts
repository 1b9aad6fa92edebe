import { setTimeout as sleep } from 'node:timers/promises';
import { VerificationClient } from '@cognito-verification/client';
import type { KeyRing } from '@cognito-verification/codec';
import { expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startWorker, useRig } from '../rig.js';

/** How long after the deadline its timer rings: it starts to run once the first task is answered. */
const LATE_MS = 5_000;

const rig = useRig('local');

// That every history replays is looked at in the end (`useRig`). A message that is refused leaves none of itself there, so
// nothing may come of it that would not come without it.
it('a code that comes when the deadline has passed and its timer has not rung ends nothing by itself', async () => {
  let pause: Promise<void> | undefined;
  const slowAtFirst: KeyRing = {
    current: async () => {
      await (pause ??= sleep(LATE_MS));
      return rig.keyRing.current();
    },
    find: (id, wrapped) => rig.keyRing.find(id, wrapped),
  };
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const taskQueue = `${rig.taskQueue}-slow`;
  const worker = await startWorker(rig.env.nativeConnection, cognito, taskQueue, { keyRing: slowAtFirst });
  const client = new VerificationClient({ client: rig.env.client, taskQueue, waitForDelivery: '30 seconds' });
  const { accessToken } = await rig.user();
  const policy = { deadline: '1 minute' } as const;
  const { workflowId, status } = await client.start({ accessToken, attributeName: 'email', policy });

  await sleep(Date.parse(status.expiresAt) - Date.now() + LATE_MS / 5);
  await expect(client.submitCode(workflowId, { code: '123456' })).rejects.toMatchObject({ code: 'VerificationEnded' });

  expect(await client.wait(workflowId)).toMatchObject({ outcome: 'expired' });
  const { events } = await rig.env.client.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = events?.findIndex((event) => event.timerStartedEventAttributes) ?? -1;
  const [started, rang] = [events?.[scheduled], events?.find((event) => event.timerFiredEventAttributes)];
  expect(Number(rang?.eventTime?.seconds) - Number(started?.eventTime?.seconds)).toBeGreaterThan(58);
  await worker.stop();
  cognito.destroy();
}, 120_000);
