/** The recorded histories in `test/histories/`, as files: how to read them, and what makes a corpus complete. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type History, historyFromJSON } from '../../temporal/proto-json.js';

/** Works from source and from dist. */
export const CORPUS_FOLDER = fileURLToPath(
  new URL(inDist() ? '../../../test/histories/' : '../histories/', import.meta.url),
);

function inDist(): boolean {
  return import.meta.url.includes('/dist/');
}

export const MANIFEST = 'manifest.json';

/** The entry of one history in the manifest. */
export interface ManifestEntry {
  file: string;
  workflowId: string;
  /** The hash of the file. */
  sha256: string;
  events: number;
  recordedAt: string;
  /** When it was recorded, the last revision that had changed the code of workflow, activities, codec or contract. */
  revision: string;
  sdk: string;
  server: string;
  /** What it covered when it was recorded. */
  edges: string[];
}

export interface Manifest {
  about: string;
  /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. They are not secret: everybody can open the histories. */
  keys: string;
  histories: ManifestEntry[];
}

export interface RecordedHistory {
  /** The name of the file without its extension: what it shows. */
  name: string;
  workflowId: string;
  history: History;
  entry: ManifestEntry;
}

/** The corpus as found: the readable histories, and everything that is wrong. */
export interface FoundCorpus {
  histories: RecordedHistory[];
  /** The number of histories in the manifest. */
  listed: number;
  problems: string[];
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;
}

/** Reads all histories; one that is unreadable or was changed is a problem, and does not stop the rest. */
export async function readCorpus(folder: string): Promise<FoundCorpus> {
  const manifest = await readManifest(folder).catch((error: unknown) => String(error));
  if (typeof manifest === 'string')
    return { histories: [], listed: 0, problems: [`${MANIFEST} cannot be read: ${manifest}`] };
  const problems: string[] = [];
  if (manifest.histories.length === 0) problems.push('the corpus is empty');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json') && file !== MANIFEST);
  const listed = new Set(manifest.histories.map(({ file }) => file));
  for (const file of files) if (!listed.has(file)) problems.push(`${file} is in no manifest`);
  if (listed.size !== manifest.histories.length) problems.push('the manifest lists a file twice');
  const histories: RecordedHistory[] = [];
  for (const entry of manifest.histories) {
    const read = await readOne(folder, entry).catch((error: unknown) => [String(error)]);
    if (Array.isArray(read)) problems.push(...read.map((problem) => `${entry.file}: ${problem}`));
    else histories.push(read);
  }
  return { histories, listed: manifest.histories.length, problems };
}

/** The history, or what is wrong with it. */
async function readOne(folder: string, entry: ManifestEntry): Promise<RecordedHistory | string[]> {
  const bytes = await readFile(join(folder, entry.file));
  const problems: string[] = [];
  if (sha256(bytes) !== entry.sha256) problems.push('was changed since it was recorded');
  const { workflowId, history: json } = JSON.parse(bytes.toString()) as { workflowId: string; history: unknown };
  const history = historyFromJSON(json);
  const ids = (history.events ?? []).map(({ eventId }) => Number(eventId));
  if (ids.length !== entry.events) problems.push(`has ${ids.length} events, and was recorded with ${entry.events}`);
  if (ids.some((id, index) => id !== index + 1)) problems.push('lacks events, or has them out of order');
  // It would prove nothing, and without a scheduled task a replay would wait for ever.
  if (!history.events?.some((event) => event.workflowTaskCompletedEventAttributes)) problems.push('has no task');
  if (workflowId !== entry.workflowId) problems.push('has another workflow id than the manifest says');
  if (problems.length > 0) return problems;
  return { name: entry.file.replace(/\.json$/, ''), workflowId, history, entry };
}
