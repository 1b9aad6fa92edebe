/** Doctor's checks of everything but AWS on a real server: all well, and with one thing wrong at a time. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyRingOf, parseKeys } from '@cognito-verification/codec';
import { cognitoTaskQueue, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { CHECKS } from '../../doctor/checks.js';
import { examine } from '../../doctor/examination.js';
import { type Finding, worstOf } from '../../doctor/finding.js';
import { type Question, surroundingsFromSettings } from '../../doctor/surroundings.js';
import { type QueueLimitChanges, setQueueLimits } from '../../temporal/queue-limits.js';
import { registerSearchAttributes } from '../../temporal/search-attributes.js';
import { createWorker } from '../../worker/worker.js';
import type { WorkerSettings } from '../../worker/worker-settings.js';
import { runCli, runJson, startCli } from '../cli/run-cli.js';
import { serve } from '../codec-server/running-codec-server.js';
import { startWorker, useRig } from '../rig.js';

const OTHERS = new Set(['temporal', 'keys', 'codec-server']);
const allChecks = CHECKS.filter(({ name, area }) => OTHERS.has(area) || name === 'user-pool-settings');
/** As whoever has looked up fairness runs doctor: `--without fairness`. */
const checks = allChecks.filter(({ name }) => name !== 'fairness');

const rig = useRig('local');
let well: Record<string, string>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  well = {
    TEMPORAL_ADDRESS: rig.env.address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_CONFIG_FILE: '',
    VERIFICATION_TASK_QUEUE: rig.taskQueue,
    VERIFICATION_ENCRYPTION_KEYS: rig.keys,
    ...rig.settings,
  };
  await limit({ queueRate: 12 });
  const user = await rig.user();
  await rig.start(user);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function limit(changes: Omit<QueueLimitChanges, 'identity'>, taskQueue = rig.taskQueue): Promise<void> {
  const { connection } = rig.env;
  const queue = { connection, namespace: 'default', taskQueue: cognitoTaskQueue(taskQueue) };
  await setQueueLimits(queue, { ...changes, identity: 'test' });
}

async function doctor(env: NodeJS.ProcessEnv = {}, question: Partial<Question> = {}, asked = checks) {
  const surroundings = surroundingsFromSettings({ userPoolIds: [], countries: [], ...question }, { ...well, ...env });
  const startedMs = performance.now();
  try {
    const findings = await examine(asked, surroundings);
    return { findings, tookMs: performance.now() - startedMs };
  } finally {
    await surroundings.close();
  }
}

/** What is wrong, as `verdict check`, without what could not be asked for want of it. */
function wrongIn(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ verdict, found }) => verdict !== 'ok' && !found.startsWith('Not asked'))
    .map(({ verdict, check }) => `${verdict} ${check}`);
}

/** Each check has said something, and each finding but `ok` says what it means and what to do. */
function expectWhole(findings: readonly Finding[]): void {
  expect([...new Set(findings.map(({ check }) => check))]).toEqual(checks.map(({ name }) => name));
  for (const { check, verdict, found, means, remedy } of findings) {
    expect(found, check).toMatch(/^[A-Z\d].*[^ ]$/s);
    if (verdict === 'ok') expect({ means, remedy }).toEqual({});
    else expect(remedy?.text, check).toMatch(/^[A-Z].+[.]$/);
    if (verdict === 'failure' || verdict === 'warning') expect(means, check).toMatch(/^[A-Z].+[.]$/);
  }
}

async function silentPort(onCaller: () => void = () => undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onCaller();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const otherKey = (id = 'test') => `${id}:${randomBytes(32).toString('base64')}`;

const codecServer = async (options: Parameters<typeof serve>[0] = {}) =>
  (await serve({ keys: rig.keyRing, ...options })).url;

it('is all green where all is well', async () => {
  const { findings, tookMs } = await doctor({ TEMPORAL_CODEC_ENDPOINT: await codecServer() });
  expectWhole(findings);
  expect(wrongIn(findings)).toEqual([]);
  expect(worstOf(findings)).toBe('ok');
  expect(tookMs).toBeLessThan(5_000);
});

it('warns of fairness until a person has looked it up, with one pool too', async () => {
  const { findings } = await doctor({}, {}, allChecks);
  expect(wrongIn(findings)).toEqual(['warning fairness']);
  expect(worstOf(findings)).toBe('warning');
});

type Broken = () => Promise<{ env?: NodeJS.ProcessEnv; question?: Partial<Question> }>;

/** What is broken, how, the one finding, and what it says. */
const BROKEN: readonly [what: string, make: Broken, finding: string, says: RegExp][] = [
  ['no such namespace', async () => ({ env: { TEMPORAL_NAMESPACE: 'zz' } }), 'failure namespace', /no namespace "zz"/],
  [
    'nobody at the address',
    async () => ({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` } }),
    'failure connection',
    /Cannot reach the Temporal Service at 127\.0\.0\.1:\d+ without TLS: .*ECONNREFUSED/,
  ],
  [
    'an address that answers nothing',
    async () => ({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${await silentPort()}` } }),
    'failure connection',
    /no answer/,
  ],
  [
    'a host that no name server knows',
    async () => ({ env: { TEMPORAL_ADDRESS: 'temporal.invalid:7233' } }),
    'failure connection',
    /temporal\.invalid/,
  ],
  [
    'TLS with a server that has none',
    async () => ({ env: { TEMPORAL_TLS: 'true' } }),
    'failure connection',
    /with TLS: /,
  ],
  [
    'wrong settings of Temporal',
    async () => ({ env: { TEMPORAL_ADDRESS: 'http://127.0.0.1' } }),
    'failure connection',
    /TEMPORAL_ADDRESS: found "http:/,
  ],
  [
    'a worker on another queue alone',
    async () => {
      await limit({ queueRate: 12 }, 'nobody');
      return { env: { VERIFICATION_TASK_QUEUE: 'nobody' } };
    },
    'failure workers',
    /No worker polls these task queues\./,
  ],
  [
    'a worker for verifications alone',
    async () => await half('workflows'),
    'failure workers',
    /No worker polls the task queue of calls/,
  ],
  [
    'a worker for calls alone',
    async () => await half('calls'),
    'failure workers',
    /No worker polls the task queue of verif/,
  ],
  [
    'versioned workers, and no version is current',
    async () => await ownQueue('versioned', { deploymentName: 'doctor' }),
    'failure deployment',
    /no version of doctor is current, and no worker of it polls/,
  ],
  [
    'a search attribute that is missing',
    async () => {
      const { operatorService } = rig.env.connection;
      await operatorService.removeSearchAttributes({
        namespace: 'default',
        searchAttributes: [SEARCH_ATTRIBUTES.userPoolId],
      });
      // What the server has under the old one it shows no more, so that these histories replay no longer.
      rig.started.clear();
      onTestFinished(async () => void (await registerSearchAttributes(rig.env.connection, 'default')));
      return {};
    },
    'failure search-attributes',
    /Not registered: VerificationUserPool\./,
  ],
  ['a retention of an hour', async () => await retention(3_600), 'failure retention', /after 60 minutes/],
  ['a retention of some hours', async () => await retention(6 * 3_600), 'warning retention', /after 6 hours/],
  [
    'a paused queue',
    async () => await limited({ queueRate: 0, reason: 'an incident' }),
    'failure queue-limits',
    /paused.*set by test because of "an incident"/,
  ],
  ['paused pools', async () => await limited({ poolRate: 0 }), 'failure queue-limits', /rate of each pool is 0/],
  ['a queue without a rate', async () => await limited({ queueRate: null }), 'warning queue-limits', /has no rate/],
  [
    'a rate beyond the quotas',
    async () => await limited({ queueRate: 20 }),
    'warning queue-limits',
    /At most 40 attempts/,
  ],
  [
    'direct calls beyond the quotas',
    async () => {
      await limited({ queueRate: 24 });
      return { env: { VERIFICATION_DIRECT_CALLS_PER_SECOND: '6' } };
    },
    'warning queue-limits',
    /At most 30 attempts/,
  ],
  [
    'a key of the same id with other bytes',
    async () => ({ env: { VERIFICATION_ENCRYPTION_KEYS: otherKey() } }),
    'failure worker-keys',
    /worker and caller have sealed with a key "test"/,
  ],
  [
    'a key with another id',
    async () => ({ env: { VERIFICATION_ENCRYPTION_KEYS: otherKey('other') } }),
    'failure worker-keys',
    /worker and caller have sealed with a key "test"/,
  ],
  ['no keys', async () => ({ env: { VERIFICATION_ENCRYPTION_KEYS: '' } }), 'failure key-ring', /found nothing/],
  [
    'a key that is too short',
    async () => ({ env: { VERIFICATION_ENCRYPTION_KEYS: 'test:abcd' } }),
    'failure key-ring',
    /with 3 bytes/,
  ],
  [
    'a file of keys that all may read',
    async () => {
      const path = join(folder, 'keys');
      await writeFile(path, rig.keys);
      await chmod(path, 0o644);
      return { env: { VERIFICATION_ENCRYPTION_KEYS: '', VERIFICATION_ENCRYPTION_KEYS_FILE: path } };
    },
    'failure key-ring',
    /mode 0644/,
  ],
  [
    'no user pools',
    async () => ({ env: { VERIFICATION_USER_POOLS: '' } }),
    'failure user-pool-settings',
    /found nothing/,
  ],
  [
    'a pool that is asked about and not served',
    async () => ({ question: { userPoolIds: ['us-east-1_Other'] } }),
    'warning user-pool-settings',
    /not among those of VERIFICATION_USER_POOLS/,
  ],
  [
    'a codec server that is away',
    async () => ({ env: { TEMPORAL_CODEC_ENDPOINT: `http://127.0.0.1:${await freePort()}` } }),
    'failure codec-server-answers',
    /ECONNREFUSED/,
  ],
  [
    'a codec server with other keys',
    async () => ({
      env: { TEMPORAL_CODEC_ENDPOINT: await codecServer({ keys: keyRingOf(...parseKeys(otherKey(), 'keys')) }) },
    }),
    'failure codec-server-answers',
    /another key ring/,
  ],
  [
    'a codec server that does not know the Web UI',
    async () => ({
      env: { TEMPORAL_CODEC_ENDPOINT: await codecServer() },
      question: { webUiOrigins: ['https://ui.example.com'] },
    }),
    'failure codec-server-origins',
    /Pages of https:\/\/ui\.example\.com may not use it/,
  ],
  [
    'a page where the codec server should be',
    async () => ({ env: { TEMPORAL_CODEC_ENDPOINT: await page() } }),
    'failure codec-server-answers',
    /What answers there is no codec server/,
  ],
  [
    'a wrong setting of a worker',
    async () => ({ env: { VERIFICATION_MAX_CONCURRENT_CALLS: 'many', VERIFICATION_LOG_LEVEL: 'loud' } }),
    'failure worker-settings',
    /VERIFICATION_LOG_LEVEL: [^]*VERIFICATION_MAX_CONCURRENT_CALLS: found "many"/,
  ],
  [
    'an endpoint that is no codec server',
    async () => ({ env: { TEMPORAL_CODEC_ENDPOINT: `${await codecServer()}/elsewhere` } }),
    'failure codec-server-answers',
    /It answers HTTP 404/,
  ],
  [
    'a codec server without TLS elsewhere',
    async () => ({ env: { TEMPORAL_CODEC_ENDPOINT: 'http://codec.example.invalid:8888' } }),
    'failure codec-server-answers',
    /plain HTTP/,
  ],
  [
    'a codec server with a password in its URL',
    async () => ({ env: { TEMPORAL_CODEC_ENDPOINT: 'https://someone:hunter2@codec.example.invalid/v1?key=hunter2' } }),
    'failure codec-server-answers',
    /a user name or a password/,
  ],
];

/** A server that answers every request with a page. */
async function page(): Promise<string> {
  const server = createHttpServer((_request, response) => response.end('<h1>It works</h1>'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A task queue that only half of a worker polls. */
const half = async (only: 'workflows' | 'calls') => await ownQueue(`only-${only}`, { only });

/** A task queue with a worker of its own. */
async function ownQueue(taskQueue: string, settings: Pick<WorkerSettings, 'only' | 'deploymentName'>) {
  await limit({ queueRate: 12 }, taskQueue);
  const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
  const { userPools, keyRing, env } = rig;
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: 'default',
    keys: keyRing,
    userPools,
    cognito,
    taskQueue,
    ...settings,
  });
  const run = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await run;
    cognito.destroy();
  });
  if (settings.only !== 'calls') await polled(taskQueue, 1);
  if (settings.only !== 'workflows') await polled(cognitoTaskQueue(taskQueue), 2);
  return { env: { VERIFICATION_TASK_QUEUE: taskQueue } };
}

async function polled(name: string, taskQueueType: 1 | 2): Promise<void> {
  await expect
    .poll(async () => {
      const { pollers } = await rig.env.connection.workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name },
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
        taskQueueType,
      });
      return pollers?.length;
    })
    .toBeGreaterThan(0);
}

async function retention(seconds: number) {
  const { workflowService } = rig.env.connection;
  const keepFor = async (ttl: number) =>
    await workflowService.updateNamespace({
      namespace: 'default',
      config: { workflowExecutionRetentionTtl: { seconds: ttl as never } },
    });
  await keepFor(seconds);
  onTestFinished(async () => void (await keepFor(86_400)));
  return {};
}

async function limited(changes: Omit<QueueLimitChanges, 'identity'>) {
  await limit(changes);
  onTestFinished(async () => await limit({ queueRate: 12, poolRate: null }));
  return {};
}

describe('one thing is wrong', () => {
  it.each(BROKEN)('%s', async (_what, make, finding, says) => {
    const { env, question } = await make();
    const { findings, tookMs } = await doctor(env, question);
    expectWhole(findings);
    expect(wrongIn(findings)).toEqual([finding]);
    expect(findings.find(({ verdict, check }) => `${verdict} ${check}` === finding)?.found).toMatch(says);
    expect(JSON.stringify(findings)).not.toMatch(/someone|hunter2/);
    expect(worstOf(findings)).toBe(finding.split(' ')[0]);
    expect(tookMs).toBeLessThan(5_000);
  });

  it('a worker with another key', async () => {
    const taskQueue = 'other-key';
    await limit({ queueRate: 12 }, taskQueue);
    const cognito = createCognitoClients({ endpoint: rig.sandbox.url });
    const worker = await startWorker(rig, cognito, taskQueue, {
      keyRing: keyRingOf(...parseKeys(otherKey('mine'), 'keys')),
    });
    const { accessToken } = await rig.user();
    const env = { ...well, VERIFICATION_TASK_QUEUE: taskQueue, COGNITO_ACCESS_TOKEN: accessToken };
    const started = runCli(['start', '--attribute', 'email'], { env });
    await expect
      .poll(async () => wrongIn((await doctor({ VERIFICATION_TASK_QUEUE: taskQueue })).findings))
      .toEqual(['failure worker-keys']);
    const { findings } = await doctor({ VERIFICATION_TASK_QUEUE: taskQueue });
    expect(findings.find(({ check }) => check === 'worker-keys')?.found).toMatch(
      /the worker has sealed with a key "mine"/,
    );
    for await (const { workflowId } of rig.env.client.workflow.list({ query: `TaskQueue = '${taskQueue}'` }))
      await rig.env.client.workflow.getHandle(workflowId).terminate();
    await started;
    await worker.stop();
    cognito.destroy();
  });
});

describe('the command', () => {
  it.each([
    [['--only', 'nothing'], /there is no such check or area.*\n {2}temporal +connection, server-version/],
    [['--only', 'clock', '--without', 'temporal'], /leaves out every check/],
    [['--country', 'Germany'], /ISO 3166-1/],
    [['--user-pool', 'foo'], /"foo" is no id of a user pool/],
    [['--web-ui', 'https://ui.example.com/'], /no slash at its end/],
  ])('%j asks nothing', async (args, message) => {
    const { code, stderr } = await runCli(['doctor', ...args], { env: well });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('prints a policy, with the keys of AWS KMS where there are some', async () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    const { code, stdout } = await runCli(['doctor', '--iam-policy'], {
      env: { VERIFICATION_ENCRYPTION_KMS_KEYS: key },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Resource: '*' },
        { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: [key] },
      ],
    });
  });

  it('ends at Ctrl-C, with nothing changed', async () => {
    let called = false;
    const port = await silentPort(() => {
      called = true;
    });
    const env = { ...well, TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
    const { child, ended } = startCli(['doctor', '--only', 'connection'], { env });
    await expect.poll(() => called, { interval: 10 }).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: 'Interrupted. Nothing was changed.\n' });
  });

  it('ends by the worst, and names what it could not ask', async () => {
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
});
