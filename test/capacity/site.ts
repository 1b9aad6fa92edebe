/** Where a scenario of the check runs: a Temporal development server, the Cognito sandbox, and workers as deployed, by the command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { cognitoTaskQueue, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { guardChild } from '../../dev/child-guard.js';
import { temporalCli } from '../../dev/temporal-binaries.js';
import { startTemporalServer } from '../../dev/temporal-server.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../../sandbox/index.js';

/** What a scenario sets. */
export interface SiteOptions {
  readonly workers: number;
  readonly directCallsPerSecond: number;
  /** The limit of the task queue of calls. Undefined: none. */
  readonly queueCallsPerSecond?: number | undefined;
}

/** Quotas of the account. Undefined: none. */
interface AccountLimits {
  readonly attemptsPerSecond?: number | undefined;
  readonly sendsPerSecond?: number | undefined;
  /** Of Cognito's own sender of e-mails. */
  readonly emailsPerDay?: number | undefined;
}

/** A running site. */
export interface Site {
  readonly sandbox: Sandbox;
  readonly temporal: Client;
  readonly verifications: VerificationClient;
  readonly serverPid: number;
  readonly workerPids: readonly number[];
  user(): Promise<SandboxUser>;
  /** The warm-up comes before. */
  limitAccount(limits: AccountLimits): void;
  close(): Promise<void>;
}

const MANY = 1_000_000;

const TASK_QUEUE = 'capacity';

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITIES = 2;

/** Starts the site. If one part fails to start, the parts before it are stopped. */
export async function startSite(options: SiteOptions): Promise<Site> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end !== undefined; end = closing.pop()) await end();
  };
  try {
    const server = await startTemporalServer({
      cli: await temporalCli(),
      headless: true,
      searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'])),
    });
    closing.push(() => server.close());
    const sandbox = await startSandbox();
    closing.push(() => sandbox.close());
    const { userPoolId } = await sandbox.createUser({ emailAccount: 'COGNITO_DEFAULT' });
    sandbox.setSwitches({ emailsPerDay: MANY });
    const connection = await Connection.connect({ address: server.address });
    closing.push(() => connection.close());
    await limitQueue(connection, options.queueCallsPerSecond);
    const keys = `check:${randomBytes(KEY_BYTES).toString('base64')}`;
    const workerPids: number[] = [];
    while (workerPids.length < options.workers) {
      const worker = await startWorker({
        TEMPORAL_ADDRESS: server.address,
        VERIFICATION_ENCRYPTION_KEYS: keys,
        VERIFICATION_TASK_QUEUE: TASK_QUEUE,
        VERIFICATION_USER_POOLS: userPoolId,
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
        VERIFICATION_DIRECT_CALLS_PER_SECOND: String(options.directCallsPerSecond),
      });
      workerPids.push(worker.pid);
      closing.push(() => worker.stop());
    }
    const dataConverter = clientDataConverter(keyRingOf(...parseKeys(keys, 'keys')));
    const temporal = new Client({ connection, dataConverter });
    const userPools = [{ userPoolId, endpoint: sandbox.url }];
    return {
      sandbox,
      temporal,
      verifications: new VerificationClient({ client: temporal, userPools, taskQueue: TASK_QUEUE }),
      serverPid: server.pid,
      workerPids,
      user: () => sandbox.createUser({ poolId: userPoolId }),
      limitAccount: (limits) => limitAccount(sandbox, limits),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sandbox has a quota of an account only as a fault, whose bucket holds what one second lets through, in whole calls. */
function limitAccount(sandbox: Sandbox, { attemptsPerSecond, sendsPerSecond, emailsPerDay }: AccountLimits): void {
  const limit = (operation: string, perSecond: number | undefined) => {
    if (perSecond !== undefined)
      sandbox.setFault({ operation, tokenBucket: { perSecond, burst: Math.max(1, Math.floor(perSecond)) } });
  };
  limit('VerifyUserAttribute', attemptsPerSecond);
  limit('GetUserAttributeVerificationCode', sendsPerSecond);
  if (emailsPerDay !== undefined) sandbox.setSwitches({ emailsPerDay: emailsPerDay + sandbox.inbox().length });
}

async function limitQueue(connection: Connection, perSecond: number | undefined): Promise<void> {
  if (perSecond === undefined) return;
  await connection.workflowService.updateTaskQueueConfig({
    namespace: 'default',
    identity: 'capacity-check',
    taskQueue: cognitoTaskQueue(TASK_QUEUE),
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is of a package of the SDK's own
    taskQueueType: ACTIVITIES,
    updateQueueRateLimit: { rateLimit: { requestsPerSecond: perSecond }, reason: 'a scenario of the check' },
  });
}

async function startWorker(settings: NodeJS.ProcessEnv): Promise<{ pid: number; stop(): Promise<void> }> {
  const worker = spawn(process.execPath, ['dist/program/main.cjs', 'worker'], {
    env: { ...process.env, VERIFICATION_LOG_LEVEL: 'error', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const release = worker.pid === undefined ? () => undefined : guardChild(worker.pid);
  const exited = once(worker, 'exit').finally(release);
  await Promise.race([
    once(worker.stdout, 'data'),
    exited.then(() => {
      throw new Error('a worker ended before it polled; its error is above');
    }),
  ]);
  return { pid: worker.pid ?? 0, stop: () => stopWorker(worker, exited) };
}

async function stopWorker(worker: ChildProcess, exited: Promise<unknown>): Promise<void> {
  // A throttled one may be stopped just now.
  worker.kill('SIGCONT');
  worker.kill('SIGTERM');
  const kill = setTimeout(() => worker.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(kill);
}
