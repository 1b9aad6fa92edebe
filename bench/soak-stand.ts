/** Where the soak runs: a Temporal server, the Cognito sandbox, and a worker as it is deployed, the command with its defaults. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { VerificationClient } from '@cognito-verification/client';
import { clientDataConverter, KEY_BYTES, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Client, Connection } from '@temporalio/client';
import { type CognitoClients, createCognitoClients } from '../activities/cognito-clients.js';
import { startPostgresServer } from '../dev/postgres-server.js';
import { type ServerProcess, spawnServer } from '../dev/server-process.js';
import { createTeardown } from '../dev/teardown.js';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, startSandbox } from '../sandbox/index.js';

const POLLING_LIMIT_MS = 120_000;
const POLLING_STEP_MS = 50;

/** The servers that the soak can run on. */
export const SOAK_SERVERS = ['postgres', 'dev'] as const;
export type SoakServer = (typeof SOAK_SERVERS)[number];

/** Everything that the soak runs on. */
export interface SoakStand {
  readonly sandbox: Sandbox;
  /** The pool of all users, which the worker serves. */
  readonly userPoolId: string;
  readonly verifications: VerificationClient;
  /** For users who call Cognito past the verification. */
  readonly cognito: CognitoClients;
  readonly worker: ServerProcess;
  /** A sentence, once the server or the worker has ended by itself. */
  lost(): string | undefined;
  close(): Promise<void>;
}

/**
 * Starts the stand. If one part fails to start, the parts before it are stopped.
 * @throws the error of that part; the reason of the signal
 */
export async function startSoakStand(
  which: SoakServer,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<SoakStand> {
  const teardown = createTeardown(report);
  try {
    const server = await startServer(which, report, signal);
    teardown.addQuietly('the Temporal server', () => server.close());
    const sandbox = await startSandbox();
    teardown.addQuietly('the sandbox', () => sandbox.close());
    const cognito = createCognitoClients({ endpoint: sandbox.url });
    teardown.addQuietly('the Cognito client', () => cognito.destroy());
    // It ends with this process: calls of people who were interrupted may be under way.
    const connection = await Connection.connect({ address: server.address });
    // The worker is told of the pool before there is anybody in it.
    const { userPoolId } = await sandbox.createUser();
    const keys = `soak:${randomBytes(KEY_BYTES).toString('base64')}`;
    const folder = await mkdtemp(join(tmpdir(), 'soak-'));
    teardown.addQuietly('the temporary folder', () => rm(folder, { recursive: true, force: true }));
    const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));
    const worker = await spawnServer(process.execPath, [command, 'worker'], {
      folder,
      env: {
        TEMPORAL_ADDRESS: server.address,
        VERIFICATION_USER_POOLS: userPoolId,
        VERIFICATION_ENCRYPTION_KEYS: keys,
        VERIFICATION_LOG_LEVEL: 'error',
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
        AWS_REGION: 'us-east-1',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      },
    });
    teardown.addQuietly('the worker', () => worker.stop());
    await untilPolling(worker, signal);
    const client = new Client({
      connection,
      dataConverter: clientDataConverter(keyRingOf(...parseKeys(keys, 'keys'))),
    });
    let serverEnded = false;
    void server.exited.then(() => (serverEnded = true));
    signal.throwIfAborted();
    return {
      sandbox,
      userPoolId,
      verifications: new VerificationClient({ client, userPools: [{ userPoolId, endpoint: sandbox.url }] }),
      cognito,
      worker,
      lost: () => {
        if (serverEnded) return 'the Temporal server ended by itself';
        return worker.hasExited() ? `the worker ended by itself: ${worker.lastWords()}` : undefined;
      },
      close: () => teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function untilPolling(worker: ServerProcess, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + POLLING_LIMIT_MS;
  while (!worker.announced('Polling task queue')) {
    signal.throwIfAborted();
    if (worker.hasExited() || performance.now() > deadline)
      throw new Error(`the worker did not start: ${worker.lastWords()}`);
    await sleep(POLLING_STEP_MS);
  }
}

async function startServer(which: SoakServer, report: (line: string) => void, signal: AbortSignal) {
  if (which === 'postgres') return await startPostgresServer({ report, signal });
  const searchAttributes = Object.fromEntries(
    Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword'] as const),
  );
  return await startTemporalServer({ cli: await temporalCli(), headless: true, searchAttributes });
}

/** What a process holds now. `NaN` where the system has no /proc. */
export interface Holdings {
  readonly rssMb: number;
  readonly fileDescriptors: number;
}

/** Reads what a process holds. */
export async function holdingsOf(pid: number): Promise<Holdings> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => undefined);
  return {
    rssMb: (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6,
    fileDescriptors: descriptors?.length ?? Number.NaN,
  };
}
