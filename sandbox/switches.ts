import { number, object, oneOf } from './checks.js';

/**
 * What nobody has documented about Cognito, and the numbers that tests and benchmarks want to change. A verification
 * has to be right in every position; `docs/sandbox.md` says why each default was chosen.
 */
export interface Switches {
  /** Which codes of an attribute are good after a re-send. */
  resend: 'lastWins' | 'bothValid' | 'firstWins';
  /** The hour of the per-user limits: the last 60 minutes, or the hour of the clock. */
  window: 'sliding' | 'fixedHour';
  /** Whether a user's `email` and `phone_number` draw on one limit or on one each. */
  limitScope: 'user' | 'attribute';
  /** Whether a call that Cognito refused is counted against the limit as well. */
  limitCounts: 'accepted' | 'all';
  /** What a code gets when none was ever requested for the attribute. */
  neverRequested: 'ExpiredCodeException' | 'CodeMismatchException';
  /** Whether the limit or the attribute's name and value is looked at first. */
  checkOrder: 'limitFirst' | 'attributeFirst';
  /** Where a code goes while a new value waits for its verification. */
  sendWhilePending: 'pendingValue' | 'currentValue';
  /** Accepted `GetUserAttributeVerificationCode` calls for a user in an hour. */
  sendsPerHour: number;
  /** Accepted `VerifyUserAttribute` calls for a user in an hour. */
  attemptsPerHour: number;
  /** E-mails in a day for all pools that send as `COGNITO_DEFAULT`; the day starts at 09:00 UTC. */
  emailsPerDay: number;
  /** How long one try of the custom-message trigger may take. There are three. */
  triggerTimeoutMs: number;
}

/** The switches a sandbox starts with. */
export const DEFAULT_SWITCHES: Readonly<Switches> = {
  resend: 'lastWins',
  window: 'sliding',
  limitScope: 'user',
  limitCounts: 'accepted',
  neverRequested: 'ExpiredCodeException',
  checkOrder: 'limitFirst',
  sendWhilePending: 'pendingValue',
  sendsPerHour: 5,
  attemptsPerHour: 15,
  emailsPerDay: 50,
  triggerTimeoutMs: 5000,
};

const count = number({ min: 0, max: 1_000_000_000, integer: true });

/** Checks switches that came from outside; throws `BadInput`. */
export const checkSwitches = object<Partial<Switches>>({
  resend: oneOf('lastWins', 'bothValid', 'firstWins'),
  window: oneOf('sliding', 'fixedHour'),
  limitScope: oneOf('user', 'attribute'),
  limitCounts: oneOf('accepted', 'all'),
  neverRequested: oneOf('ExpiredCodeException', 'CodeMismatchException'),
  checkOrder: oneOf('limitFirst', 'attributeFirst'),
  sendWhilePending: oneOf('pendingValue', 'currentValue'),
  sendsPerHour: count,
  attemptsPerHour: count,
  emailsPerDay: count,
  triggerTimeoutMs: number({ min: 1, max: 60_000, integer: true }),
});
