import { type Input, optionalFlag, structure } from './members.js';
import type { UserPool } from './state.js';

/** Whether capitals count in the names of a pool with these settings. Cognito's default is that they do. */
export function isCaseSensitive(settings: Input): boolean {
  return optionalFlag(structure(settings, 'UsernameConfiguration'), 'CaseSensitive') ?? true;
}

/** Whether two user names, or two addresses in their place, are the same to the pool. */
export function sameName({ settings }: UserPool, one: string | undefined, other: string): boolean {
  return one === other || (one?.toLowerCase() === other.toLowerCase() && !isCaseSensitive(settings));
}
