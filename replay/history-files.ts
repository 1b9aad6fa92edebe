/** Histories from files and folders. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isRecord } from '@cognito-verification/contract';
import { errorCode } from '../log/error-code.js';
import { type ReplayProblem, unreadable } from './problem.js';
import { type RecordedHistory, recordedHistory, UnreadableHistoryError } from './recorded-history.js';

/** A history that was read from a file. */
export interface HistoryOfFile extends RecordedHistory {
  file: string;
}

/** A file that holds no history that can be replayed. */
export interface UnreadableFile {
  file: string;
  problem: ReplayProblem;
}

/** A path that was asked for and is not there. */
export class HistoryPathError extends Error {
  override readonly name = 'HistoryPathError';
  readonly code = 'Usage';
}

/** Lies beside histories and says whose they are: `{"histories": [{"file", "workflowId", "runId"}]}`. */
export const MANIFEST = 'manifest.json';

/** One history, in its folder's manifest. */
export interface ManifestEntry {
  file: string;
  workflowId?: string;
  runId?: string | undefined;
}

/**
 * The files, and every `.json` file in the folders and below, in order, and what the manifests there list, whether it is there
 * or not. Each once.
 * @throws HistoryPathError
 */
export async function listHistoryFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(paths.map(filesIn));
  const once = new Map<string, string>();
  // A Kubernetes mount has each file twice, the second as a link.
  for (const file of lists.flat()) {
    const real = await realpath(file).catch(() => resolve(file));
    if (!once.has(real)) once.set(real, file);
  }
  return [...once.values()];
}

async function filesIn(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    const code = errorCode(error) ?? 'unknown';
    throw new HistoryPathError(code === 'ENOENT' ? `${path} does not exist.` : `${path} cannot be read (${code}).`);
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json'));
  const lists = files.map(async ({ parentPath, name }) =>
    name === MANIFEST
      ? [...(await readManifest(parentPath)).keys()].map((listed) => join(parentPath, listed))
      : [join(parentPath, name)],
  );
  return (await Promise.all(lists)).flat().toSorted();
}

/**
 * Reads one after the other, when it is asked for.
 * @param workflowId of a file that does not say it
 */
export async function* readHistoryFiles(
  files: readonly string[],
  workflowId?: string,
): AsyncGenerator<HistoryOfFile | UnreadableFile, void, undefined> {
  const manifests = new Map<string, Promise<Manifest>>();
  for (const file of files) {
    const folder = dirname(file);
    const manifest = manifests.get(folder) ?? readManifest(folder);
    manifests.set(folder, manifest);
    try {
      const known = (await manifest).get(basename(file));
      const document: unknown = JSON.parse(await readFile(file, 'utf8'));
      yield { ...recordedHistory(document, { ...known, ...(workflowId === undefined ? {} : { workflowId }) }), file };
    } catch (error) {
      yield { file, problem: unreadable(reasonOf(error)) };
    }
  }
}

type Manifest = Map<string, Omit<ManifestEntry, 'file'>>;

/** One that is of another form says nothing, and each history that needed it will say so. */
async function readManifest(folder: string): Promise<Manifest> {
  const manifest: Manifest = new Map();
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => '{}');
  try {
    const document: unknown = JSON.parse(text);
    const entries: unknown = isRecord(document) ? document['histories'] : undefined;
    for (const entry of Array.isArray(entries) ? entries : []) {
      if (!isRecord(entry) || typeof entry['file'] !== 'string') continue;
      const { workflowId, runId } = entry;
      manifest.set(entry['file'], {
        ...(typeof workflowId === 'string' ? { workflowId } : {}),
        ...(typeof runId === 'string' ? { runId } : {}),
      });
    }
  } catch {
    // As above.
  }
  return manifest;
}

function reasonOf(error: unknown): string {
  if (error instanceof UnreadableHistoryError) return error.message;
  // A parser's message quotes what it could not read.
  if (error instanceof SyntaxError) return 'is no JSON';
  const code = errorCode(error) ?? 'unknown';
  return code === 'ENOENT' ? `is not there, but listed in ${MANIFEST}` : `cannot be read (${code})`;
}
