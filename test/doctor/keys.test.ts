/** Doctor's checks of keys and of the settings that name user pools, on a real server, and what each finding says followed to its end. */
import { keyRingOf, parseKeys } from '@cognito-verification/codec';
import { describe, expect, it } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { startWorker } from '../rig.js';
import { brokenKeys } from './broken-keys.js';
import { lineOf, startLine, typeLine } from './following.js';
import { expectNamedAndEnded, otherKey, useDoctorRig, WITHOUT_FAIRNESS, wrongIn } from './server-rig.js';

const doctorRig = useDoctorRig();
const { rig, well, doctor, limit } = doctorRig;

describe('one thing is wrong, until its finding is followed', () => {
  it.each(brokenKeys(doctorRig).map((broken) => [broken.what, broken] as const))('%s', async (_what, broken) => {
    await expectNamedAndEnded(broken, { well, doctor, checks: WITHOUT_FAIRNESS });
  });

  it('a worker with another key', async () => {
    const taskQueue = 'other-key';
    await limit({ queueRate: 12 }, taskQueue);
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const keyRing = keyRingOf(...parseKeys(otherKey('mine'), 'keys'));
    const worker = await startWorker(rig, cognito, taskQueue, { keyRing });
    const { accessToken } = await rig.user();
    const env = { ...well, VERIFICATION_TASK_QUEUE: taskQueue, COGNITO_ACCESS_TOKEN: accessToken };
    const findings = async () => (await doctor({ VERIFICATION_TASK_QUEUE: taskQueue })).findings;
    const start = 'node dist/program/main.cjs start --attribute email';

    // It hears of the other key after some seconds, or goes on with the worker that has the right one.
    const first = typeLine(start, env).catch(() => undefined);
    await expect
      .poll(async () => wrongIn(await findings()))
      .toEqual(['failure stuck-verifications', 'failure worker-keys']);
    const [stuck, keys] = (await findings()).filter(({ verdict }) => verdict === 'failure');
    expect(keys?.found).toMatch(/the worker has sealed with a key "mine"/);
    expect((await typeLine(stuck ? lineOf(stuck) : '', env)).stdout).toContain(keys?.subject.slice(0, 30));

    // Give it the same keys, restart it, and start a verification.
    expect(keys?.remedy?.text).toMatch(/the same keys.* Restart .* start a verification/);
    await worker.stop();
    cognito.destroy();
    await startLine('node dist/program/main.cjs worker', env);
    await first;
    await typeLine(start, env);
    await expect.poll(async () => wrongIn(await findings())).toEqual([]);
  });
});
