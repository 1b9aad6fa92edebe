/**
 * What one check has seen of one thing. `couldNotAsk`: the answer did not come, so nothing is known. It is never taken for `ok`.
 */
export type Verdict = 'ok' | 'warning' | 'failure' | 'couldNotAsk';

/** What to do about a finding. At least one of the ways is there. */
export interface Remedy {
  /** In words, for a person who may not know the console. */
  readonly text: string;
  /** The path through the AWS console, such as `Amazon SNS > Text messaging (SMS) > Exit SMS sandbox`. */
  readonly console?: string | undefined;
  /** One line for a shell that does it, or shows what to change. */
  readonly command?: string | undefined;
}

/** One line of the doctor's report. It holds no secret, no token, no code and no whole address or number. */
export interface Finding {
  /** The name of the check, in kebab case, such as `sms-sandbox`. `--only` takes it. */
  readonly check: string;
  /** What was looked at, such as a pool's id, a region or a task queue. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** What was seen, as a sentence. */
  readonly found: string;
  /** What it means for a user's sign-up. Absent where all is well. */
  readonly means?: string | undefined;
  /** Absent where all is well. */
  readonly remedy?: Remedy | undefined;
  /** The IAM action that was missing, where that is why nothing is known. */
  readonly permission?: string | undefined;
  /** The document of AWS or Temporal that the check comes from. */
  readonly source?: string | undefined;
}

const WORST: readonly Verdict[] = ['ok', 'warning', 'couldNotAsk', 'failure'];

/** The worst verdict; `ok` of none. */
export function worstOf(findings: readonly Finding[]): Verdict {
  const worst = Math.max(0, ...findings.map(({ verdict }) => WORST.indexOf(verdict)));
  return WORST[worst] ?? 'ok';
}
