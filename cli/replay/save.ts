/** `replay --save`: the histories as files, which `replay` reads again. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type KeyRing,
  KeyServiceError,
  keyRingOf,
  parseKeys,
  SettingError,
  UnknownKeyError,
} from '@cognito-verification/codec';
import { MANIFEST, type ManifestEntry, readHistoryFiles } from '../../replay/history-files.js';
import { isUnknown } from '../../replay/problem.js';
import { historyDocument } from '../../replay/recorded-history.js';
import { redactHistory } from '../../replay/redact-history.js';
import { type Replayed, type ReplayOptions, replayHistories } from '../../replay/replay.js';
import { startProgress } from '../progress.js';
import { UsageError } from '../usage-error.js';
import type { ReplayCommandOptions } from './options.js';
import type { SourcedHistory } from './source.js';

/** What was written. */
export interface SavedHistories {
  folder: string;
  files: number;
  redacted: boolean;
}

export interface Save {
  /** @throws KeyServiceError */
  take(replayed: Replayed<SourcedHistory>): Promise<void>;
  /**
   * Until now nothing that was written counts as a history.
   * @throws SaveError
   */
  close(replay: Pick<ReplayOptions, 'bundle' | 'workers' | 'signal'>): Promise<SavedHistories>;
  /** Leaves nothing half done behind. After `close` there is nothing. */
  dispose(): Promise<void>;
}

/** Some were not saved; all others were. */
class SaveError extends Error {
  override readonly name = 'SaveError';
  readonly code = 'NotSaved';
}

/** While it is not known that all is right with it. Nobody takes a file of this name for a history. */
const UNFINISHED = '.unfinished';

/**
 * Undefined where nothing is to be saved.
 * @param keys of a worker: they open the payloads, and seal them again unless there are others for that
 * @throws UsageError, SettingError
 */
export async function openSave(options: ReplayCommandOptions, keys: KeyRing): Promise<Save | undefined> {
  const { save: folder, redact = false, sealKeyFile } = options;
  if (folder === undefined) return undefined;
  const sealWith = sealKeyFile === undefined ? keys : await readSealKey(sealKeyFile, keys);
  await makeEmptyFolder(folder);
  const entries = new Map<string, ManifestEntry>();
  const replaying = new Set<string>();
  const unsaved: string[] = [];
  const writing = new Set<Promise<void>>();
  let disposed = false;
  const write = async ({ recorded, problem }: Replayed<SourcedHistory>) => {
    const { workflowId, runId } = recorded;
    const file = freeName(recorded, entries);
    entries.set(file, { file, workflowId, ...(runId === undefined ? {} : { runId }) });
    try {
      const kept = redact ? await redactHistory(recorded, { keys, sealWith }) : recorded;
      if (disposed) return;
      await writeFile(unfinished(folder, file), `${JSON.stringify(historyDocument(kept), undefined, 1)}\n`);
      if (!problem) replaying.add(file);
    } catch (error) {
      if (error instanceof KeyServiceError) throw error;
      entries.delete(file);
      unsaved.push(`${workflowId}: ${reasonOf(error)}`);
    }
  };
  return {
    take: async (replayed) => {
      // Where nothing opens or reads it there is nothing to redact, and as it is it may not be given away.
      if (redact && replayed.problem && isUnknown(replayed.problem)) return;
      const written = write(replayed);
      writing.add(written);
      await written.finally(() => writing.delete(written));
    },
    close: async (replay) => {
      if (redact) {
        for (const file of await brokenOf(folder, [...replaying], { ...replay, keys: sealWith })) {
          entries.delete(file);
          unsaved.push(`${file}: does not replay any more once it is redacted, which is a bug of this command`);
        }
      }
      if (disposed || replay.signal?.aborted) throw new SaveError('Nothing was saved.');
      const histories = [...entries.values()];
      // First: a file that it lists and that is not there is a failure, but none would miss one that nobody lists.
      await writeFile(join(folder, MANIFEST), `${JSON.stringify({ histories }, undefined, 1)}\n`);
      for (const { file } of histories) await rename(unfinished(folder, file), join(folder, file));
      if (unsaved.length > 0) {
        throw new SaveError(`${unsaved.length} histories were not saved: ${unsaved.slice(0, 3).join('; ')}.`);
      }
      return { folder, files: histories.length, redacted: redact };
    },
    dispose: async () => {
      disposed = true;
      await Promise.allSettled(writing);
      const names = await readdir(folder).catch(() => []);
      const left = names.filter((name) => name.endsWith(UNFINISHED));
      await Promise.all(left.map((name) => rm(join(folder, name))));
    },
  };
}

/** @throws UsageError */
async function makeEmptyFolder(folder: string): Promise<void> {
  const names = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw new UsageError(`--save: the folder ${folder} cannot be made (${reasonOf(error)}).`);
    });
  if (names.length === 0) return;
  throw new UsageError(`--save: the folder ${folder} is not empty, and what is in it would mix with what is saved.`);
}

function unfinished(folder: string, file: string): string {
  return join(folder, `${file}${UNFINISHED}`);
}

/** Those that replay must still: as files, with the keys that those have to whom they are given. */
async function brokenOf(folder: string, files: readonly string[], options: ReplayOptions): Promise<string[]> {
  const broken: string[] = [];
  const progress = startProgress(process.stderr, 'checked');
  const paths = new Map(files.map((file) => [unfinished(folder, file), file]));
  let checked = 0;
  const check = (path: string, problem: unknown) => {
    if (problem) broken.push(paths.get(path) ?? path);
    checked += 1;
    progress.step(checked, files.length, broken.length);
  };
  async function* read() {
    for await (const found of readHistoryFiles([...paths.keys()])) {
      if ('problem' in found) check(found.file, found.problem);
      else yield found;
    }
  }
  try {
    const workers = Math.min(options.workers ?? 1, files.length);
    await replayHistories(read(), { ...options, workers }, ({ recorded, problem }) => check(recorded.file, problem));
    return broken;
  } finally {
    progress.end();
  }
}

/**
 * The one key of a file. Of several only one would seal, and whoever is given the others could open something else with them.
 * @param keys of a worker: another key with the id of one of them would seal what nobody can tell from theirs
 * @throws UsageError, SettingError, KeyServiceError
 */
async function readSealKey(file: string, keys: KeyRing): Promise<KeyRing> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--seal-key-file: ${file} cannot be read (${reasonOf(error)}).`);
  });
  const name = '--seal-key-file';
  const [key, ...others] = parseKeys(text, name);
  if (!key || others.length > 0) {
    throw new SettingError([{ name, found: `${others.length + 1} keys`, allowed: 'one id:key pair' }]);
  }
  const known = await keys.find(key.id).catch((error: unknown) => {
    if (error instanceof UnknownKeyError) return undefined;
    throw error;
  });
  if (known && !known.secret.equals(key.secret)) {
    const found = `the id of a key of the workers, ${JSON.stringify(key.id)}, with another key`;
    throw new SettingError([{ name, found, allowed: 'an id that none of their keys has' }]);
  }
  return keyRingOf(key);
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Two ids may have the same readable form. */
function freeName({ workflowId, runId }: SourcedHistory, taken: ReadonlyMap<string, unknown>): string {
  const readable = `${workflowId}.${runId ?? 'run'}`.replaceAll(/[^\w.-]/g, '_').slice(-200);
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${readable}.json` : `${readable}.${count}.json`;
    if (!taken.has(name)) return name;
  }
}
