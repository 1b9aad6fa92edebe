import type { CorpusRig } from './rig.js';

/** One history of the corpus: what it shows, and how to make it. */
export interface Scenario {
  /** The name of its file, which says what it shows. */
  name: string;
  /** Its purpose; it may cover further edges. */
  edges: readonly string[];
  /** Takes a minute or more, most of it waiting. */
  slow?: true;
  /** Another run may differ: it depends on timing, or on a module that vitest would load twice. */
  raced?: true;
  /** Plays it, and returns the workflow id. */
  play: (rig: CorpusRig) => Promise<string>;
}
