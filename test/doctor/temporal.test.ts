/** Doctor's checks of Temporal on a real server: all well, with one thing wrong at a time, and what each finding says followed to its end. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { AWS_CHECKS } from '../../doctor/aws-checks.js';
import { worstOf } from '../../doctor/finding.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { runJson } from '../cli/run-cli.js';
import { serve } from '../codec-server/running-codec-server.js';
import { startWorker } from '../rig.js';
import { brokenCodecServer } from './broken-codec-server.js';
import { brokenKeys } from './broken-keys.js';
import { brokenTemporal } from './broken-temporal.js';
import { HAS_OPENSSL, selfSigned } from './certificate.js';
import { corrects, lineOf, setsIt, startLine, typeLine } from './following.js';
import { setUpAws } from './rig.js';
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
  it.each(brokenTemporal(doctorRig).map((broken) => [broken.what, broken] as const))('%s', async (_what, broken) => {
    await expectNamedAndEnded(broken, { well, doctor, checks: WITHOUT_FAIRNESS });
  });

  it('a deploy that is not finished', async () => {
    const taskQueue = 'two-builds';
    await limit({ queueRate: 12 }, taskQueue);
    const path = join(tmpdir(), `doctor-bundle-${process.pid}.js`);
    await writeFile(path, `/* Another build. */ ${await readFile(WORKFLOW_BUNDLE_PATH, 'utf8')}`);
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

it('leads to a rate that suits a smaller quota', async () => {
  const restore = setUpAws(rig.sandbox.url);
  rig.sandbox.setAccount({ serviceQuotas: { applied: { 'L-6621E65D': 10 } } });
  onTestFinished(async () => {
    rig.sandbox.resetAccount();
    restore();
    await limit({ queueRate: 12 });
  });
  const ask = async () =>
    (
      await doctor(
        {},
        {},
        AWS_CHECKS.filter(({ name }) => name === 'cognito-quotas'),
      )
    ).findings;
  const before = await ask();
  expect(wrongIn(before)).toEqual(['warning cognito-quotas']);
  for (const finding of before.filter(({ verdict }) => verdict === 'warning')) await typeLine(lineOf(finding), well);
  expect(wrongIn(await ask())).toEqual([]);
});

it('leads to another namespace where one was deprecated', async () => {
  const [check] = WITHOUT_FAIRNESS.filter(({ name }) => name === 'namespace');
  const ask = async (env: NodeJS.ProcessEnv) => (await doctor(env, {}, check ? [check] : [])).findings[0];
  const { workflowService } = rig.env.connection;
  await workflowService.registerNamespace({
    namespace: 'given-up',
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await workflowService.deprecateNamespace({ namespace: 'given-up' });
  const env = { ...well, TEMPORAL_NAMESPACE: 'given-up' };
  await expect.poll(async () => (await ask(env))?.found).toBe('Is there, and was deprecated or deleted.');
  const finding = await ask(env);
  if (!finding) return;
  await typeLine(lineOf(finding), env);
  const change = await setsIt(finding, env);
  expect(await ask({ ...env, ...change.env })).toMatchObject({ verdict: 'ok', subject: 'given-up-2' });
});

it.skipIf(!HAS_OPENSSL)('leads to TLS, and to the authority of its certificate', async () => {
  const { cert, key } = await selfSigned('127.0.0.1');
  const [host = '', port] = rig.env.address.split(':');
  const options = { cert: await readFile(cert), key: await readFile(key), ALPNProtocols: ['h2'] };
  const proxy = createServer(options, (socket) => {
    const service = connect(Number(port), host);
    for (const end of [socket, service]) end.on('error', () => undefined);
    socket.pipe(service).pipe(socket);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void proxy.close());
  let env: NodeJS.ProcessEnv = { TEMPORAL_ADDRESS: `127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  for (const follow of [setsIt, corrects(() => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: cert }))]) {
    const { findings } = await doctor(env);
    expect(wrongIn(findings)).toEqual(['failure connection']);
    const [finding] = findings.filter(({ verdict }) => verdict === 'failure');
    if (finding) env = { ...env, ...(await follow(finding, env)).env };
  }
  expect(wrongIn((await doctor(env)).findings)).toEqual([]);
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
    // A worker says that it polls before the server has its poll.
    await expect.poll(async () => wrongIn((await doctor(env)).findings)).not.toContain(check);
  }
  expect(followed).toEqual(['failure namespace', 'failure workers', 'warning queue-limits', 'couldNotAsk worker-keys']);
});

it('each check that can fail is followed', () => {
  const rows = [...brokenTemporal(doctorRig), ...brokenKeys(doctorRig), ...brokenCodecServer(rig.keyRing)];
  const stories = ['fairness', 'worker-builds', 'stuck-verifications'];
  const followed = new Set([...rows.map(({ finding }) => finding.split(' ')[1]), ...stories]);
  const others = ALL_CHECKS.map(({ name }) => name).filter((name) => !followed.has(name));
  // There is no older server to upgrade, and no clock of a machine to set.
  expect(others.sort()).toEqual(['clock', 'server-version']);
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
