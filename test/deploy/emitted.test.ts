/**
 * A worker goes through many outcomes, and its metrics tell each. Dashboard and alert rules ask only for what such a run serves.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient, VerificationError } from '@cognito-verification/client';
import { KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import {
  type AttributeName,
  SEARCH_ATTRIBUTES,
  type VerificationPolicy,
  workflowIdFor,
} from '@cognito-verification/contract';
import { Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';
import { freePort } from '../../dev/free-port.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { METRICS, prometheusName } from '../../metrics/table.js';
import { guardObserver } from '../../worker/metrics.js';
import { WORKFLOW_BUNDLE_PATH } from '../../worker/workflow-bundle.js';
import { MUTATIONS } from '../replay/mutants.js';
import { replayAll } from '../replay-all.js';
import { type Rig, type SandboxUser, startRig, startWorker, startWorkerProcess } from '../rig.js';
import { alertExpressions, dashboardExpressions } from './expressions.js';
import { finds, groupingsIn, type Sample, scrape, selectorsIn, sum } from './scrape.js';

const SEND = 'GetUserAttributeVerificationCode';
/** The sandbox never generates it. */
const WRONG = '918273';
type Fault = Omit<Parameters<Rig['sandbox']['setFault']>[0], 'operation' | 'username'>;

let rig: Rig;
let cognito: CognitoClients;
let folder: string;
let address: string;
/** Everything that was served so far, by this process and by a worker whose server went away. */
const served: Sample[] = [];

beforeAll(async () => {
  address = `127.0.0.1:${await freePort()}`;
  folder = await mkdtemp(join(tmpdir(), 'emitted-'));
  // A task queue of the name that the rules know.
  rig = await startRig('local', { metricsAddress: address, taskQueue: 'attribute-verification' });
  cognito = createCognitoClients({ endpoint: rig.sandbox.url });
});

afterAll(async () => {
  cognito?.destroy();
  await rig?.close();
  await rm(folder, { recursive: true, force: true });
});

const samples = async (): Promise<Sample[]> => (await scrape(address)).samples;
const calls = async (labels: Record<string, string>): Promise<number> =>
  sum(await samples(), 'verification_calls_total', labels);
const ended = async (labels: Record<string, string>): Promise<number> =>
  sum(await samples(), 'verification_ended_total', labels);

const clientOf = (taskQueue: string) =>
  new VerificationClient({ client: rig.env.client, userPools: rig.userPools, taskQueue, timeout: '6 seconds' });

interface Story {
  attributeName?: AttributeName;
  policy?: VerificationPolicy;
}

/** Starts a verification whose sends meet a fault; `started` is what its start was told, if that is soon. */
async function startUnder(fault: Fault | undefined, { attributeName = 'email', policy = {} }: Story = {}) {
  const user = await rig.user();
  if (fault) rig.sandbox.setFault({ operation: SEND, username: user.username, ...fault });
  const workflowId = `verify/${user.userPoolId}/${user.sub}/${attributeName}`;
  const started = rig.client.start({ accessToken: user.accessToken, attributeName, policy }).catch((error: unknown) => {
    // A verification that fails at once, or is cancelled below, answers its start so.
    if (!(error instanceof VerificationError)) throw error;
  });
  return { user, workflowId, started };
}

async function submit(workflowId: string, user: SandboxUser, attributeName: AttributeName = 'email') {
  const code = rig.sandbox.codeFor(user, attributeName);
  return (await rig.client.submitCode(workflowId, { code })).result;
}

describe('the metrics tell', () => {
  it('a verification that succeeds: one send, one wrong code, one right code, and how long it took', async () => {
    const { user, workflowId, started } = await startUnder(undefined, { attributeName: 'phone_number' });
    await started;
    await rig.client.submitCode(workflowId, { code: WRONG });
    expect(await submit(workflowId, user, 'phone_number')).toBe('verified');
    await rig.client.wait(workflowId);
    const one = { attribute: 'phone_number', path: 'direct', user_pool: user.userPoolId };
    expect(await calls({ ...one, call: 'send', outcome: 'sent', reason: 'none' })).toBe(1);
    expect(await calls({ ...one, call: 'attempt', outcome: 'mismatch', reason: 'CodeMismatchException' })).toBe(1);
    expect(await calls({ ...one, call: 'attempt', outcome: 'accepted' })).toBe(1);
    await expect.poll(() => ended({ outcome: 'verified', reason: 'accepted', attribute: 'phone_number' })).toBe(1);
    const all = await samples();
    const labels = { attribute: 'phone_number' };
    expect(sum(all, 'verification_time_to_verified_seconds_count', labels)).toBe(1);
    const buckets = all.filter(({ name }) => name === 'verification_time_to_verified_seconds_bucket');
    expect(new Set(buckets.map((bucket) => bucket.labels['le']))).toEqual(
      new Set([...METRICS.timeToVerified.buckets.map(String), '+Inf']),
    );
  });

  it.each<[string, Fault, Record<string, string>]>([
    [
      'a throttle',
      { exception: { name: 'TooManyRequestsException' }, times: 1 },
      { outcome: 'throttled', reason: 'TooManyRequestsException' },
    ],
    ['a rate limit', { exception: { name: 'LimitExceededException' } }, { outcome: 'rateLimited' }],
    ['a lost answer', { dropConnection: 'afterEffect' }, { outcome: 'uncertain', reason: 'ECONNRESET' }],
    [
      'an answer of something that is not Cognito',
      { answer: { status: 202, headers: { 'content-type': 'text/html' }, body: '<html>' } },
      { outcome: 'uncertain', reason: 'ForeignAnswer' },
    ],
    ['an undeliverable message', { exception: { name: 'CodeDeliveryFailureException' } }, { outcome: 'undeliverable' }],
    ['a firewall', { exception: { name: 'ForbiddenException' } }, { outcome: 'blocked', reason: 'ForbiddenException' }],
    [
      'a name that nobody has listed, without the name',
      { exception: { name: 'SomebodysOwnException' }, times: 1 },
      { outcome: 'failed', reason: 'other' },
    ],
  ])('%s', async (_name, fault, labels) => {
    const before = await calls({ call: 'send', path: 'direct', ...labels });
    const { workflowId, started } = await startUnder(fault);
    await expect.poll(async () => (await calls({ call: 'send', path: 'direct', ...labels })) - before).toBe(1);
    // Some end at once, others would try again for minutes.
    await rig.client.cancel(workflowId).catch(() => undefined);
    await started;
    expect((await scrape(address)).text).not.toContain('SomebodysOwn');
  });

  it('a throttled look that is a part of an attempt, and a throttled send that goes by the task queue of calls', async () => {
    const { user, workflowId, started } = await startUnder({
      exception: { name: 'TooManyRequestsException' },
      times: 1,
    });
    await started;
    expect(await calls({ call: 'send', path: 'governed', outcome: 'sent' })).toBeGreaterThan(0);
    rig.sandbox.setFault({
      operation: 'GetUser',
      username: user.username,
      exception: { name: 'TooManyRequestsException' },
      times: 1,
    });
    expect(await submit(workflowId, user)).toBe('verified');
    expect(await calls({ call: 'look', outcome: 'throttled' })).toBe(1);
    expect(await calls({ call: 'look', outcome: 'read' })).toBeGreaterThan(0);
  });

  it('a call that nobody can make', async () => {
    const { userPoolId, sub } = await rig.user();
    const client = clientOf(rig.taskQueue);
    const reference = { accessTokenReference: 'none', userPoolId, sub, attributeName: 'email' } as const;
    const started = client.start(reference).catch(() => undefined);
    await expect.poll(() => calls({ outcome: 'unreachable', reason: 'AccessTokenSourceMissing' })).toBeGreaterThan(0);
    await client.cancel(workflowIdFor(reference));
    await started;
  });

  it('each ending, with its reason', async () => {
    const failing = await startUnder(
      { exception: { name: 'InvalidSmsRoleAccessPolicyException' } },
      { attributeName: 'phone_number' },
    );
    await failing.started;
    const used = await startUnder(undefined, { policy: { maxAttempts: 1 } });
    await used.started;
    await rig.client.submitCode(used.workflowId, { code: WRONG });
    await rig.start(used.user);
    const verified = await rig.sandbox.createUser({
      poolId: used.user.userPoolId,
      attributes: { email: 'ada@example.com' },
      emailVerified: true,
    });
    await rig.client.start({ accessToken: verified.accessToken, attributeName: 'email' });
    for (const [labels, least] of [
      [{ outcome: 'failed', reason: 'InvalidSmsRoleAccessPolicyException', attribute: 'phone_number' }, 1],
      [{ outcome: 'failed', reason: 'other' }, 1],
      [{ outcome: 'expired', reason: 'AttemptsExhausted' }, 1],
      [{ outcome: 'alreadyVerified', reason: 'none' }, 1],
      [{ outcome: 'cancelled', reason: 'none' }, 1],
    ] as const)
      await expect.poll(() => ended(labels), { message: JSON.stringify(labels) }).toBeGreaterThanOrEqual(least);
  });
});

describe('the end of a verification counts once', () => {
  it('by a worker that replays at each task, and not when its history is replayed', async () => {
    const taskQueue = 'without-a-cache';
    const worker = await startWorker(rig, cognito, taskQueue, { maxCachedWorkflows: 0 });
    const user = await rig.user();
    const client = clientOf(taskQueue);
    const { workflowId } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
    await client.submitCode(workflowId, { code: WRONG });
    await client.submitCode(workflowId, { code: rig.sandbox.codeFor(user, 'email') });
    await client.wait(workflowId);
    await expect.poll(() => ended({ taskQueue })).toBe(1);
    await worker.stop();
    const before = await samples();
    expect(await replayAll(rig, rig.started)).toBeGreaterThan(10);
    const ours = (all: Sample[]) => all.filter(({ name }) => /^verification_(ended|time)/.test(name));
    expect(ours(await samples())).toEqual(ours(before));
  });
});

describe('what stops verifications', () => {
  it('a build that does not replay, and a worker without the key', async () => {
    const code = await readFile(WORKFLOW_BUNDLE_PATH, 'utf8');
    const { text, instead } = MUTATIONS['an added timer'];
    const workflowBundlePath = join(folder, 'bundle.js');
    await writeFile(workflowBundlePath, code.replace(text, instead));
    const keyRing = keyRingOf(...parseKeys(`other:${randomBytes(KEY_BYTES).toString('base64')}`, 'another key'));
    for (const [taskQueue, options, failure_reason] of [
      ['another-build', { workflowBundlePath }, 'NonDeterminismError'],
      ['another-key', { keyRing }, 'WorkflowError'],
    ] as const) {
      const good = await startWorker(rig, cognito, taskQueue);
      const client = clientOf(taskQueue);
      const { accessToken } = await rig.user();
      const { workflowId } = await client.start({ accessToken, attributeName: 'email' });
      await good.stop();
      const bad = await startWorker(rig, cognito, taskQueue, options);
      const submitted = client.submitCode(workflowId, { code: WRONG }).catch(() => undefined);
      await expect
        .poll(async () =>
          sum(await samples(), 'temporal_workflow_task_execution_failed_total', {
            task_queue: taskQueue,
            failure_reason,
          }),
        )
        .toBeGreaterThan(0);
      await rig.env.client.workflow.getHandle(workflowId).terminate();
      rig.started.delete(workflowId);
      await Promise.all([submitted, bad.stop()]);
    }
  });

  it('a server that goes away', async () => {
    const server = await startTemporalServer({
      cli: await temporalCli(),
      headless: true,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    const metrics = `127.0.0.1:${await freePort()}`;
    const env = { address: server.address } as Rig['env'];
    const worker = await startWorkerProcess({ env, settings: rig.settings }, rig.taskQueue, {
      VERIFICATION_METRICS_ADDRESS: metrics,
    });
    const failures = async () =>
      sum((await scrape(metrics)).samples, 'temporal_long_request_failure_total', { status_code: 'TRANSPORT_ERROR' });
    const before = await failures();
    await server.close();
    await expect.poll(failures).toBeGreaterThan(before);
    served.push(...(await scrape(metrics)).samples);
    await worker.end('SIGKILL');
  });
});

it('what the guard tells of', async () => {
  const observe = guardObserver(Runtime.instance().metricMeter.withTags({ namespace: 'default' }));
  const sms = { type: 'decided', attributeName: 'phone_number', isWatched: false } as const;
  observe({ ...sms, verdict: 'admitted', country: 'DE', isWatched: true });
  observe({ type: 'takenBack', country: 'DE', attributeName: 'phone_number' });
  observe({ type: 'proven', country: 'DE', attributeName: 'phone_number' });
  observe({ ...sms, verdict: 'held', reason: 'MessageBudget', attributeName: 'email' });
  observe({ ...sms, verdict: 'held', reason: 'UnprovenMessages', country: 'LV' });
  observe({ ...sms, verdict: 'refused', reason: 'CountryNotAllowed', country: '+371 20 000 000' });
  observe({ type: 'store', isAway: true });
  const all = await samples();
  const name = 'verification_guard_messages_total';
  expect(sum(all, name, { event: 'held', reason: 'MessageBudget', country: 'none', attribute: 'email' })).toBe(1);
  expect(sum(all, name, { event: 'refused', reason: 'CountryNotAllowed', country: 'other' })).toBe(1);
  expect(sum(all, name, { event: 'admitted' })).toBe(1);
  expect(sum(all, name, { event: 'watched', country: 'DE' })).toBe(1);
  expect(sum(all, 'verification_guard_store_away')).toBe(1);
});

describe('after all of this', () => {
  beforeAll(async () => {
    served.push(...(await samples()));
  });

  it('every metric of the table was served, with exactly its labels and those of the SDK', () => {
    const sdk = ['namespace', 'taskQueue', 'workflowType', 'le'];
    for (const metric of Object.values(METRICS)) {
      const name = prometheusName(metric) + (metric.kind === 'histogram' ? '_bucket' : '');
      const found = served.filter((one) => one.name === name);
      expect(found.length, name).toBeGreaterThan(0);
      for (const { labels } of found)
        expect(
          Object.keys(labels)
            .filter((label) => !sdk.includes(label))
            .sort(),
        ).toEqual(Object.keys(metric.labels).sort());
    }
    const ours = new Set(served.map(({ name }) => name).filter((name) => name.startsWith('verification_')));
    expect(
      [...ours].filter((name) => !Object.values(METRICS).some((metric) => name.startsWith(prometheusName(metric)))),
    ).toEqual([]);
  });

  it.each([
    ['the alert rules', alertExpressions],
    ['the dashboard', dashboardExpressions],
  ])('each series that %s ask for was served, with the labels they group by', async (_name, read) => {
    const expressions = await read();
    expect(expressions.length).toBeGreaterThan(10);
    for (const expression of expressions) {
      const selectors = selectorsIn(expression);
      expect(selectors.length, expression).toBeGreaterThan(0);
      const found = selectors.map((selector) => ({ selector, sample: served.find((one) => finds(selector, one)) }));
      for (const { selector, sample } of found) {
        expect(sample, `${selector.text} in ${expression}`).toBeDefined();
        for (const { label } of selector.matchers)
          expect(Object.keys(sample?.labels ?? {}), selector.text).toContain(label);
      }
      for (const label of groupingsIn(expression))
        for (const { selector, sample } of found)
          expect(Object.keys(sample?.labels ?? {}), `${label} of ${selector.text}`).toContain(label);
    }
  });
});
