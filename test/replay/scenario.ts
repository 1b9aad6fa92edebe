import type { CorpusRig } from './rig.js';

/** One history of the corpus: what it shows, and how it comes about. */
export interface Scenario {
  /** Of its file, and so of what it shows. */
  name: string;
  /** What it is there for; more may be covered by the way. */
  edges: readonly string[];
  /** It takes a minute or more, most of it waiting. */
  slow?: true;
  /** Another run may go another way: it depends on who is quicker, or on a module that vitest would load twice. */
  raced?: true;
  /** Plays it, and tells the workflow id. */
  play: (rig: CorpusRig) => Promise<string>;
}
