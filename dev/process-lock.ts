/**
 * A lock file that one process of this machine holds at a time. It names its holder by pid and start time, so that the
 * lock of a dead process is free at once, also after `kill -9`.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../log/error-code.js';
import { makeFolder, parseJson, readText } from './files.js';
import { identifyProcess, isSameProcessAlive, ProcessIdentity } from './process-identity.js';

/** The lock is ours until `release`. */
export interface HeldLock {
  release(): Promise<void>;
}

/** A try fails only when another process is faster, or when the file cannot be read (a dangling link). */
const TRIES = 100;

/** Takes the lock unless a live process holds it; then the answer names that process. */
export async function tryLock(path: string): Promise<HeldLock | { heldBy: ProcessIdentity }> {
  await makeFolder(dirname(path));
  const self = (await identifyProcess(process.pid)) ?? { pid: process.pid };
  // The token tells apart two takers within one process.
  const mine = JSON.stringify({ ...self, token: randomUUID() });
  for (let tries = 0; tries < TRIES; tries++) {
    if (await createWhole(path, mine)) return { release: () => releaseOwn(path, mine) };
    const found = await readText(path);
    if (found === undefined) continue; // It was released between the two lines above.
    const holder = parseJson(ProcessIdentity, found);
    if (holder && (await isSameProcessAlive(holder))) return { heldBy: holder };
    await removeStale(path, found);
  }
  throw new Error(`the lock file ${path} can neither be taken nor read. Remove it, then try again.`);
}

/** A link appears whole or not at all, so no process sees a lock file without its holder. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Moves the dead holder's file aside. If another process has replaced that file meanwhile, its file goes back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

async function releaseOwn(path: string, mine: string): Promise<void> {
  if ((await readText(path)) === mine) await unlink(path);
}
