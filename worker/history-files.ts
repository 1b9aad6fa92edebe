/** Histories from files and folders. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRecord, type RecordedHistory, recordedHistory, UnreadableHistoryError } from './recorded-history.js';
import { type ReplayProblem, unreadable } from './replay-problem.js';

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
const MANIFEST = 'manifest.json';

/**
 * The files, and every `.json` file in the folders and below, in order.
 * @throws HistoryPathError
 */
export async function listHistoryFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => {
        throw new HistoryPathError(`${path} does not exist.`);
      });
      if (!found.isDirectory()) return [path];
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && entry.name !== MANIFEST)
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
    }),
  );
  return lists.flat();
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

type Manifest = Map<string, { workflowId?: string; runId?: string }>;

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
  return `cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`;
}
