/**
 * A lock file that one process of this machine holds at a time, and that a dead holder does not keep: it names its
 * holder by pid and start time.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';
import { identifyProcess, isSameProcessAlive, type ProcessIdentity } from './process-identity.js';

/** The lock is ours until `release`. */
export interface HeldLock {
  release(): Promise<void>;
}

/** Each is lost to another process only; a file that is there and cannot be read (a dangling link) would go on for ever. */
const TRIES = 100;

/** Takes the lock if nobody alive holds it; otherwise tells who does. */
export async function tryLock(path: string): Promise<HeldLock | { heldBy: ProcessIdentity }> {
  await makeFolder(dirname(path));
  const self = (await identifyProcess(process.pid)) ?? { pid: process.pid };
  // The token tells two takers within one process apart.
  const mine = JSON.stringify({ ...self, token: randomUUID() });
  for (let tries = 0; tries < TRIES; tries++) {
    if (await createWhole(path, mine)) return { release: () => releaseOwn(path, mine) };
    const found = await readOrUndefined(path);
    if (found === undefined) continue; // released between the two lines above
    const holder = parseHolder(found);
    if (holder && (await isSameProcessAlive(holder))) return { heldBy: holder };
    await removeStale(path, found);
  }
  throw new Error(`the lock file ${path} can neither be taken nor read. Remove it, then try again.`);
}

/** A link is made whole or not at all, so a lock file is never seen without its holder's name in it. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Moves the dead holder's file aside; should somebody else have been faster, what we moved is theirs: put it back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

async function releaseOwn(path: string, mine: string): Promise<void> {
  if ((await readOrUndefined(path)) === mine) await unlink(path);
}

function parseHolder(content: string): ProcessIdentity | undefined {
  try {
    const holder: unknown = JSON.parse(content);
    if (typeof holder !== 'object' || holder === null) return undefined;
    if (!('pid' in holder) || typeof holder.pid !== 'number') return undefined;
    const { pid } = holder;
    return 'startedAt' in holder && typeof holder.startedAt === 'string'
      ? { pid, startedAt: holder.startedAt }
      : { pid };
  } catch {
    return undefined;
  }
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  });
}
