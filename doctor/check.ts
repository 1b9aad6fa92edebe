import type { Finding } from './finding.js';

/** What a check is about. `--only` takes it. */
export type Area = 'temporal' | 'keys' | 'codec-server' | 'user-pool' | 'email' | 'sms' | 'quotas' | 'firewall';

/**
 * One question to the surroundings. Its judgement is a plain function of the answers, so that a table can test it.
 * @typeParam Surroundings where it asks
 */
export interface Check<Surroundings> {
  /** In kebab case, such as `sms-sandbox`. */
  readonly name: string;
  readonly area: Area;
  /** What it asks, as a phrase, such as `SMS sandbox of the account`. */
  readonly title: string;
  /** Answers at least one finding. An error that it throws becomes a finding `couldNotAsk`. */
  run(surroundings: Surroundings): Promise<readonly Finding[]>;
}
