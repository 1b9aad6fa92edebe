import type { Finding, Remedy } from './finding.js';

/** What it means for users where Temporal or the workers cannot do anything. */
export const NOTHING_STARTS = 'No verification starts, and no open one goes on.';

/** What to do about a setting whose problem was told as it is. */
export const CORRECT_SETTING: Remedy = {
  text: 'Correct what is named there, in the environment of this process and of each service and worker that has it: the words after "allowed" say how.',
};

/** What a finding has beside its verdict. */
interface Told {
  readonly subject: string;
  readonly found: string;
  readonly means: string;
  readonly remedy: Remedy;
}

/** Makes the findings of one check. */
export interface FindingsOf {
  ok(subject: string, found: string): Finding;
  warning(told: Told): Finding;
  failure(told: Told): Finding;
  couldNotAsk(told: Told): Finding;
}

/**
 * @param check its name
 * @param source the document that the check comes from. Default: none
 */
export function findingsOf(check: string, source?: string): FindingsOf {
  const told = (verdict: Finding['verdict']) => (what: Told) => ({ check, verdict, ...what, source });
  return {
    ok: (subject, found) => ({ check, subject, verdict: 'ok', found }),
    warning: told('warning'),
    failure: told('failure'),
    couldNotAsk: told('couldNotAsk'),
  };
}
