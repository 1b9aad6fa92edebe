/** `replay --save`: writes the histories as files, which `replay` reads again. */
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
import { errorCode } from '../../log/error-code.js';
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

/** Some histories were not saved. All others were. */
class SaveError extends Error {
  override readonly name = 'SaveError';
  readonly code = 'NotSaved';
}

/** Ends the name of a file until it is checked. `replay` reads no file of this name. */
const UNFINISHED = '.unfinished';

/**
 * Undefined without `--save`.
 * @param keys of a worker: they open the payloads, and seal them again unless `--seal-key-file` names another key
 * @throws UsageError, SettingError, KeyServiceError
 */
export async function openSave(options: ReplayCommandOptions, keys: KeyRing): Promise<Save | undefined> {
  const { save: folder, redact = false, sealKeyFile } = options;
  if (folder === undefined) return undefined;
  const sealWith = sealKeyFile === undefined ? keys : await readSealKey(sealKeyFile, keys);
  await makeEmptyFolder(folder);
  return new Save(folder, redact, { keys, sealWith });
}

/** The histories of one `--save`. Until `close`, no file in the folder counts as a history. */
export class Save {
  private readonly entries = new Map<string, ManifestEntry>();
  /** Files of histories that replay. */
  private readonly replaying = new Set<string>();
  private readonly unsaved: string[] = [];
  private readonly writing = new Set<Promise<void>>();
  private disposed = false;

  constructor(
    private readonly folder: string,
    private readonly redact: boolean,
    private readonly seal: { readonly keys: KeyRing; readonly sealWith: KeyRing },
  ) {}

  /** @throws KeyServiceError */
  async take(replayed: Replayed<SourcedHistory>): Promise<void> {
    // A history that cannot be opened or read cannot be redacted, and without that it must not be given away.
    if (this.redact && replayed.problem && isUnknown(replayed.problem)) return;
    const written = this.write(replayed);
    this.writing.add(written);
    await written.finally(() => this.writing.delete(written));
  }

  private async write({ recorded, problem }: Replayed<SourcedHistory>): Promise<void> {
    const { workflowId, runId } = recorded;
    const file = freeName(recorded, this.entries);
    this.entries.set(file, { file, workflowId, runId });
    try {
      const kept = this.redact ? await redactHistory(recorded, this.seal) : recorded;
      if (this.disposed) return;
      await writeFile(unfinished(this.folder, file), `${JSON.stringify(historyDocument(kept), undefined, 1)}\n`);
      if (!problem) this.replaying.add(file);
    } catch (error) {
      if (error instanceof KeyServiceError) throw error;
      this.entries.delete(file);
      this.unsaved.push(`${workflowId}: ${reasonOf(error)}`);
    }
  }

  /**
   * Checks what redaction has changed, and makes histories of the files.
   * @throws SaveError
   */
  async close(replay: Pick<ReplayOptions, 'bundle' | 'workers' | 'signal'>): Promise<SavedHistories> {
    const { folder, redact, entries, unsaved } = this;
    if (redact) {
      for (const file of await brokenOf(folder, [...this.replaying], { ...replay, keys: this.seal.sealWith })) {
        entries.delete(file);
        unsaved.push(`${file}: does not replay any more once it is redacted, which is a bug of this command`);
      }
    }
    if (this.disposed || replay.signal?.aborted) throw new SaveError('Nothing was saved.');
    const histories = [...entries.values()];
    // The manifest comes first: a file that it lists and that is missing is a failure, but nothing would miss a file that
    // it does not list.
    await writeFile(join(folder, MANIFEST), `${JSON.stringify({ histories }, undefined, 1)}\n`);
    for (const { file } of histories) await rename(unfinished(folder, file), join(folder, file));
    if (unsaved.length > 0) {
      throw new SaveError(`${unsaved.length} histories were not saved: ${unsaved.slice(0, 3).join('; ')}.`);
    }
    return { folder, files: histories.length, redacted: redact };
  }

  /** Removes unfinished files. After `close` there are none. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await Promise.allSettled(this.writing);
    const names = await readdir(this.folder).catch(() => []);
    const left = names.filter((name) => name.endsWith(UNFINISHED));
    await Promise.all(left.map((name) => rm(join(this.folder, name))));
  }
}

/** @throws UsageError if it cannot be made, or is not empty. */
async function makeEmptyFolder(folder: string): Promise<void> {
  const names = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw new UsageError(`--save: the folder ${folder} cannot be made (${reasonOf(error)}).`);
    });
  if (names.length === 0) return;
  throw new UsageError(`--save: the folder ${folder} is not empty: its files would mix with the saved ones.`);
}

function unfinished(folder: string, file: string): string {
  return join(folder, `${file}${UNFINISHED}`);
}

/** The files that do not replay any more, read with the keys that their receivers have. */
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
 * The only key in the file. Of several keys only one would seal, and the others may open something else.
 * @param keys of a worker. A different key with the id of one of them is refused: nothing could tell their payloads apart.
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
  return errorCode(error) ?? String(error);
}

/** The name of a new file: two ids may have the same readable form. */
function freeName({ workflowId, runId }: SourcedHistory, taken: ReadonlyMap<string, unknown>): string {
  const readable = `${workflowId}.${runId ?? 'run'}`.replaceAll(/[^\w.-]/g, '_').slice(-200);
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${readable}.json` : `${readable}.${count}.json`;
    if (!taken.has(name)) return name;
  }
}
