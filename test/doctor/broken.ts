import type { Verdict } from '../../doctor/finding.js';
import type { AccountChanges } from '../../sandbox/index.js';
import type { Question } from './rig.js';

/** An account or a pool in which one thing is wrong, and the one finding about it. */
export interface Broken {
  readonly what: string;
  readonly account?: AccountChanges;
  readonly pool?: object;
  readonly client?: object;
  /** A web ACL in front of the pool. */
  readonly webAcl?: object;
  readonly question?: Question;
  readonly check: string;
  readonly verdict: Verdict;
  /**
   * What ends it. `line`: the line of its remedy alone. `aws`: a decision of AWS, which the page plays in the account of the sandbox,
   * after the line if that asks for it. `console`: what the console does, which the page plays in the pool. `setting`: a setting of the
   * workers. `without`: the reader looks, and leaves the check out.
   */
  readonly end: 'line' | 'aws' | 'console' | 'setting' | 'without';
  /** A phrase of the remedy. */
  readonly remedy: string;
}
