/**
 * Runs Temporal's development server on the loopback interface: free ports, ready when its namespace is, gone when
 * it is closed or when this process ends. For a developer's machine and for tests; production runs a real service.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePort } from './free-port.js';
import { makeFolder } from './make-folder.js';
import { type ServerProcess, spawnServer } from './server-process.js';

const HOST = '127.0.0.1';
/** Usually half a second; a loaded machine with an old database has taken far longer. */
const READY_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_STEP_MS = 50;
/** Between finding a port free and taking it, somebody else may. */
const PORT_ATTEMPTS = 5;

/** The type names the server registers search attributes under. */
type SearchAttributeTypeName = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** How to run the server. */
export interface TemporalServerOptions {
  /** Path of the `temporal` command. */
  cli: string;
  /** Wanted ports: free ones are used instead of ones that are taken, and any when none is wanted. */
  port?: number;
  uiPort?: number;
  /** Without the Web UI. */
  headless?: boolean;
  /** SQLite file that lets everything survive a restart; in memory unless given. */
  dbFilename?: string;
  /** Created if it is not there; `default` unless given. */
  namespace?: string;
  /** Registered at the start. */
  searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>>;
  /** Codec server that the Web UI asks to open sealed payloads. */
  uiCodecEndpoint?: string;
  /** What the server logs is appended here. */
  logFile?: string;
  /** The least that it logs; `warn` unless given. */
  logLevel?: 'debug' | 'warn';
}

/** A running server. */
export interface TemporalServer {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  readonly namespace: string;
  /** Absent when headless. */
  readonly uiUrl?: string;
  readonly pid: number;
  /** Settles when the server ends, by `close` or by itself. */
  readonly exited: Promise<void>;
  /** Stops it: gracefully, then by force, within about ten seconds. May be called again. */
  close(): Promise<void>;
}

/** Starts the server and waits until its namespace is usable. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.dbFilename !== undefined) await makeFolder(dirname(options.dbFilename));
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(options.port);
    const uiPort = options.headless === true ? undefined : await freePort(options.uiPort);
    const server = await spawnServer(options.cli, argumentsFor(options, port, uiPort), options.logFile);
    try {
      await untilReady(server, `${HOST}:${port}`, options.namespace ?? 'default');
    } catch (error) {
      await server.stop();
      if (attempt < PORT_ATTEMPTS && server.errorTail().includes('address already in use')) continue;
      throw error;
    }
    return {
      address: `${HOST}:${port}`,
      namespace: options.namespace ?? 'default',
      ...(uiPort === undefined ? {} : { uiUrl: `http://${HOST}:${uiPort}` }),
      pid: server.pid,
      exited: server.exited,
      close: async () => await server.stop(),
    };
  }
}

function argumentsFor(options: TemporalServerOptions, port: number, uiPort: number | undefined): string[] {
  const args = ['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', options.logLevel ?? 'warn'];
  if (uiPort === undefined) args.push('--headless');
  // The news feed would have every start of the UI ask the internet.
  else args.push('--ui-port', String(uiPort), '--ui-disable-news-fetch');
  if (options.dbFilename !== undefined) args.push('--db-filename', options.dbFilename);
  if (options.namespace !== undefined) args.push('--namespace', options.namespace);
  if (options.uiCodecEndpoint !== undefined) args.push('--ui-codec-endpoint', options.uiCodecEndpoint);
  for (const [name, type] of Object.entries(options.searchAttributes ?? {}))
    args.push('--search-attribute', `${name}=${type}`);
  return args;
}

/** Asks only after our own server said that it listens: on a port lost to another, that other would answer. */
async function untilReady(server: ServerProcess, address: string, namespace: string): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  const connection = Connection.lazy({ address });
  try {
    for (;;) {
      if (server.hasExited()) throw new Error(`the Temporal server ended at its start: ${server.lastWords()}`);
      if (server.announced() && (await isUsable(connection, namespace))) return;
      if (performance.now() > deadline)
        throw new Error(`the Temporal server is not ready after ${READY_LIMIT_MS / 1000} s: ${server.lastWords()}`);
      await sleep(PROBE_STEP_MS);
    }
  } finally {
    await connection.close();
  }
}

/** A namespace is listed a moment before its workflows can be: ask for those. */
async function isUsable(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + PROBE_LIMIT_MS, () =>
      connection.workflowService.countWorkflowExecutions({ namespace }),
    );
    return true;
  } catch {
    return false;
  }
}
