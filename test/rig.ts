/** The common rig of the tests that need a Temporal server: a server, the Cognito sandbox, the worker and a client. */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTE_KEYS, type ServedUserPool, type VerificationPolicy } from '@cognito-verification/contract';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type ClientOptionsForTestEnv, TestWorkflowEnvironment } from '@temporalio/testing';
import { type MetricsExporterConfig, type NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import { Allowance } from '../activities/allowance.js';
import { type CognitoClients, createCognitoClients } from '../activities/cognito-clients.js';
import { temporalCli } from '../dev/temporal-binaries.js';
import { FAIRNESS_ARGUMENTS } from '../dev/temporal-server.js';
import type { MessageGuard } from '../guard/message-guard.js';
import { createLogger } from '../log/logger.js';
import { type Sandbox, startSandbox } from '../sandbox/index.js';
import { prometheusOn } from '../worker/telemetry.js';
import { createWorker, type VerificationWorker } from '../worker/worker.js';
import { onWeakness, PLANTED } from './attacks/attack.js';
import { withWeakBundle } from './attacks/weak-bundle.js';
import { replayAll } from './replay-all.js';
import { poolSettings, poolsOf } from './served-pools.js';
import { stamping } from './stamping.js';
import { timeSkippingServer } from './time-skipping-server.js';

export type SandboxUser = Awaited<ReturnType<Sandbox['createUser']>>;

/** One key for each process, so that everything sealed in the process can be opened in it. */
const KEYS = `test:${randomBytes(32).toString('base64')}`;
const KEY_RING: KeyRing = keyRingOf(...parseKeys(KEYS, 'the key of this test'));

/** A Temporal server with everything around it. */
export interface Rig {
  env: TestWorkflowEnvironment;
  sandbox: Sandbox;
  /** Every user pool of the sandbox. */
  userPools: Iterable<ServedUserPool>;
  /** The settings by which the command serves the pool of this rig's users. */
  settings: Record<string, string>;
  client: VerificationClient;
  /** Lets forged and expired tokens through, as a caller can that writes to Temporal without our client. */
  unchecked: VerificationClient;
  /** The key that seals everything here, in the form of `VERIFICATION_ENCRYPTION_KEYS`. */
  keys: string;
  keyRing: KeyRing;
  /** For an additional Temporal client. */
  dataConverter: DataConverter;
  /** The time of the server, as far as this process knows it. */
  now: () => number;
  taskQueue: string;
  /** Ids of all workflows that were started through `env.client`. */
  started: Set<string>;
  worker: VerificationWorker;
  /** Creates a user with both attributes, unverified, in the pool of this rig. */
  user(): Promise<SandboxUser>;
  /** Starts a verification of the user's e-mail. */
  start(user: SandboxUser, policy?: VerificationPolicy): ReturnType<VerificationClient['start']>;
  close(): Promise<void>;
}

/** The options of a rig. */
export interface RigOptions {
  cognito?: (sandbox: Sandbox) => CognitoClients;
  sandbox?: Parameters<typeof startSandbox>[0];
  /** Default: a key of this process. */
  keyRing?: KeyRing;
  /** The names of client and worker in histories. Default: process id and host name. */
  identity?: string;
  /** With 0 each workflow task replays the history so far (forced replay). Default: see `cacheSize`. */
  maxCachedWorkflows?: number;
  /** A bundle other than that of the build. */
  workflowBundlePath?: string | undefined;
  workflowStackTraces?: boolean;
  /** Default: one of its own. */
  taskQueue?: string;
  /** Where this process serves its metrics. Default: nowhere. */
  metricsAddress?: string;
  /** What direct calls draw on. Default: `enough`. */
  allowance?: Allowance;
  /** Default: none. */
  messageGuard?: MessageGuard;
  /** More arguments of the local server. Default: none. */
  serverArguments?: readonly string[];
}

/** `timeSkipping` for waits of hours, `local` (the real development server) for everything else. */
export async function startRig(server: 'local' | 'timeSkipping', options: RigOptions = {}): Promise<Rig> {
  const { keyRing = KEY_RING } = options;
  quietRuntime(options.metricsAddress && (await prometheusOn(options.metricsAddress)));
  const started = new Set<string>();
  // A server that skips time runs ahead of this process, so the sandbox follows the server's clock.
  let sandboxClock: () => number = Date.now;
  const now = () => sandboxClock();
  const dataConverter = clientDataConverter(keyRing);
  const client = {
    dataConverter,
    interceptors: { workflow: [noting(started), stamping(now)] },
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  };
  const env = await (server === 'local'
    ? localServer(client, options.serverArguments)
    : timeSkippingServer({ client }));
  const sandbox = await startSandbox(options.sandbox ?? {});
  sandboxClock = () => sandbox.now().getTime();
  const cognito = options.cognito?.(sandbox) ?? createCognitoClients({ endpoint: sandbox.url });
  const { taskQueue = `test-${randomUUID()}` } = options;
  const userPools = poolsOf(sandbox);
  // A worker of its own process has to know the pool before there are users.
  const { userPoolId: poolId } = await sandbox.createUser();
  let running = await startWorker({ env, userPools }, cognito, taskQueue, options);
  onWeakness(async (weakness) => {
    // Another bundle would not replay them.
    for (const workflowId of started)
      await env.client.workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => undefined);
    started.clear();
    await running.stop();
    const start = async (workflowBundlePath = options.workflowBundlePath) => {
      running = await startWorker({ env, userPools }, cognito, taskQueue, { ...options, workflowBundlePath });
    };
    await (weakness === undefined ? start() : withWeakBundle(weakness, start));
  });
  const callers = { client: env.client, userPools, taskQueue, now };
  const verifications = new VerificationClient(callers);
  return {
    env,
    sandbox,
    userPools,
    settings: poolSettings(sandbox),
    client: verifications,
    unchecked: new VerificationClient({ ...callers, uncheckedTokens: true }),
    keys: KEYS,
    keyRing,
    dataConverter,
    now,
    taskQueue,
    started,
    worker: running.worker,
    user: async () => {
      // Tokens expire in the sandbox's time, which follows the time-skipping server ahead of this process.
      if (server === 'timeSkipping')
        sandbox.advanceClock(Math.max(0, (await env.currentTimeMs()) - sandbox.now().getTime()));
      return await sandbox.createUser({
        poolId,
        attributes: { email: 'zoe@example.com', phone_number: '+15555550123' },
      });
    },
    start: (user, policy = {}) =>
      verifications.start({ accessToken: user.accessToken, attributeName: 'email', policy }),
    close: async () => {
      await running.stop();
      cognito.destroy();
      await sandbox.close();
      await env.teardown();
    },
  };
}

/** A rig for a whole test file. At the end every history that it has made must replay on the bundle. */
export function useRig(...args: Parameters<typeof startRig>): Rig {
  const rig = {} as Rig;
  beforeAll(async () => {
    Object.assign(rig, await startRig(...args));
  });
  afterAll(async () => {
    try {
      // The bundle of the build would not replay what another one has made.
      if (!PLANTED) await replayAll(rig, rig.started);
    } finally {
      await rig.close();
    }
  });
  return rig;
}

function noting(started: Set<string>): WorkflowClientInterceptor {
  return {
    async start(input, next) {
      started.add(input.options.workflowId);
      return await next(input);
    },
    async startUpdateWithStart(input, next) {
      started.add(input.workflowStartOptions.workflowId);
      return await next(input);
    },
  };
}

/** A worker that has just come makes direct calls too, as one that the server has listed for long. */
class Enough extends Allowance {
  override follow({ perSecond }: Parameters<Allowance['follow']>[0]): void {
    super.follow({ perSecond, workers: 1 });
  }
}

/** For as many direct calls as tests make, whatever another test has been throttled for: each has its history always. */
export const enough = (): Allowance => new Enough(1_000, { throttledForMs: 0 });

/** How many workflows the workers of this test run keep in memory; undefined for the default of the SDK. */
export function cacheSize(): number | undefined {
  const size = process.env['VERIFICATION_TEST_CACHE'];
  return size ? Number(size) : undefined;
}

/** Runs a worker until it is stopped. */
export async function startWorker(
  { env, userPools }: Pick<Rig, 'env' | 'userPools'>,
  cognito: CognitoClients,
  taskQueue: string,
  options: Omit<RigOptions, 'cognito' | 'sandbox'> & { connection?: NativeConnection } = {},
): Promise<{ worker: VerificationWorker; stop(): Promise<void> }> {
  const { keyRing = KEY_RING, identity, maxCachedWorkflows = cacheSize() } = options;
  const { workflowBundlePath, workflowStackTraces, allowance = enough(), messageGuard } = options;
  const worker = await createWorker({
    connection: options.connection ?? env.nativeConnection,
    namespace: 'default',
    keys: keyRing,
    userPools,
    cognito,
    taskQueue,
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    ...(identity === undefined ? {} : { identity }),
    workflowBundlePath,
    workflowStackTraces,
    allowance,
    messageGuard,
  });
  const run = worker.run();
  return {
    worker,
    stop: async () => {
      worker.shutdown();
      await run;
    },
  };
}

/** All users of a rig have the same address and number. */
const MANY_MESSAGES = { VERIFICATION_DESTINATION_PER_HOUR: '1000', VERIFICATION_DESTINATION_PER_DAY: '1000' };

/**
 * A worker as deployed: the compiled command, in a process of its own.
 * @param settings additional environment variables
 */
export async function startWorkerProcess(
  { env, settings: served }: Pick<Rig, 'env' | 'settings'>,
  taskQueue: string,
  settings: NodeJS.ProcessEnv = {},
): Promise<{ pid: number; output: string[]; end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> }> {
  const worker = spawn(process.execPath, ['dist/program/main.cjs', 'worker'], {
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: env.address,
      VERIFICATION_ENCRYPTION_KEYS: KEYS,
      VERIFICATION_TASK_QUEUE: taskQueue,
      ...MANY_MESSAGES,
      ...served,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const exited = once(worker, 'exit');
  await Promise.race([
    once(worker.stdout, 'data'),
    exited.then(() => {
      throw new Error(`The worker ended before it polled: ${output.join('')}`);
    }),
  ]);
  return {
    pid: worker.pid ?? 0,
    output,
    end: async (signal) => {
      worker.kill(signal);
      await exited;
    },
  };
}

async function localServer(
  client: ClientOptionsForTestEnv,
  more: readonly string[] = [],
): Promise<TestWorkflowEnvironment> {
  // Set by `test/postgres-for-all.ts` alone.
  const address = process.env['VERIFICATION_TEST_TEMPORAL'];
  if (address) return await TestWorkflowEnvironment.createFromExistingServer({ address, client });
  return await TestWorkflowEnvironment.createLocal({
    client,
    server: {
      executable: { type: 'existing-path', path: await temporalCli() },
      searchAttributes: Object.values(SEARCH_ATTRIBUTE_KEYS),
      ui: false,
      extraArgs: [...FAIRNESS_ARGUMENTS, ...more],
      // The server logs every update beyond its limit of ten in flight, and the SDK's client retries those.
      log: { format: 'pretty', level: 'never' },
    },
  });
}

let installed = false;

/** Once per process. The tests cause failures on purpose, so only errors of the SDK itself are printed. */
export function quietRuntime(metrics?: MetricsExporterConfig | ''): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: createLogger('error'),
    telemetryOptions: {
      logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
      ...(metrics ? { metrics } : {}),
    },
  });
}

/** `Array.fromAsync`, which Node 20 lacks. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
