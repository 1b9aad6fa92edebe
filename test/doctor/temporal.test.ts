/** Doctor's checks of Temporal on a real server: all well, with one thing wrong at a time, and what each finding says followed to its end. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { worstOf } from '../../doctor/finding.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { runJson } from '../cli/run-cli.js';
import { serve } from '../codec-server/running-codec-server.js';
import { startWorker } from '../rig.js';
import { brokenTemporal } from './broken-temporal.js';
import { lineOf, startLine, typeLine } from './following.js';
import { ALL_CHECKS, expectNamedAndEnded, expectWhole, useDoctorRig, WITHOUT_FAIRNESS, wrongIn } from './server-rig.js';

const doctorRig = useDoctorRig();
const { rig, well, doctor, limit } = doctorRig;

it('is all green where all is well', async () => {
  const { url } = await serve({ keys: rig.keyRing });
  const { findings, tookMs } = await doctor({ TEMPORAL_CODEC_ENDPOINT: url });
  expectWhole(findings, WITHOUT_FAIRNESS);
  expect(wrongIn(findings)).toEqual([]);
  expect(worstOf(findings)).toBe('ok');
  expect(tookMs).toBeLessThan(5_000);
});

it('warns of fairness until a person has looked it up, with one pool too', async () => {
  const { findings } = await doctor({}, {}, ALL_CHECKS);
  expect(wrongIn(findings)).toEqual(['warning fairness']);
  expect(worstOf(findings)).toBe('warning');
  const finding = findings.find(({ check }) => check === 'fairness');
  // Without AWS, which this server has nothing to do with.
  const away = ['user-pool', 'email', 'sms', 'quotas', 'firewall'].map((area) => ` --without ${area}`).join('');
  const { stdout } = await typeLine(`${finding && lineOf(finding)}${away} --json`, well);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'ok' });
});

describe('one thing is wrong, until its finding is followed', () => {
  it.each(brokenTemporal(doctorRig))('$what', async (broken) => {
    await expectNamedAndEnded(broken, { well, doctor, checks: WITHOUT_FAIRNESS });
  });

  it('a deploy that is not finished', async () => {
    const taskQueue = 'two-builds';
    await limit({ queueRate: 12 }, taskQueue);
    const path = join(tmpdir(), `doctor-bundle-${process.pid}.js`);
    await writeFile(path, `${await readFile(WORKFLOW_BUNDLE_PATH, 'utf8')}\n// Another build.\n`);
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    // A connection has one worker of a task queue.
    const connection = await NativeConnection.connect({ address: rig.env.address });
    const old = await startWorker(rig, cognito, taskQueue);
    const startNew = async () => await startWorker(rig, cognito, taskQueue, { connection, workflowBundlePath: path });
    let fresh = await startNew();
    onTestFinished(async () => {
      await fresh.stop();
      await connection.close();
      cognito.destroy();
      await rm(path);
    });
    const wrong = async (now = Date.now) =>
      wrongIn((await doctor({ VERIFICATION_TASK_QUEUE: taskQueue }, {}, undefined, now)).findings);
    await expect.poll(async () => await wrong()).toEqual(['warning worker-builds']);
    // Finish the deploy. Doctor counts a worker for 75 seconds after its last poll, and those of the new build poll on.
    await old.stop();
    const laterMs = Date.now() + 75_000;
    await fresh.stop();
    fresh = await startNew();
    await expect.poll(async () => await wrong(() => laterMs)).toEqual([]);
  });
});

it('leads from a namespace that is not there to a verification, line by line', async () => {
  const { accessToken } = await rig.user();
  const file = join(tmpdir(), `doctor-token-${process.pid}`);
  await writeFile(file, accessToken, { mode: 0o600 });
  onTestFinished(async () => await rm(file));
  const env = { ...well, TEMPORAL_NAMESPACE: 'onboarding', VERIFICATION_TASK_QUEUE: 'onboarding' };
  const followed: string[] = [];
  for (let round = 0; round < 6; round++) {
    const { findings } = await doctor(env);
    const [check] = wrongIn(findings);
    if (check === undefined) break;
    followed.push(check);
    const finding = findings.find((one) => check.endsWith(one.check));
    const line = finding ? lineOf(finding) : '';
    if (check === 'failure workers') await startLine(line, env);
    else await typeLine(line.replace('FILE', file), env);
  }
  expect(followed).toEqual(['failure namespace', 'failure workers', 'warning queue-limits', 'couldNotAsk worker-keys']);
});

it('the command ends by the worst, and names what it could not ask', async () => {
  const doctorOf = async (env: Record<string, string>, ...args: string[]) =>
    await runJson(['doctor', '--only', 'temporal', '--only', 'keys', ...args], { env: { ...well, ...env } });
  expect(await doctorOf({}, '--without', 'worker-keys')).toMatchObject({ code: 0, document: { verdict: 'warning' } });
  expect(await doctorOf({}, '--without', 'worker-keys', '--without', 'fairness')).toMatchObject({
    code: 0,
    document: { verdict: 'ok' },
  });
  expect(await doctorOf({ TEMPORAL_NAMESPACE: 'zz' })).toMatchObject({ code: 1, document: { verdict: 'failure' } });
  const queue = { VERIFICATION_TASK_QUEUE: 'nobody-polls' };
  expect(await doctorOf(queue, '--without', 'workers', '--without', 'worker-keys')).toMatchObject({
    code: 3,
    document: { verdict: 'couldNotAsk' },
  });
});
