/** Where the flood runs: a Temporal development server, the Cognito sandbox with an account's quotas, two worker processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { cognitoTaskQueue, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { guardChild } from '../dev/child-guard.js';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, startSandbox } from '../sandbox/index.js';
import { connectClient } from '../temporal/connect-client.js';
import { setQueueLimits } from '../temporal/queue-limits.js';

/** What is set before the flood. */
export interface OverloadSettings {
  /** Whether the server lets pools take turns. */
  readonly fairness: boolean;
  /** Requests in a second, beyond which the sandbox throttles as Cognito does. */
  readonly quotas: { readonly sends: number; readonly attempts: number };
  /** `VERIFICATION_DIRECT_CALLS_PER_SECOND`. */
  readonly allowance: number;
  /** The rate of the task queue of calls. */
  readonly queueRate: number;
}

/** Everything that a flood runs on. */
export interface OverloadStand {
  readonly sandbox: Sandbox;
  /** Of several services, each with a connection of its own. */
  readonly callers: readonly [VerificationClient, ...VerificationClient[]];
  /** The pools of the flood and of the quiet users. */
  readonly pools: { readonly flood: string; readonly quiet: string };
  setQueueRate(perSecond: number | null): Promise<void>;
  /** Ends all workers as a deployment does (SIGTERM), and starts new ones. */
  restartWorkers(): Promise<void>;
  close(): Promise<void>;
}

const WORKERS = 2;
/** With 2,000 calls under way on one connection, HTTP/2 in Node 20 ends in a loop (nodejs/node#52952 reads alike). */
const CALLERS = 8;
const MAIN = fileURLToPath(new URL('../program/main.cjs', import.meta.url));
const TASK_QUEUE = 'overload';

/** Starts the stand. If one part fails to start, the parts before it are stopped. */
export async function startOverloadStand(settings: OverloadSettings): Promise<OverloadStand> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const server = await startTemporalServer({
      cli: await temporalCli(),
      headless: true,
      fairness: settings.fairness,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const sandbox = await startSandbox();
    closing.push(() => sandbox.close());
    const pools = { flood: (await sandbox.createUser()).userPoolId, quiet: (await sandbox.createUser()).userPoolId };
    // The account's quotas alone are under test.
    sandbox.setSwitches({ emailsPerDay: 1_000_000, sendsPerHour: 1_000, attemptsPerHour: 1_000 });
    const { sends, attempts } = settings.quotas;
    const quotas = { GetUserAttributeVerificationCode: sends, VerifyUserAttribute: attempts };
    for (const [operation, perSecond] of Object.entries(quotas))
      sandbox.setFault({ operation, tokenBucket: { perSecond, burst: Math.ceil(perSecond) } });
    // Of its own: an operator's command does not wait behind a crowd of callers either.
    const temporal = { address: server.address, namespace: 'default', taskQueue: TASK_QUEUE, security: {} };
    const operator = await connectClient(temporal);
    closing.push(() => operator.close());
    const queue = { connection: operator.connection, namespace: 'default', taskQueue: cognitoTaskQueue(TASK_QUEUE) };
    const setQueueRate = async (queueRate: number | null) => {
      const set = () => setQueueLimits(queue, { queueRate, identity: 'npm run overload' });
      // As an operator does whom a busy server has not answered in time.
      await set().catch(set);
    };
    await setQueueRate(settings.queueRate);
    const keys = `overload:${randomBytes(KEY_BYTES).toString('base64')}`;
    const environment = {
      PATH: process.env['PATH'],
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      TEMPORAL_ADDRESS: server.address,
      VERIFICATION_TASK_QUEUE: TASK_QUEUE,
      VERIFICATION_ENCRYPTION_KEYS: keys,
      VERIFICATION_USER_POOLS: Object.values(pools).join(','),
      VERIFICATION_DIRECT_CALLS_PER_SECOND: String(settings.allowance),
      VERIFICATION_LOG_LEVEL: 'error',
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
    };
    const startWorkers = () => Promise.all(Array.from({ length: WORKERS }, () => startWorker(environment)));
    let workers = await startWorkers();
    closing.push(async () => void (await Promise.all(workers.map((worker) => worker.end()))));
    const dataConverter = clientDataConverter(keyRingOf(...parseKeys(keys, 'keys')));
    const userPools = Object.values(pools).map((userPoolId) => ({ userPoolId, endpoint: sandbox.url }));
    const connectCaller = async () => {
      const { client, close: disconnect } = await connectClient(temporal, { dataConverter });
      closing.push(() => disconnect());
      return new VerificationClient({ client, userPools, taskQueue: TASK_QUEUE });
    };
    const callers: [VerificationClient, ...VerificationClient[]] = [await connectCaller()];
    while (callers.length < CALLERS) callers.push(await connectCaller());
    return {
      sandbox,
      callers,
      pools,
      setQueueRate,
      restartWorkers: async () => {
        await Promise.all(workers.map((worker) => worker.end()));
        workers = await startWorkers();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A worker as deployed: the command, in a process of its own. */
async function startWorker(env: NodeJS.ProcessEnv): Promise<{ end(): Promise<void> }> {
  // On Ctrl-C the stand ends it.
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'worker'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const release = child.pid === undefined ? () => undefined : guardChild(child.pid);
  const exited = once(child, 'exit');
  const polls = child.stdout === null ? exited : once(child.stdout, 'data');
  await Promise.race([
    polls,
    exited.then(() => {
      throw new Error('a worker ended before it polled; its reason is above');
    }),
  ]);
  child.stdout?.resume();
  return {
    end: async () => {
      child.kill('SIGTERM');
      await exited;
      release();
    },
  };
}
