/** Where the benchmark runs: a Temporal server and the Cognito sandbox. */
import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from '@cognito-verification/codec';
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { Connection } from '@temporalio/client';
import { temporalCli } from '../dev/temporal-binaries.js';
import { startTemporalServer } from '../dev/temporal-server.js';
import { type Sandbox, type SandboxUser, startSandbox } from '../sandbox/index.js';

/** The servers that a benchmark can run on. */
export const SERVERS = ['dev'] as const;

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
  /** Aborted when the stand closes, for programs that run once. */
  readonly closing: AbortSignal;
  /** Makes users of the pool. */
  users(count: number): Promise<SandboxUser[]>;
  /** Has something stopped with the stand, before what was started earlier. */
  stopLater(stop: () => Promise<void>): void;
  close(): Promise<void>;
}

/** Starts the stand. If one part fails to start, the parts before it are stopped. */
export async function startStand(server: (typeof SERVERS)[number]): Promise<Stand> {
  const stops: (() => Promise<void>)[] = [];
  const closing = new AbortController();
  const close = async (): Promise<void> => {
    closing.abort();
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
  };
  try {
    const running = await startServer[server]();
    stops.push(() => running.close());
    const code = '424242';
    const sandbox = await startSandbox({ generateCode: () => code });
    stops.push(() => sandbox.close());
    const connection = await Connection.connect({ address: running.address });
    stops.push(() => connection.close());
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
      closing: closing.signal,
      users: async (count) =>
        await Promise.all(Array.from({ length: count }, () => sandbox.createUser({ poolId: userPoolId }))),
      stopLater: (stop) => stops.push(stop),
      close,
    };
  } catch (error) {
    await close();
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
} satisfies Record<(typeof SERVERS)[number], () => Promise<{ address: string; pids: Pids; close(): Promise<void> }>>;
