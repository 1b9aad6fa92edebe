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

/** A path that does not exist or cannot be read. */
class HistoryPathError extends Error {
  override readonly name = 'HistoryPathError';
  readonly code = 'Usage';
}

/** A file beside histories that says whose they are: `{"histories": [{"file", "workflowId", "runId"}]}`. */
export const MANIFEST = 'manifest.json';

/** One history in the manifest of its folder. */
export interface ManifestEntry {
  file: string;
  workflowId?: string | undefined;
  runId?: string | undefined;
}

/**
 * Lists the files, every `.json` file in and below the folders, and every file that a manifest there names, even if it does not
 * exist. Each file is listed once.
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
 * Reads the files one after the other, each when it is asked for.
 * @param workflowId the workflow id of files that do not say theirs
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
      const listed = (await manifest).get(basename(file));
      const document: unknown = JSON.parse(await readFile(file, 'utf8'));
      const known = { workflowId: workflowId ?? listed?.workflowId, runId: listed?.runId };
      yield { ...recordedHistory(document, known), file };
    } catch (error) {
      yield { file, problem: unreadable(reasonOf(error)) };
    }
  }
}

type Manifest = Map<string, Omit<ManifestEntry, 'file'>>;

/** Reads a manifest. One of another form counts as empty: each history that needs it then says so. */
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
        workflowId: typeof workflowId === 'string' ? workflowId : undefined,
        runId: typeof runId === 'string' ? runId : undefined,
      });
    }
  } catch {
    // No JSON: it counts as empty.
  }
  return manifest;
}

function reasonOf(error: unknown): string {
  if (error instanceof UnreadableHistoryError) return error.message;
  // A parser's message quotes the text that it cannot read.
  if (error instanceof SyntaxError) return 'is no JSON';
  const code = errorCode(error) ?? 'unknown';
  return code === 'ENOENT' ? `is listed in ${MANIFEST}, but does not exist` : `cannot be read (${code})`;
}
