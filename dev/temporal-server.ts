/**
 * Runs Temporal's development server on the loopback interface, for a developer's machine and for tests. It takes free
 * ports, is ready when its namespace is, and ends when it is closed or when this process ends.
 */
import { basename, dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { makeFolder } from './files.js';
import { freePort } from './free-port.js';
import { type ServerProcess, spawnServer } from './server-process.js';

const HOST = '127.0.0.1';
/** Usually half a second. A loaded machine with an old database has taken far longer. */
const READY_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_STEP_MS = 50;
/** Another process may take a port between our check and our use of it. */
const PORT_ATTEMPTS = 5;

/** The type names the server registers search attributes under. */
type SearchAttributeTypeName = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** Options of `startTemporalServer`. */
export interface TemporalServerOptions {
  /** Path of the `temporal` command. */
  cli: string;
  /** Wanted ports. A free one replaces a port that is taken. Default: free ones. */
  port?: number | undefined;
  uiPort?: number | undefined;
  /** Starts the server without the Web UI. Default `false`. */
  headless?: boolean | undefined;
  /** The SQLite file that keeps everything over a restart. Default: in memory. */
  dbFilename?: string | undefined;
  /** Created if it does not exist. Default: `default`. */
  namespace?: string | undefined;
  /** Search attributes to register at the start. Default: none. */
  searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>> | undefined;
  /** The codec server that opens sealed payloads for the Web UI. Default: none. */
  uiCodecEndpoint?: string | undefined;
  /** The server's log is appended to this file. Default: none. */
  logFile?: string | undefined;
  /** The lowest level that the server logs. Default: `warn`. */
  logLevel?: 'debug' | 'warn' | undefined;
  /** Whether the pools of a task queue take turns, which a server does not let them unless told. Default: `true`. */
  fairness?: boolean | undefined;
}

/** The arguments of `temporal server start-dev` that let fairness keys count: its default is `false`, in Server 1.32 too. */
export const FAIRNESS_ARGUMENTS: readonly string[] = ['--dynamic-config-value', 'matching.enableFairness=true'];

/** A running server. */
export interface TemporalServer {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  readonly namespace: string;
  /** Absent when headless. */
  readonly uiUrl?: string | undefined;
  readonly pid: number;
  /** Settles when the server ends, by `close` or by itself. */
  readonly exited: Promise<void>;
  /** Stops it: gracefully, then by force, within about ten seconds. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts the server and waits until its namespace is usable.
 * @throws Error with the end of the server's log, when it does not get ready
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  // The server takes the path for a part of a URL, in which #, ? and % mean something. So it runs in the folder of its
  // database, and gets the name alone.
  const database = options.dbFilename === undefined ? undefined : resolve(options.dbFilename);
  if (database !== undefined) {
    checkName(database);
    await makeFolder(dirname(database));
  }
  const folder = database === undefined ? undefined : dirname(database);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(options.port);
    const uiPort = options.headless === true ? undefined : await freePort(options.uiPort);
    const { cli, logFile } = options;
    const server = await spawnServer(resolve(cli), argumentsFor(options, port, uiPort), { folder, logFile });
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
      uiUrl: uiPort === undefined ? undefined : `http://${HOST}:${uiPort}`,
      pid: server.pid,
      exited: server.exited,
      close: async () => await server.stop(),
    };
  }
}

/** @throws Error for a name of a database that the server would take for another one */
function checkName(database: string): void {
  const name = basename(database);
  if (!/[#?%]/.test(name) && !name.startsWith('-')) return;
  const problem = 'the server would take it for another name or for an option';
  throw new Error(`the database cannot be called ${name}: ${problem}. Choose a name without # ? % and a - in front.`);
}

function argumentsFor(options: TemporalServerOptions, port: number, uiPort: number | undefined): string[] {
  const args = ['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', options.logLevel ?? 'warn'];
  if (uiPort === undefined) args.push('--headless');
  // With its news feed the UI would call the internet at every start.
  else args.push('--ui-port', String(uiPort), '--ui-disable-news-fetch');
  if (options.dbFilename !== undefined) args.push('--db-filename', basename(options.dbFilename));
  if (options.namespace !== undefined) args.push('--namespace', options.namespace);
  if (options.uiCodecEndpoint !== undefined) args.push('--ui-codec-endpoint', options.uiCodecEndpoint);
  for (const [name, type] of Object.entries(options.searchAttributes ?? {}))
    args.push('--search-attribute', `${name}=${type}`);
  if (options.fairness !== false) args.push(...FAIRNESS_ARGUMENTS);
  return args;
}

/** Asks only after our own server has said that it listens. On a port that another process took, that one would answer. */
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

/** The server lists a namespace a moment before its workflows, so this asks for workflows. */
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
