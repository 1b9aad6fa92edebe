import type { Finding, Remedy } from './finding.js';

/** Why a check has no answer. A check throws it, or what it asks throws it. It becomes a finding `couldNotAsk`. */
export class CouldNotAskError extends Error {
  override readonly name = 'CouldNotAskError';
  /** @param found what went wrong, as a sentence, without a secret */
  constructor(
    found: string,
    readonly remedy: Remedy,
    readonly more: Pick<Finding, 'permission' | 'source' | 'means'> = {},
    options?: ErrorOptions,
  ) {
    super(found, options);
  }
}
