/**
 * The folder in which a local stack keeps what survives a restart, and the lock that lets one stack at a time use
 * it. Secrets in it (tokens, the sandbox's users) are worth something to this sandbox only; still they
 * are for their owner's eyes.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';
import { tryLock } from './process-lock.js';

/** What there is to know about a running stack: also the one document of `up --json`. */
export interface StackInfo {
  /** The process that runs worker and sandbox. */
  readonly pid: number;
  /** `host:port` of the Temporal Service. */
  readonly temporal: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Absent where the Temporal Service is not ours. */
  readonly webUi?: string;
  /** What the Web UI and the `temporal` command read sealed payloads through. */
  readonly codecServer: string;
  /** The endpoint the worker calls; absent where that is Amazon Cognito itself. */
  readonly cognito?: string;
  /** The endpoint again, where it is the Cognito sandbox that this stack started. */
  readonly sandbox?: string;
  /** The page with the messages that the sandbox's users have got. */
  readonly inbox?: string;
  /** The verification that was taken through. */
  readonly workflowId?: string;
  readonly workflowUrl?: string;
  /** How that verification ended. */
  readonly outcome?: string;
  readonly userPoolId?: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly stateDir: string;
  /** To be sourced by a shell that wants to talk to this stack. */
  readonly environmentFile: string;
}

/** The folder, ours until it is released. */
export interface StackFolder {
  /** Absolute path of a file in it. */
  path(name: string): string;
  /** Writes a file that only its owner may read, whole or not at all. */
  writePrivate(name: string, content: string): Promise<string>;
  readText(name: string): Promise<string | undefined>;
  /** Tells a second `up` what there is. */
  publish(info: StackInfo): Promise<void>;
  release(): Promise<void>;
}

/** A stack that runs already; without `info` while it is still starting. */
export interface RunningStack {
  readonly pid: number;
  readonly info: StackInfo | undefined;
}

// No file here is called .json: tools that go through a whole work tree would want to format it.
const RUNNING_FILE = 'running';
/** A stack that is starting publishes itself within seconds; a download takes longer and is not waited for. */
const PUBLISH_WAIT_MS = 10_000;

/** Opens the folder, or tells which stack uses it. */
export async function openStackFolder(stateDir: string): Promise<StackFolder | RunningStack> {
  const folder = resolve(stateDir);
  await makeFolder(folder, 0o700);
  const lock = await tryLock(join(folder, 'lock'));
  if ('heldBy' in lock) {
    const { pid } = lock.heldBy;
    return { pid, info: await publishedBy(pid, folder) };
  }
  // So that nobody commits it, whatever repository it stands in.
  await writeFile(join(folder, '.gitignore'), '*\n');
  await rm(join(folder, RUNNING_FILE), { force: true });

  const path = (name: string) => join(folder, name);
  const writePrivate = async (name: string, content: string) => {
    // Whoever is killed meanwhile leaves it whole, as it was or as it is to be.
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

async function publishedBy(pid: number, folder: string): Promise<StackInfo | undefined> {
  const deadline = performance.now() + PUBLISH_WAIT_MS;
  do {
    const text = await readText(join(folder, RUNNING_FILE));
    const info = text === undefined ? undefined : parseInfo(text);
    if (info?.pid === pid) return info;
    await sleep(200);
  } while (performance.now() < deadline);
  return undefined;
}

/** Undefined for one that is just being written. */
function parseInfo(text: string): StackInfo | undefined {
  try {
    // Written by `publish` of this same program, in a folder that is the user's own.
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  });
}
