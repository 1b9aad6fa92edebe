/** The command `limits` on a real server, and what a running worker makes of it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Secret } from '@cognito-verification/contract';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { inWords } from '../../cli/limits.js';
import { startRedis } from '../../dev/redis.js';
import { createMessageGuard } from '../../guard/create-message-guard.js';
import { readQueueLimits, setQueueLimits } from '../../temporal/queue-limits.js';
import { untyped } from '../client/fixtures.js';
import { startWorker, useRig } from '../rig.js';
import { killRunning, runCli, runJson, startCli } from './run-cli.js';

const TAKES_HOLD_MS = 5_000;
const LATE_MS = 500;
const rig = useRig('local');
let env: Record<string, string>;

beforeAll(() => {
  env = { TEMPORAL_ADDRESS: rig.env.address, VERIFICATION_TASK_QUEUE: 'limited' };
});
afterAll(async () => await killRunning());

const limits = (...args: string[]) => runJson(['limits', ...args], { env });

describe('limits', () => {
  it('shows that there are none, sets them, shows who did and why, and clears them', async () => {
    const none = { queueRate: {}, poolRate: {}, poolWeights: {}, backlog: 0, workers: [] };
    expect(await limits()).toMatchObject({ code: 0, document: { taskQueue: 'limited-cognito', ...none } });

    const set = [
      '--queue-rate',
      '8',
      '--pool-rate',
      '2.5',
      '--pool-weight',
      'eu-west-1_A=3',
      '--reason',
      'an incident',
    ];
    onTestFinished(async () => void (await limits('--clear', 'queue-rate', 'pool-rate', 'pool-weights')));
    expect(await limits(...set, '--pool-weight', 'eu-west-1_B=0.5')).toMatchObject({ code: 0 });
    const rate = (perSecond: number) => ({
      perSecond,
      setBy: expect.stringMatching(/.@./),
      setAt: expect.stringMatching(/^20.*Z$/),
      reason: 'an incident',
    });
    const all = { queueRate: rate(8), poolRate: rate(2.5), poolWeights: { 'eu-west-1_A': 3, 'eu-west-1_B': 0.5 } };
    expect(await limits()).toMatchObject({ code: 0, document: all });

    const { stdout } = await runCli(['limits'], { env });
    expect(stdout).toMatch(/^queue {5}8 calls\/s, set by .*@.* \((now|.* ago)\): an incident$/m);
    expect(stdout).toMatch(/^per pool {2}2\.5 calls\/s, set by /m);
    expect(stdout).toMatch(/^weight {4}3 for eu-west-1_A$/m);
    expect(stdout).toMatch(/All workers together make 2 direct attempts a second at most/);

    expect(await limits('--clear', 'queue-rate', 'pool-weights')).toMatchObject({
      code: 0,
      document: { queueRate: { setBy: expect.any(String) }, poolRate: rate(2.5), poolWeights: {} },
    });
    const { document } = await limits();
    expect(document).toMatchObject({ poolRate: rate(2.5), poolWeights: {} });
    expect(document).not.toHaveProperty('queueRate.perSecond');
  });

  it.each([
    [['--queue-rate', '-1'], /number of calls in a second/],
    [['--queue-rate', 'many'], /number of calls in a second/],
    [['--pool-rate', '1e9'], /number of calls in a second/],
    [['--pool-rate', '100001'], /from 0 to 100000/],
    [['--pool-weight', 'eu-west-1_A'], /POOL=WEIGHT/],
    [['--pool-weight', 'eu-west-1_A=0'], /a weight from 0\.001 to 1000/],
    [['--pool-weight', 'eu-west-1_A=1001'], /a weight from 0\.001 to 1000/],
    [['--pool-weight', 'foo=3'], /the id of a user pool/],
    [['--clear', 'everything'], /queue-rate, pool-rate, pool-weights/],
    [['--clear', 'queue-rate', '--queue-rate', '3'], /cannot be used with --queue-rate/],
    [['--clear', 'pool-weights', '--pool-weight', 'eu-west-1_A=2'], /cannot be used with --pool-weight/],
    [['--reason', 'why not'], /goes with a limit/],
    [['--lift-brake', 'DE'], /--lift-brake and --for go together/],
    [['--for', '2h'], /--lift-brake and --for go together/],
    [['--lift-brake', 'Germany', '--for', '2h'], /code of a country/],
    [['--lift-brake', '+4915', '--for', '2h'], /No number is counted under \+4915.*three digits/],
    [['--lift-brake', 'DE', '--for', '8 days'], /a week at most/],
    [['--lift-brake', 'DE', '--for', '2h'], /Each worker counts by itself.*VERIFICATION_GUARD_STORE/],
  ])('%j is exit code 2, and changes nothing', async (args, message) => {
    const { code, stderr, stdout } = await runCli(['limits', ...args], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    const { connection } = rig.env;
    const left = await readQueueLimits({ connection, namespace: 'default', taskQueue: 'limited-cognito' });
    expect([left?.queueRate.perSecond, left?.poolRate.perSecond, left?.poolWeights]).toEqual([
      undefined,
      undefined,
      {},
    ]);
  });

  it('ends on Ctrl-C with the answer to a change: without its caller the server takes no other for minutes', async () => {
    const reason = 'cut off';
    const [host = '', port] = rig.env.address.split(':');
    const sockets = new Set<Socket>();
    let isAsked = false;
    const line = createServer((near) => {
      const far = connect(Number(port), host);
      for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
      near.on('data', (bytes: Buffer) => {
        far.write(bytes);
        if (!bytes.includes(reason)) return;
        isAsked = true;
        command.child.kill('SIGINT');
        // The person is impatient.
        setTimeout(() => command.child.kill('SIGINT'), LATE_MS / 2);
      });
      far.on('data', (bytes: Buffer) => void setTimeout(() => near.write(bytes), isAsked ? LATE_MS : 0));
    });
    await once(line.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      line.close();
      await limits('--clear', 'queue-rate');
    });
    const through = { ...env, TEMPORAL_ADDRESS: `127.0.0.1:${(line.address() as AddressInfo).port}` };
    const command = startCli(['limits', '--queue-rate', '7', '--reason', reason], { env: through });
    const { code, stdout, stderr } = await command.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^The limits are being changed\..*\nInterrupted\. The limits were changed before\.$/m);
    expect(await limits('--queue-rate', '8')).toMatchObject({ code: 0, document: { queueRate: { perSecond: 8 } } });
  });

  it('takes hold of a running worker within five seconds, both ways', async () => {
    const own = { env: { ...env, VERIFICATION_TASK_QUEUE: rig.taskQueue } };
    expect(await runJson(['limits', '--queue-rate', '0', '--reason', 'a test'], own)).toMatchObject({ code: 0 });
    await new Promise((resolve) => setTimeout(resolve, TAKES_HOLD_MS));
    const user = await rig.user();
    const { status } = await rig.client.start({ accessToken: user.accessToken, attributeName: 'email' }).then(
      (started) => started,
      // Nothing was sent for as long as a caller waits.
      async () => ({ status: await rig.client.status(`verify/${user.userPoolId}/${user.sub}/email`) }),
    );
    expect(status.state).toBe('sending');
    expect(rig.sandbox.calls({ username: user.username })).toEqual([]);
    expect(await runJson(['limits'], own)).toMatchObject({
      document: { queueRate: { perSecond: 0 }, workers: [expect.any(String)] },
    });

    // The worker is there, and its log has nothing of it: only the limits tell.
    const id = `verify/${user.userPoolId}/${user.sub}/email`;
    await expect(rig.client.resendCode(id, {}, { timeout: '3 seconds' })).rejects.toMatchObject({
      code: 'WorkerUnavailable',
      message: expect.stringMatching(/paused or limited: cognito-verification limits/),
    });

    await runJson(['limits', '--clear', 'queue-rate'], own);
    await expect
      .poll(() => rig.sandbox.calls({ username: user.username }).length, { timeout: TAKES_HOLD_MS })
      .toBeGreaterThan(0);
  });
});

it('shows the workers that work, and not one that has ended, which the server lists for minutes', async () => {
  const { env: server, sandbox } = rig;
  const taskQueue = 'left';
  const queue = { connection: server.connection, namespace: 'default', taskQueue: 'left-cognito' };
  const own = { env: { ...env, VERIFICATION_TASK_QUEUE: taskQueue } };
  const connection = await NativeConnection.connect({ address: server.address });
  const cognito = createCognitoClients({ endpoint: sandbox.url });
  const worker = await startWorker(rig, cognito, taskQueue, { identity: 'leaves', connection });
  onTestFinished(async () => {
    await worker.stop();
    await connection.close();
  });
  const name = expect.stringMatching(/^leaves#/);
  const shown = async () => (await runJson(['limits'], own)).document;
  await expect.poll(async () => (await readQueueLimits(queue))?.workers, { timeout: 10_000 }).toEqual([name]);
  expect(await shown()).toMatchObject({ workers: [name] });
  await worker.stop();
  await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ workers: [] });
  expect((await readQueueLimits(queue))?.workers).toEqual([name]);
});

describe('the brakes of workers that share a store', () => {
  const KEY = Buffer.alloc(32, 'guard of limits');
  const sms = (index: number) => {
    const destination = new Secret(`+994401${100_000 + index}`);
    return { userPoolId: 'us-east-1_AbC123xyz', attributeName: 'phone_number', destination } as const;
  };

  it('are shown, lifted for a time, and set again', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const log = { info: () => undefined, warn: () => undefined };
    const settings = { smsBrake: 'on', smsPerDay: 1_000, guardStore: new Secret(redis.url), guardKey: KEY } as const;
    const worker = createMessageGuard(settings, { log });
    onTestFinished(() => worker.close());
    const asks = async (index: number) => (await worker.admit(sms(index))).verdict;
    let sent = 0;
    while ((await asks(sent)) === 'admitted') sent += 1;

    const guard = {
      VERIFICATION_SMS_BRAKE: 'on',
      VERIFICATION_SMS_PER_DAY: '1000',
      VERIFICATION_GUARD_STORE: redis.url,
      VERIFICATION_GUARD_KEY: KEY.toString('base64'),
    };
    const own = { env: { ...env, ...guard } };
    const prefix = { place: '+994401', limits: { hour: sent, day: expect.any(Number) }, heldLastHour: 1 };
    const isoTime = expect.stringMatching(/^20.*Z$/);
    const { document } = await runJson(['limits'], own);
    expect(document).toMatchObject({ brakes: { mode: 'on' } });
    expect(document).toHaveProperty('brakes.places', expect.arrayContaining([expect.objectContaining(prefix)]));
    expect(document).toHaveProperty('brakes.places.0.brakedUntil', isoTime);
    const budget = { medium: 'sms', spent: { hour: sent, day: sent }, limits: { day: 1_000 } };
    expect(document).toHaveProperty('brakes.budgets', [budget]);

    const { stdout } = await runCli(['limits', '--lift-brake', '+994401', '--for', '2h'], own);
    expect(stdout).toMatch(/^lifted {4}\+994401 until .*\(in (2 h|119 min)\): /m);
    expect(await asks(100)).toBe('admitted');
    await runCli(['limits', '--lift-brake', '+994401', '--for', '0s'], own);
    expect(await asks(101)).toBe('held');
  });

  it('are not known without one, and the command says so', async () => {
    expect(await limits()).toMatchObject({ document: { brakes: { mode: 'off', places: null } } });
    expect((await runCli(['limits'], { env })).stdout).toMatch(/^brakes {4}each worker counts by itself/m);
  });
});

describe('a service that', () => {
  const queue = (workflowService: object) => ({
    connection: untyped({ withDeadline: (_at: number, call: () => unknown) => call(), workflowService }),
    namespace: 'default',
    taskQueue: 'q-cognito',
  });
  const refusing =
    (code: number, details = 'no') =>
    () =>
      Promise.reject(Object.assign(new Error('refused'), { code, details }));
  const change = { queueRate: 1, identity: 'me' };

  it('knows no limits is no reason for a worker to stop, and an error for who sets one', async () => {
    const old = queue({ describeTaskQueue: refusing(12), updateTaskQueueConfig: refusing(12) });
    expect(await readQueueLimits(old)).toBeUndefined();
    await expect(setQueueLimits(old, change)).rejects.toMatchObject({
      code: 'NotSetUp',
      message: expect.stringMatching(/does not know limits of task queues.*Server/),
    });
  });

  it.each([
    [7, 'no', 'NotSetUp', /credentials with the right/],
    [3, 'no', 'InvalidRequest', /refuses these limits: no/],
    [3, 'Expected exactly one row to be updated', 'TemporalUnavailable', /for some minutes.*Try again every minute/],
  ])('refuses with status %d and "%s" says what to do', async (status, details, code, message) => {
    const refused = setQueueLimits(queue({ updateTaskQueueConfig: refusing(status, details) }), change);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

it.each([
  [{ queueRate: {}, poolRate: {} }, /nothing keeps the calls within Cognito's quotas/],
  [{ queueRate: { perSecond: 0 }, poolRate: {} }, /make no direct calls, 2\.5 seconds after a change/],
  [
    { queueRate: { perSecond: 8 }, poolRate: {} },
    /at most 8 \+ 8 = 16 attempts, or 16 \+ 8 = 24 sends\..*a region\.$/m,
  ],
  [{ queueRate: { perSecond: 14 }, poolRate: {} }, /14 \+ 14 = 28 attempts.*more attempts.*unless the allowance keeps/],
  [
    { queueRate: { perSecond: 18 }, poolRate: { perSecond: 17 } },
    /16 \+ 18 = 34 attempts.*or the rate of each pool keeps/,
  ],
  [{ queueRate: { perSecond: 1 }, poolRate: {} }, /make no direct calls/],
  [
    { queueRate: { perSecond: 30 }, poolRate: { perSecond: 1 } },
    /no direct calls.*0 \+ 30 = 30 attempts.*more attempts/,
  ],
  [{ queueRate: {}, poolRate: { perSecond: 4 } }, /make 4 direct attempts.*on top, without a limit/],
])('the effect in words: %j', (rates, words) => {
  const load = { poolWeights: {}, backlog: 3, oldestMs: 4_000, workers: ['1@a', '2@b'] };
  const text = inWords({ namespace: 'default', taskQueue: 'q-cognito' }, { ...rates, ...load });
  expect(text).toMatch(words);
  expect(text).toMatch(/^waiting {3}3 calls, the oldest for 4 s$/m);
});

it.each([
  [0, {}, ['1@a'], /^The queue is paused\..*To go on.* limits --queue-rate 12\. With/m],
  [8, { perSecond: 0 }, ['1@a'], /^The queue is paused\..*limits --pool-rate 4\. With/m],
  [8, {}, [], /^No worker polls this queue\..*VERIFICATION_TASK_QUEUE/m],
])('a rate of %d, %j for each pool, workers %j: it says what that means', (perSecond, poolRate, workers, words) => {
  const told = (changed: object) =>
    inWords(
      { namespace: 'default', taskQueue: 'q' },
      { queueRate: { perSecond: 8 }, poolRate: {}, poolWeights: {}, backlog: 0, oldestMs: 0, workers: [], ...changed },
    );
  expect(told({ queueRate: { perSecond }, poolRate, workers })).toMatch(words);
  expect(told({ workers: ['1@a'] })).not.toMatch(words);
});

it('limits shows the queue although the store of the brakes is away', async () => {
  const guard = {
    VERIFICATION_GUARD_STORE: 'redis://127.0.0.1:1',
    VERIFICATION_GUARD_KEY: Buffer.alloc(32, 'guard').toString('base64'),
  };
  const { code, document } = await runJson(['limits'], { env: { ...env, ...guard } });
  expect(code).toBe(0);
  expect(document).toMatchObject({ queueRate: {}, brakes: { unreadable: expect.any(String), places: null } });
});
