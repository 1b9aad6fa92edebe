/**
 * Which Temporal Service a local stack works with: the one that is named by the environment, or a development server
 * that the stack starts. A profile that merely exists is not a wish: only what is set for this shell counts.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_QUEUE } from '@cognito-verification/contract';
import { loadConfig, type TemporalConfig } from '../temporal/config.js';
import { identifyProcess, isSameProcessAlive, type ProcessIdentity } from './process-identity.js';
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
  /** Absent where the service is not ours: its Web UI may be anywhere. */
  readonly webUi?: string;
  /** Tells in words that a server of ours has ended by itself; otherwise never settles. */
  readonly lost: Promise<string>;
}

/** How to choose and start it. */
export interface StackTemporalOptions {
  /** Wanted ports of a server of ours. */
  readonly port: number;
  readonly uiPort: number;
  /** The codec server that a Web UI of ours will ask. */
  readonly uiCodecEndpoint: string;
  readonly dbFilename: string;
  readonly logFile: string;
  /** Where the server that runs is written down. */
  readonly folder: Pick<StackFolder, 'readText' | 'writePrivate'>;
  /** The worker's Cognito is a sandbox that nobody else knows. */
  readonly privateCognito: boolean;
  /** What tells this stack's task queue from another's on a shared service. */
  readonly stateDir: string;
  readonly timeline: Timeline;
  readonly teardown: Teardown;
}

const EXTERNAL = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];
const SERVER_FILE = 'temporal-server';
/** A server whose stack was killed is ended by its guard, which gives it ten seconds. */
const PREDECESSOR_LIMIT_MS = 15_000;

/** What names an existing service in this environment; empty when a server is to be started. */
export function settingsOfExternal(): Record<string, string> {
  return Object.fromEntries(
    EXTERNAL.flatMap((name) => {
      const value = process.env[name];
      return value ? [[name, value]] : [];
    }),
  );
}

/** Chooses, starts what has to be started, and says which it is. */
export async function provideTemporal(options: StackTemporalOptions): Promise<StackTemporal> {
  const named = Object.keys(settingsOfExternal());
  if (named.length === 0) return await ownServer(options);
  const config = loadConfig();
  const taskQueue = taskQueueOnSharedService(config, options);
  options.timeline.tell(
    `using the Temporal Service at ${config.address}, namespace ${config.namespace} (${named.join(', ')} is set)`,
  );
  if (taskQueue !== config.taskQueue)
    options.timeline.tell(`its other workers are left alone: task queue ${taskQueue}`);
  return { config: { ...config, taskQueue }, own: false, lost: never() };
}

async function ownServer(options: StackTemporalOptions): Promise<StackTemporal> {
  const { port, uiPort, uiCodecEndpoint, dbFilename, logFile, folder, timeline, teardown } = options;
  const cli = await temporalCli({ report: (line) => timeline.tell(line) });
  await untilPredecessorIsGone(folder, timeline);
  const server = await startTemporalServer({ cli, port, uiPort, uiCodecEndpoint, dbFilename, logFile });
  await folder.writePrivate(SERVER_FILE, JSON.stringify(await identifyProcess(server.pid)));
  let closing = false;
  teardown.add('the Temporal server', async () => {
    closing = true;
    await server.close();
  });
  tellReplaced('Temporal', port, server.address, timeline);
  if (server.uiUrl !== undefined) tellReplaced('the Web UI', uiPort, server.uiUrl, timeline);
  timeline.tell(`started a Temporal server at ${server.address}, Web UI ${server.uiUrl}`);
  return {
    config: {
      address: server.address,
      namespace: server.namespace,
      taskQueue: process.env['VERIFICATION_TASK_QUEUE'] || TASK_QUEUE,
      security: {},
    },
    own: true,
    ...(server.uiUrl === undefined ? {} : { webUi: server.uiUrl }),
    lost: lostServer(server, () => closing, logFile),
  };
}

/** Two servers on one database would spoil it; the other one is on its way out, for its stack is gone. */
async function untilPredecessorIsGone(folder: Pick<StackFolder, 'readText'>, timeline: Timeline): Promise<void> {
  const text = await folder.readText(SERVER_FILE);
  if (!text) return;
  const predecessor: ProcessIdentity = JSON.parse(text);
  const deadline = performance.now() + PREDECESSOR_LIMIT_MS;
  for (let told = false; await isSameProcessAlive(predecessor); told = true) {
    if (!told) timeline.tell(`waiting for the server of a stack that was killed (pid ${predecessor.pid}) to end`);
    if (performance.now() > deadline)
      throw new Error(`the server of an earlier stack does not end: pid ${predecessor.pid}. End it, then try again.`);
    await sleep(100);
  }
}

async function lostServer(server: TemporalServer, closing: () => boolean, logFile: string): Promise<string> {
  await server.exited;
  return closing() ? await never() : `the Temporal server ended by itself; its log is ${logFile}`;
}

async function never(): Promise<never> {
  return await new Promise(() => undefined);
}

/**
 * A worker with a sandbox of its own must not take verifications that are meant for another one's Cognito, and with
 * the usual task queue it would: other people, and real workers, use it on the same service.
 */
function taskQueueOnSharedService(config: TemporalConfig, { privateCognito, stateDir }: StackTemporalOptions): string {
  if (!privateCognito || process.env['VERIFICATION_TASK_QUEUE']) return config.taskQueue;
  const place = createHash('sha256').update(`${hostname()}\0${stateDir}`).digest('hex').slice(0, 8);
  return `${TASK_QUEUE}-stack-${place}`;
}

function tellReplaced(what: string, wanted: number, address: string, timeline: Timeline): void {
  const used = address.slice(address.lastIndexOf(':') + 1);
  if (wanted !== 0 && used !== String(wanted)) timeline.tell(`port ${wanted} is taken; ${what} uses ${used}`);
}
