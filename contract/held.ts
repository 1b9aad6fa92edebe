/** Why the guard of the worker keeps a message back, before Cognito is asked for it. */

/** Every `HeldReason`. */
export const HELD_REASONS = [
  'DestinationCeiling',
  'MessageBudget',
  'UnprovenMessages',
  'UnreadDestination',
  'GuardUnavailable',
] as const;

/** Why a message waits; `WHY_HELD` says it in words. */
export type HeldReason = (typeof HELD_REASONS)[number];

/** The reasons in words, for operators: one sentence each, without its full stop. A newer worker may have a reason that is not here. */
export const WHY_HELD: Readonly<Partial<Record<string, string>>> = {
  DestinationCeiling: 'Enough messages have gone to this address or number for now',
  MessageBudget: 'The account has sent all messages that are allowed in this hour or day',
  UnprovenMessages:
    'Too many messages to this country or prefix brought no code back; cognito-verification limits shows where, and lifts it',
  UnreadDestination: 'The number could not be read, and VERIFICATION_SMS_UNREAD holds such messages',
  GuardUnavailable: 'The guard could not count this message: its store is away, or it has failed as the log says',
} satisfies Record<HeldReason, string>;

/** Every `RefusedReason`. */
export const REFUSED_REASONS = ['CountryNotAllowed', 'NumberKindNotAllowed'] as const;

/**
 * Why a message never leaves: to this country, or to numbers of this kind, none is sent. It is the type of the failure with which
 * the verification ends.
 */
export type RefusedReason = (typeof REFUSED_REASONS)[number];
