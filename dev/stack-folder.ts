/**
 * The folder in which a local stack keeps its state over restarts, and the lock that lets one stack at a time use it.
 * The secrets in it (tokens, the sandbox's users) are good for this sandbox only; even so, only their owner may read
 * them.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { makeFolder, parseJson, readText } from './files.js';
import { checkOwnFolder } from './own-folder.js';
import { tryLock } from './process-lock.js';

/** The worker's log, a file of the folder. */
export const WORKER_LOG = 'worker.log';

/** What is known of a running stack. `up --json` prints it. */
export const StackInfo = v.object({
  /** The process that runs worker and sandbox. */
  pid: v.number(),
  /** `host:port` of the Temporal Service. */
  temporal: v.string(),
  namespace: v.string(),
  taskQueue: v.string(),
  /** Absent when the stack has not started the Temporal Service. */
  webUi: v.optional(v.string()),
  /** The Web UI and the `temporal` command read sealed payloads through it. */
  codecServer: v.string(),
  /** The endpoint that the worker calls; absent for Amazon Cognito itself. */
  cognito: v.optional(v.string()),
  /** The same endpoint, if it is a Cognito sandbox that this stack has started. */
  sandbox: v.optional(v.string()),
  /** The page with the messages to the sandbox's users. */
  inbox: v.optional(v.string()),
  /** The verification of the demonstration. */
  workflowId: v.optional(v.string()),
  workflowUrl: v.optional(v.string()),
  /** How that verification ended. */
  outcome: v.optional(v.string()),
  userPoolId: v.optional(v.string()),
  clientId: v.optional(v.string()),
  username: v.optional(v.string()),
  stateDir: v.string(),
  /** A shell sources this file in order to use the stack. */
  environmentFile: v.string(),
});
export type StackInfo = v.InferOutput<typeof StackInfo>;

/** The folder of a stack. It belongs to this process until `release`. */
export interface StackFolder {
  /** Absolute path of a file in it. */
  path(name: string): string;
  /** Writes a file that only its owner may read, whole or not at all. Answers its path. */
  writePrivate(name: string, content: string): Promise<string>;
  readText(name: string): Promise<string | undefined>;
  /** Writes the file by which a second `up` finds this stack. */
  publish(info: StackInfo): Promise<void>;
  release(): Promise<void>;
}

/** A stack that runs already. `info` is undefined while it is starting. */
export interface RunningStack {
  readonly pid: number;
  readonly info: StackInfo | undefined;
}

// The names have no `.json`, so that formatters of a whole work tree leave these files alone.
const RUNNING_FILE = 'running';
/** A stack publishes itself within seconds after its start. A download takes longer; nobody waits for that. */
const PUBLISH_WAIT_MS = 10_000;

/**
 * Opens the folder, or answers which stack uses it.
 * @throws Error when the folder cannot be made, or it or something in it can be of another user
 */
export async function openStackFolder(stateDir: string): Promise<StackFolder | RunningStack> {
  const folder = resolve(stateDir);
  await makeFolder(folder, 0o700);
  await checkOwnFolder(folder, 'Name another folder with --state-dir, or remove this one.');
  const lock = await tryLock(join(folder, 'lock'));
  if ('heldBy' in lock) {
    const { pid } = lock.heldBy;
    return { pid, info: await readPublishedInfo(pid, folder) };
  }
  // Nobody commits the folder by mistake, whatever repository it is in.
  await writeFile(join(folder, '.gitignore'), '*\n');
  await rm(join(folder, RUNNING_FILE), { force: true });

  const path = (name: string) => join(folder, name);
  const writePrivate = async (name: string, content: string) => {
    // A process that is killed here leaves the old file or the new one, never a part of one.
    const unfinished = `${path(name)}.unfinished`;
    await rm(unfinished, { force: true });
    await writeFile(unfinished, content, { mode: 0o600 });
    await rename(unfinished, path(name));
    return path(name);
  };
  return {
    path,
    writePrivate,
    readText: async (name) => await readText(path(name)),
    publish: async (info) => {
      await writePrivate(RUNNING_FILE, `${JSON.stringify(info, null, 2)}\n`);
    },
    release: async () => {
      await rm(path(RUNNING_FILE), { force: true });
      await lock.release();
    },
  };
}

async function readPublishedInfo(pid: number, folder: string): Promise<StackInfo | undefined> {
  const deadline = performance.now() + PUBLISH_WAIT_MS;
  do {
    // Undefined while the stack writes the file.
    const info = parseJson(StackInfo, await readText(join(folder, RUNNING_FILE)));
    if (info?.pid === pid) return info;
    await sleep(200);
  } while (performance.now() < deadline);
  return undefined;
}
