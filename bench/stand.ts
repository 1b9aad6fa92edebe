/** Where the benchmark runs: a Temporal server and the Cognito sandbox. */
import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Connection } from '@temporalio/client';
import { startPostgresServer } from '../dev/postgres-server.js';
import { createTeardown, type Teardown } from '../dev/teardown.js';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../sandbox/index.js';

/** The servers that a benchmark can run on. */
export const SERVERS = ['dev', 'postgres'] as const;

/** Processes of the server, by what they are called in the tables. */
type Pids = Readonly<Record<'server' | 'database', readonly number[]>>;

/** Everything that all contestants share. */
export interface Stand {
  readonly sandbox: Sandbox;
  readonly connection: Connection;
  readonly address: string;
  readonly pids: Pids;
  /** The version that the server tells. */
  readonly serverVersion: string;
  readonly userPoolId: string;
  /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. */
  readonly keys: string;
  /** The code that everybody gets. */
  readonly code: string;
  /** Aborted when the benchmark is interrupted. */
  readonly signal: AbortSignal;
  /** Takes a line about what takes long. */
  readonly report: (line: string) => void;
  /** Makes users of the pool. */
  users(count: number): Promise<SandboxUser[]>;
  /** Stops the stand, and what is added to it. */
  readonly teardown: Teardown;
}

/** How a stand is started. */
export interface StandOptions {
  readonly server: (typeof SERVERS)[number];
  /** Takes a line about what takes long. */
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts the stand. If one part fails to start, the parts before it are stopped. */
export async function startStand(options: StandOptions): Promise<Stand> {
  const { server, report, signal } = options;
  const teardown = createTeardown(report);
  try {
    const running = await startServer[server](options);
    teardown.addQuietly('the Temporal server', () => running.close());
    const code = '424242';
    const sandbox = await startSandbox({ generateCode: () => code });
    teardown.addQuietly('the sandbox', () => sandbox.close());
    const connection = await Connection.connect({ address: running.address });
    teardown.addQuietly('the connection', () => connection.close());
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    // The workers are told of the pool before there is anybody in it.
    const { userPoolId } = await sandbox.createUser();
    return {
      ...running,
      sandbox,
      connection,
      serverVersion: `${serverVersion} (${server})`,
      userPoolId,
      keys: `bench:${randomBytes(KEY_BYTES).toString('base64')}`,
      code,
      signal,
      report,
      users: async (count) =>
        await Promise.all(Array.from({ length: count }, () => sandbox.createUser({ poolId: userPoolId }))),
      teardown,
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, 'Keyword' as const]));

const startServer = {
  dev: async () => {
    const server = await startTemporalServer({ cli: await temporalCli(), headless: true, searchAttributes });
    const { address, pid } = server;
    return { address, pids: { server: [pid], database: [] }, close: () => server.close() };
  },
  postgres: async ({ report, signal }: StandOptions) => {
    const server = await startPostgresServer({ report, signal });
    const { address, pid, postgresPid } = server;
    return { address, pids: { server: [pid], database: [postgresPid] }, close: () => server.close() };
  },
} satisfies Record<
  (typeof SERVERS)[number],
  (options: StandOptions) => Promise<{ address: string; pids: Pids; close(): Promise<void> }>
>;
