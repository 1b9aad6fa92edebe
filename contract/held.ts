/** Why the guard of the worker keeps a message back, before Cognito is asked for it. */

/** Every `HeldReason`. */
export const HELD_REASONS = [
  'DestinationCeiling',
  'MessageBudget',
  'UnprovenMessages',
  'UnreadDestination',
  'GuardUnavailable',
] as const;

/**
 * Why a message waits. `DestinationCeiling`: enough messages went to this destination, whoever asked for them. `MessageBudget`:
 * those of the account for the hour or the day are used up. `UnprovenMessages`: too many messages to this country or prefix
 * brought no code back. `UnreadDestination`: nobody could read the number, and it is set to wait. `GuardUnavailable`: the
 * store that all workers share is away, and it is set to wait.
 */
export type HeldReason = (typeof HELD_REASONS)[number];

/** Every `RefusedReason`. */
export const REFUSED_REASONS = ['CountryNotAllowed', 'NumberKindNotAllowed'] as const;

/**
 * Why a message never leaves: to this country, or to numbers of this kind, none is sent. It is the type of the failure with which
 * the verification ends.
 */
export type RefusedReason = (typeof REFUSED_REASONS)[number];
