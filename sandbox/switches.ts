import * as v from 'valibot';
import { fields, wholeNumber } from './schema.js';

const Limit = wholeNumber(0, 1_000_000_000);

/**
 * What nobody has documented about Cognito, and the numbers that tests and benchmarks change. A verification must be
 * right in every position. The first position is the default; `docs/sandbox.md` says why.
 */
export const Switches = fields({
  /** Which codes of an attribute are good after a re-send. */
  resend: v.optional(v.picklist(['lastWins', 'bothValid', 'firstWins']), 'lastWins'),
  /** The hour of the per-user limits: the last 60 minutes, or the hour of the clock. */
  window: v.optional(v.picklist(['sliding', 'fixedHour']), 'sliding'),
  /** Whether a user's `email` and `phone_number` share one limit or have one each. */
  limitScope: v.optional(v.picklist(['user', 'attribute']), 'user'),
  /** Whether a call that Cognito refused counts against the limit as well. */
  limitCounts: v.optional(v.picklist(['accepted', 'all']), 'accepted'),
  /** The answer to a code for an attribute that never had one. */
  neverRequested: v.optional(v.picklist(['ExpiredCodeException', 'CodeMismatchException']), 'ExpiredCodeException'),
  /** What Cognito checks first: the limit, or the attribute's name and value. */
  checkOrder: v.optional(v.picklist(['limitFirst', 'attributeFirst']), 'limitFirst'),
  /** Where a code goes while a new value waits for its verification. */
  sendWhilePending: v.optional(v.picklist(['currentValue', 'pendingValue']), 'currentValue'),
  /** What `UpdateUserAttributes` does with the value that waits for its verification already. */
  updateToPending: v.optional(v.picklist(['sendsAgain', 'sendsNothing']), 'sendsAgain'),
  /** When Cognito notices that another user has the value as an alias: at the right code, or at the change. */
  aliasCheck: v.optional(v.picklist(['whenVerified', 'whenChanged']), 'whenVerified'),
  /** The code of every message, for tests that cannot read the inbox; `null` for a new one each time. */
  code: v.optional(v.nullable(v.pipe(v.string(), v.regex(/^\S{1,2048}$/))), null),
  /** Accepted `GetUserAttributeVerificationCode` calls for a user in an hour. */
  sendsPerHour: v.optional(Limit, 5),
  /** Accepted `VerifyUserAttribute` calls for a user in an hour. */
  attemptsPerHour: v.optional(Limit, 15),
  /** E-mails in a day for all pools that send as `COGNITO_DEFAULT`; the day starts at 09:00 UTC. */
  emailsPerDay: v.optional(Limit, 50),
  /** How long one try of the custom-message trigger may take. There are three tries. */
  triggerTimeoutMs: v.optional(wholeNumber(1, 60_000), 5000),
});
export type Switches = v.InferOutput<typeof Switches>;

/** The switches to change. A switch that is absent stays as it is. */
export const SwitchChanges = v.partial(Switches);
export type SwitchChanges = v.InferOutput<typeof SwitchChanges>;

/** The switches of a new sandbox. */
export const DEFAULT_SWITCHES: Readonly<Switches> = v.parse(Switches, {});
