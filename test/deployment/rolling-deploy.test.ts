/** A rolling deploy with worker processes of several builds: each verification stays on its build, and none is lost or stuck. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTE_KEYS } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { buildIdOfFile } from '../../worker/workflow-bundle.js';
import { killRunning, runJson } from '../cli/run-cli.js';
import { makeBuild, NEXT_RELEASE } from '../faults/builds.js';
import { Fleet } from '../faults/fleet.js';
import { MUTATIONS } from '../replay/mutants.js';
import { quietRuntime, type SandboxUser } from '../rig.js';

const DEPLOYMENT = 'shop/verification';
const TASK_QUEUE = 'rolling';
const AT_ONCE = 10;
const POLLING_MS = 60_000;

const keys = `rolling:${randomBytes(32).toString('base64')}`;

/** A verification, and on which build it must stay. */
interface Begun {
  user: SandboxUser;
  workflowId: string;
  build: string | undefined;
}

interface Build {
  folder: string;
  id: string;
}

let env: TestWorkflowEnvironment;
let connection: Connection;
let sandbox: Sandbox;
let userPoolId: string;
let temporal: Client;
let client: VerificationClient;
let folder: string;
let settings: Record<string, string>;
const builds = {} as Record<'old' | 'new' | 'broken', Build>;
const fleets: Fleet[] = [];
/** That of the old build. */
let older: Fleet;
const begun: Begun[] = [];
/** Begun by unversioned workers. */
let before: Begun[] = [];

beforeAll(async () => {
  quietRuntime();
  folder = await mkdtemp(join(tmpdir(), 'rolling-deploy-'));
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalCli() },
      searchAttributes: Object.values(SEARCH_ATTRIBUTE_KEYS),
      ui: false,
      log: { format: 'pretty', level: 'never' },
    },
  });
  sandbox = await startSandbox();
  ({ userPoolId } = await sandbox.createUserPool());
  const { text, instead } = MUTATIONS['an added timer'];
  const changes = { old: [], new: NEXT_RELEASE, broken: [[text, instead] as const] };
  for (const [name, change] of Object.entries(changes)) {
    const made = await makeBuild(join(folder, name), change);
    builds[name as keyof typeof changes] = {
      folder: made,
      id: await buildIdOfFile(join(made, 'dist/workflow-bundle.js')),
    };
  }
  settings = {
    TEMPORAL_ADDRESS: env.address,
    TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT,
    VERIFICATION_TASK_QUEUE: TASK_QUEUE,
    VERIFICATION_ENCRYPTION_KEYS: keys,
    VERIFICATION_USER_POOLS: userPoolId,
    VERIFICATION_LOG_LEVEL: 'error',
    // Every call goes by the task queue of calls, which has to find a worker of the same build too.
    VERIFICATION_DIRECT_CALLS_PER_SECOND: '0',
    // What a killed worker had in memory, another takes up soon.
    VERIFICATION_STICKY_TIMEOUT: '2s',
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  connection = await Connection.connect({ address: env.address });
  temporal = new Client({ connection, dataConverter: clientDataConverter(keyRingOf(...parseKeys(keys, 'the key'))) });
  client = new VerificationClient({
    client: temporal,
    userPools: [{ userPoolId, endpoint: sandbox.url }],
    taskQueue: TASK_QUEUE,
    timeout: '1 minute',
  });
});
afterAll(async () => {
  await killRunning();
  await Promise.all(fleets.map((fleet) => fleet.stop()));
  await connection.close();
  await sandbox.close();
  await env.teardown();
  await rm(folder, { recursive: true });
});

/** Two worker processes of a build, each restarted when it ends. */
async function startFleet({ folder: build }: Build, more: Record<string, string> = {}): Promise<Fleet> {
  const fleet = new Fleet([{ build }, { build }], { ...settings, ...more });
  fleets.push(fleet);
  await fleet.whole(POLLING_MS);
  return fleet;
}

/** Runs `deploy` with the program of a build. */
const deploy = (build: Build, ...args: string[]) =>
  runJson(['deploy', ...args], { env: settings, program: join(build.folder, 'dist/program/main.cjs') });

const open = (...versions: [Build, number][]) =>
  expect.arrayContaining(versions.map(([{ id }, count]) => expect.objectContaining({ buildId: id, open: count })));

/** @param build on which they must be; undefined if the server may choose */
async function begin(count: number, build?: Build): Promise<void> {
  await inTurns(Array.from({ length: count }), async () => {
    const email = `zoe-${randomBytes(4).toString('hex')}@example.com`;
    const user = await sandbox.createUser({ poolId: userPoolId, attributes: { email } });
    const { workflowId, status } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
    expect(status.state).toMatch(/^(sending|awaitingCode)$/);
    begun.push({ user, workflowId, build: build?.id });
  });
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** The builds that have worked for a verification, in decisions and in calls. */
async function workedFor(workflowId: string): Promise<Set<string>> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  return new Set(
    (events ?? []).flatMap((event) => {
      const done = event.workflowTaskCompletedEventAttributes;
      const call = event.activityTaskStartedEventAttributes;
      return done?.deploymentVersion?.buildId ?? call?.workerVersion?.buildId ?? [];
    }),
  );
}

describe('a rolling deploy', () => {
  it('before a version is current nobody takes verifications up, and every way there is refused that would leave some', async () => {
    const { old, new: next } = builds;
    expect(await deploy(old, 'status')).toMatchObject({ code: 3, document: { error: { code: 'WorkerUnavailable' } } });
    older = await startFleet(old);
    expect(await deploy(old, 'status')).toMatchObject({
      code: 1,
      document: {
        current: null,
        unserved: [{ which: 'new', found: expect.stringContaining('no version of shop/verification is current') }],
      },
    });
    expect(await deploy(old, 'ramp', '10')).toMatchObject({ code: 1, document: { error: { code: 'Refused' } } });
    expect(await deploy(old, 'promote', '--build', 'typo', '--wait', '1s')).toMatchObject({
      code: 3,
      document: { error: { message: expect.stringContaining(`both task queues: ${old.id}.`) } },
    });
    // The server would take a build of which only one half works.
    const half = await startFleet(next, { VERIFICATION_WORKER_ONLY: 'workflows' });
    expect(await deploy(next, 'promote', '--wait', '2s')).toMatchObject({
      code: 3,
      document: {
        error: { message: expect.stringContaining(`${next.id} of ${DEPLOYMENT} polls task queue rolling-cognito.`) },
      },
    });
    await half.stop();
    expect(await deploy(old, 'rollback')).toMatchObject({ code: 1, document: { error: { code: 'Refused' } } });
    expect(await deploy(old, 'ramp')).toMatchObject({ code: 2 });
  });

  it('takes over what unversioned workers have begun, and only once it has replayed', async () => {
    const { old } = builds;
    const unversioned = await startFleet(old, { TEMPORAL_DEPLOYMENT_NAME: '' });
    await begin(5);
    before = begun.splice(0);
    await expect
      .poll(() => deploy(old, 'promote'), { timeout: 20_000 })
      .toMatchObject({ code: 1, document: { error: { message: expect.stringMatching(/^5 open .*add --replay/) } } });
    expect(await deploy(old, 'promote', '--replay')).toMatchObject({
      code: 0,
      document: { current: old.id, unserved: [], unversioned: { open: 5 }, replay: { replayed: 5, failed: 0 } },
    });
    await unversioned.stop();
  });

  it('keeps each of 200 on its build through ramp, promote, rollback and killed workers', async () => {
    const { old, new: next, broken } = builds;
    await begin(100, old);
    const newer = await startFleet(next);
    // Nothing has happened to those of the unversioned workers since, so that they would go on with this build.
    await expect
      .poll(() => deploy(next, 'ramp', '30'), { timeout: 20_000 })
      .toMatchObject({ code: 1, document: { error: { message: expect.stringMatching(/^5 open .*add --replay/) } } });
    expect(await deploy(next, 'ramp', '30', '--replay')).toMatchObject({
      code: 0,
      document: { ramp: { percent: 30 }, replay: { failed: 0 } },
    });
    await begin(40);
    older.kill(([first]) => first, 1_000);
    newer.kill(([first]) => first, 1_000);
    expect(await deploy(next, 'promote', '--replay')).toMatchObject({
      code: 0,
      document: { current: next.id, ramp: null, done: { from: old.id }, replay: { failed: 0 } },
    });
    await begin(40, next);

    expect(await deploy(broken, 'promote', '--replay')).toMatchObject({
      code: 1,
      document: {
        error: { code: 'DoesNotReplay', replay: { failures: expect.arrayContaining([expect.anything()]) } },
      },
    });
    expect(await deploy(old, 'rollback')).toMatchObject({
      code: 0,
      document: { current: old.id, done: { action: 'rollback', from: next.id }, unserved: [] },
    });
    await begin(20, old);
    // Who starts again joins, on the build on which the verification is.
    for (const { user } of [...begun.slice(0, 5), ...begun.slice(140, 145), ...begun.slice(180, 185)]) {
      const { status } = await client.start({ accessToken: user.accessToken, attributeName: 'email' });
      expect(status.joined).toBe(true);
    }

    let submitted = 0;
    await inTurns([...begun, ...before], async ({ user, workflowId }) => {
      submitted += 1;
      if (submitted === 40) newer.kill(([first]) => first, 1_000);
      if (submitted === 120) older.kill(([first]) => first, 1_000);
      const code = sandbox.codeFor(user, 'email');
      // The answer to an attempt is lost with the worker that made it. Then the user tries again.
      const state = async () => {
        await client.submitCode(workflowId, { code }).catch(() => undefined);
        return (await client.status(workflowId)).state;
      };
      await expect.poll(state, { timeout: 60_000 }).toBe('verified');
    });

    expect(begun).toHaveLength(200);
    for (const { workflowId } of before) expect(await workedFor(workflowId)).toContain(old.id);
    const onBuilds = new Map<string, number>();
    await inTurns(begun, async ({ user, workflowId, build }) => {
      const worked = await workedFor(workflowId);
      expect(worked.size, [...worked].join()).toBe(1);
      const [only = ''] = worked;
      expect([old.id, next.id]).toContain(only);
      if (build !== undefined) expect(only).toBe(build);
      else onBuilds.set(only, (onBuilds.get(only) ?? 0) + 1);
      expect(sandbox.inbox(user)).toHaveLength(1);
    });
    // Of the 40 that the server has divided.
    expect([...onBuilds.keys()].sort()).toEqual([old.id, next.id].sort());
    await expect
      .poll(() => deploy(old, 'status'), { timeout: 20_000 })
      .toMatchObject({ code: 0, document: { versions: open([old, 0], [next, 0]) } });
    expect(fleets.flatMap(({ ended }) => ended)).toEqual([]);
  }, 180_000);

  it('goes on from a ramp to another build', async () => {
    const { old, new: next } = builds;
    expect(await deploy(next, 'ramp', '5')).toMatchObject({ code: 0, document: { ramp: { percent: 5 } } });
    expect(await deploy(next, 'rollback')).toMatchObject({ code: 0, document: { current: old.id, ramp: null } });
    expect(await deploy(next, 'ramp', '5')).toMatchObject({ code: 0 });
    expect(await deploy(old, 'promote')).toMatchObject({
      code: 0,
      document: { current: old.id, ramp: null, done: { from: next.id } },
    });
    expect(await deploy(old, 'ramp', '5')).toMatchObject({ code: 1, document: { error: { code: 'Refused' } } });
  });

  it('is left to whoever manages the deployment', async () => {
    const { workflowService } = connection;
    const manager = { namespace: 'default', deploymentName: DEPLOYMENT, identity: 'controller' };
    await workflowService.setWorkerDeploymentManager({ ...manager, managerIdentity: 'controller' });
    const refused = { code: 1, document: { error: { message: expect.stringMatching(/^controller manages/) } } };
    for (const action of [['promote'], ['rollback'], ['ramp', '0']])
      expect(await deploy(builds.new, ...action)).toMatchObject(refused);
    expect(await deploy(builds.new, 'status')).toMatchObject({ code: 0, document: { manager: 'controller' } });
  });
});
