/** The gate: what must hold for the corpus and the code before a change is merged. */
import { type KeyRing, keyRingOf, parseKeys } from '@cognito-verification/codec';
import { replayHistories } from '../../replay/replay.js';
import { CORPUS_FOLDER, type RecordedHistory, readCorpus, readManifest } from './corpus.js';
import { ALL_EDGES, EDGES } from './edges.js';
import { edgesOf } from './edges-of.js';
import { readHistory } from './reading.js';

export interface Verdict {
  /** Nothing is merged while there is a problem. */
  problems: string[];
  /** By edge, the names of the histories that cover it: measured, not claimed. */
  covered: ReadonlyMap<string, string[]>;
  replayed: number;
  seconds: number;
}

export interface GateOptions {
  /** Default: the committed corpus. */
  folder?: string;
  /** The workflow bundle. */
  code: string;
}

/** Judges a whole corpus against a workflow bundle: one bundle, and one worker for all histories. */
export async function judge({ folder = CORPUS_FOLDER, code }: GateOptions): Promise<Verdict> {
  const { histories, listed: count, problems } = await readCorpus(folder);
  if (histories.length === 0) return { problems, covered: new Map(), replayed: 0, seconds: 0 };
  const { keys } = await readManifest(folder);
  const keyRing = keyRingOf(...parseKeys(keys, 'the keys of the corpus'));
  const covered = await measured(histories, keyRing, problems);
  for (const edge of ALL_EDGES) if (!covered.has(edge)) problems.push(`no history covers the edge "${edge}"`);
  const known = new Set(ALL_EDGES);
  for (const [edge, names] of covered) {
    if (!known.has(edge)) problems.push(`${names.join(', ')}: covers "${edge}", which is in no list of edges`);
  }
  const began = performance.now();
  const replayed = await replay(histories, keyRing, code, problems);
  if (replayed !== count) problems.push(`replayed ${replayed} of ${count} histories`);
  return { problems, covered, replayed, seconds: (performance.now() - began) / 1000 };
}

async function measured(
  histories: readonly RecordedHistory[],
  keyRing: KeyRing,
  problems: string[],
): Promise<Map<string, string[]>> {
  const covered = new Map<string, string[]>();
  for (const { name, history, entry } of histories) {
    try {
      const edges = edgesOf(await readHistory(history, keyRing));
      for (const edge of edges) covered.set(edge, [...(covered.get(edge) ?? []), name]);
      const uncovered = entry.edges.filter((edge) => !edges.includes(edge));
      if (uncovered.length > 0)
        problems.push(`${name}: does not show any more what its manifest says: ${uncovered.join(', ')}`);
    } catch (error) {
      problems.push(`${name}: cannot be read: ${String(error)}`);
    }
  }
  return covered;
}

/**
 * Replays as `cognito-verification replay` does.
 * @returns how many replays ran to their end, successful or not
 */
async function replay(
  histories: readonly RecordedHistory[],
  keys: KeyRing,
  code: string,
  problems: string[],
): Promise<number> {
  let replayed = 0;
  const bundle = { path: 'of the gate', code, build: 'of the gate' };
  await replayHistories(histories, { bundle, keys }, ({ recorded, problem }) => {
    replayed++;
    if (problem) problems.push(`${recorded.name}: does not replay: ${problem.message}`);
  }).catch((error: unknown) => {
    problems.push(`the replay ended after ${replayed} histories: ${String(error)}`);
  });
  return replayed;
}

/** The number of covered edges by subject, and the speed. */
export function table({ covered, replayed, seconds }: Verdict): string {
  const rows = Object.entries(EDGES).map(([group, edges]) => {
    const coveredEdges = edges.filter((edge) => covered.has(edge));
    const histories = new Set(coveredEdges.flatMap((edge) => covered.get(edge) ?? []));
    return { group, edges: edges.length, covered: coveredEdges.length, histories: histories.size };
  });
  const total = ALL_EDGES.filter((edge) => covered.has(edge)).length;
  const lines = rows.map(({ group, edges, covered: count, histories }) =>
    [group.padEnd(26), `${count} of ${edges}`.padStart(12), `in ${histories} histories`.padStart(20)].join(''),
  );
  return [
    ...lines,
    `${'all'.padEnd(26)}${`${total} of ${ALL_EDGES.length}`.padStart(12)} (${((100 * total) / ALL_EDGES.length).toFixed(1)} %)`,
    `${replayed} histories replayed in ${seconds.toFixed(1)} s: ${Math.round(replayed / seconds)} histories/s`,
  ].join('\n');
}

/** For people who want to know which history shows what. */
export function listing({ covered }: Verdict): string {
  return ALL_EDGES.map((edge) => `${edge.padEnd(80)} ${(covered.get(edge) ?? ['–']).slice(0, 3).join(', ')}`).join(
    '\n',
  );
}
