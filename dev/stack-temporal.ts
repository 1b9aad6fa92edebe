/**
 * Chooses the Temporal Service of a local stack: the one that the environment names, or a development server that the
 * stack starts. A profile counts only when a variable of this shell names it.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_QUEUE } from '@cognito-verification/contract';
import { loadConfig, type TemporalConfig } from '../temporal/config.js';
import { parseJson } from './files.js';
import { identifyProcess, isSameProcessAlive, ProcessIdentity } from './process-identity.js';
import type { StackFolder } from './stack-folder.js';
import type { Teardown } from './teardown.js';
import { temporalCli } from './temporal-binaries.js';
import { startTemporalServer, type TemporalServer } from './temporal-server.js';
import type { Timeline } from './timeline.js';

/** The Temporal Service of a stack. */
export interface StackTemporal {
  readonly config: TemporalConfig;
  /** Whether this stack started it. */
  readonly own: boolean;
  /** Absent when the stack has not started the service: its Web UI may be anywhere. */
  readonly webUi?: string | undefined;
  /** Resolves with a sentence when a server of ours ends by itself; otherwise never settles. */
  readonly lost: Promise<string>;
}

/** Options of `provideTemporal`. */
export interface StackTemporalOptions {
  /** Wanted ports of a server of ours. */
  readonly port: number;
  readonly uiPort: number;
  /** The codec server that a Web UI of ours calls. */
  readonly uiCodecEndpoint: string;
  readonly dbFilename: string;
  readonly logFile: string;
  /** The folder keeps the identity of the server. */
  readonly folder: Pick<StackFolder, 'readText' | 'writePrivate'>;
  /** Whether the worker's Cognito is a sandbox that no other worker knows. */
  readonly privateCognito: boolean;
  /** Makes this stack's task queue unique on a shared service. */
  readonly stateDir: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

const EXTERNAL = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];
const SERVER_FILE = 'temporal-server';
/** When a stack is killed, a guard ends its server within ten seconds. */
const PREDECESSOR_LIMIT_MS = 15_000;

/** The variables of this environment that name an existing service; empty when there is none. */
export function settingsOfExternal(): Record<string, string> {
  return Object.fromEntries(
    EXTERNAL.flatMap((name) => {
      const value = process.env[name];
      return value ? [[name, value]] : [];
    }),
  );
}

/** Chooses the service, starts it if it is our own, and tells the timeline which one it is. */
export async function provideTemporal(options: StackTemporalOptions): Promise<StackTemporal> {
  const named = Object.keys(settingsOfExternal());
  if (named.length === 0) return await startOwnServer(options);
  const config = loadConfig();
  const taskQueue = taskQueueOnSharedService(config, options);
  options.timeline.tell(
    `using the Temporal Service at ${config.address}, namespace ${config.namespace} (${named.join(', ')} is set)`,
  );
  if (taskQueue !== config.taskQueue) options.timeline.tell(`leaving its other workers alone: task queue ${taskQueue}`);
  return { config: { ...config, taskQueue }, own: false, lost: never() };
}

async function startOwnServer(options: StackTemporalOptions): Promise<StackTemporal> {
  const { port, uiPort, uiCodecEndpoint, dbFilename, logFile, folder, timeline, teardown } = options;
  const cli = await temporalCli({ report: (line) => timeline.tell(line) });
  await untilPredecessorHasEnded(folder, timeline);
  const server = await startTemporalServer({ cli, port, uiPort, uiCodecEndpoint, dbFilename, logFile });
  await folder.writePrivate(SERVER_FILE, JSON.stringify(await identifyProcess(server.pid)));
  let closing = false;
  teardown.add('the Temporal server', async () => {
    closing = true;
    await server.close();
  });
  tellReplacedPort('Temporal', port, server.address, timeline);
  if (server.uiUrl !== undefined) tellReplacedPort('the Web UI', uiPort, server.uiUrl, timeline);
  timeline.tell(`started a Temporal server at ${server.address}, Web UI ${server.uiUrl}`);
  return {
    config: {
      address: server.address,
      namespace: server.namespace,
      taskQueue: process.env['VERIFICATION_TASK_QUEUE'] || TASK_QUEUE,
      security: {},
    },
    own: true,
    webUi: server.uiUrl,
    lost: untilServerIsLost(server, () => closing, logFile),
  };
}

/** Two servers would damage one database. The earlier one is about to end, because its stack has ended. */
async function untilPredecessorHasEnded(folder: Pick<StackFolder, 'readText'>, timeline: Timeline): Promise<void> {
  const predecessor = parseJson(ProcessIdentity, await folder.readText(SERVER_FILE));
  if (predecessor === undefined) return;
  const deadline = performance.now() + PREDECESSOR_LIMIT_MS;
  for (let reported = false; await isSameProcessAlive(predecessor); reported = true) {
    if (!reported) timeline.tell(`waiting for the server of a stack that was killed (pid ${predecessor.pid}) to end`);
    if (performance.now() > deadline)
      throw new Error(`the server of an earlier stack does not end: pid ${predecessor.pid}. End it, then try again.`);
    await sleep(100);
  }
}

async function untilServerIsLost(server: TemporalServer, closing: () => boolean, logFile: string): Promise<string> {
  await server.exited;
  return closing() ? await never() : `the Temporal server ended by itself; its log is ${logFile}`;
}

async function never(): Promise<never> {
  return await new Promise(() => undefined);
}

/**
 * A worker with a sandbox of its own must not take the verifications of other workers, which call another Cognito. On
 * the usual task queue it would: other people, and real workers, use that on the same service.
 */
function taskQueueOnSharedService(config: TemporalConfig, { privateCognito, stateDir }: StackTemporalOptions): string {
  if (!privateCognito || process.env['VERIFICATION_TASK_QUEUE']) return config.taskQueue;
  const place = createHash('sha256').update(`${hostname()}\0${stateDir}`).digest('hex').slice(0, 8);
  return `${TASK_QUEUE}-stack-${place}`;
}

function tellReplacedPort(what: string, wanted: number, address: string, timeline: Timeline): void {
  const used = address.slice(address.lastIndexOf(':') + 1);
  if (wanted !== 0 && used !== String(wanted)) timeline.tell(`port ${wanted} is taken; ${what} uses ${used}`);
}
