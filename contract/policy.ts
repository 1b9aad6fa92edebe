// The grammar of a `Duration` is the SDK's. The public export of this function is deprecated, and loads the whole package.
import { msToNumber } from '@temporalio/common/lib/time.js';
import type { Duration } from './duration.js';
import type { AttributeName } from './names.js';
import { printable } from './printable.js';
import { defined } from './values.js';

/** The durations and limits of one verification. Every field has a default; `POLICY_FIELDS` says what is allowed. */
export interface VerificationPolicy {
  /** When the whole verification ends, counted from its start. Default 24 hours, as long as Cognito keeps a code. */
  deadline?: Duration;
  /**
   * How long `submitCode` takes a code after it was sent. Default 10 minutes for SMS and 24 hours for e-mail (NIST SP
   * 800-63A-4). Cognito itself keeps every code for 24 hours: a caller that asks Cognito directly is not bound by this.
   */
  codeLifetime?: Duration;
  /** After how long without a confirmation the verification sends again by itself. Default: never. */
  resendAfter?: Duration;
  /**
   * How soon after the first send another one is allowed. It doubles with each send, and those of the last hour in earlier
   * verifications of the same user and attribute count. It begins again with a code that Cognito has sent by itself to a new
   * value. Default 30 seconds.
   */
  resendCooldown?: Duration;
  /**
   * Messages in this verification, the first included, together with those of earlier verifications of the same user and
   * attribute in the last hour. Default 5 (Cognito: 5 an hour for a user).
   */
  maxSends?: number | undefined;
  /**
   * Attempts in this verification, together with those of earlier verifications of the same user and attribute in the last hour.
   * Neither a re-send nor another start resets the count (NIST SP 800-63B-4, 3.1.3.2). Default 10 (Cognito: 15 an hour for a
   * user).
   */
  maxAttempts?: number | undefined;
  /**
   * What `codeConfirmed` means. `recheck` (default): the attribute is read from Cognito first, and the value to which the code
   * went must have become verified since then. `trust`: it ends the verification, which then says `proof: 'trusted'`.
   */
  confirmation?: 'recheck' | 'trust' | undefined;
  /** The form that a code must have before a call is spent on it. Default `sixDigits`, which is what Cognito sends. */
  codeFormat?: 'sixDigits' | 'nonSpace' | undefined;
}

/** What one field of a policy may be. A field without a default is off unless it is given. */
type PolicyField =
  | { kind: 'duration'; least: string; most: string; default?: string | Record<AttributeName, string> }
  | { kind: 'count'; least: number; most: number; default: number }
  | { kind: 'choice'; words: readonly [string, ...string[]]; default: string };

/**
 * The fields of a policy with their limits and defaults. A value out of range is refused at the client and again in the
 * workflow. The default of `codeLifetime` depends on the attribute.
 */
export const POLICY_FIELDS = {
  deadline: { kind: 'duration', least: '1 minute', most: '30 days', default: '24 hours' },
  codeLifetime: {
    kind: 'duration',
    least: '1 minute',
    // Cognito discards a code after 24 hours, whatever the policy says.
    most: '24 hours',
    default: { phone_number: '10 minutes', email: '24 hours' },
  },
  resendAfter: { kind: 'duration', least: '1 minute', most: '30 days' },
  resendCooldown: { kind: 'duration', least: '1 second', most: '1 hour', default: '30 seconds' },
  maxSends: { kind: 'count', least: 1, most: 20, default: 5 },
  // More than Cognito's 15 an hour would only run into its lockout.
  maxAttempts: { kind: 'count', least: 1, most: 15, default: 10 },
  confirmation: { kind: 'choice', words: ['recheck', 'trust'], default: 'recheck' },
  codeFormat: { kind: 'choice', words: ['sixDigits', 'nonSpace'], default: 'sixDigits' },
} as const satisfies Record<keyof VerificationPolicy, PolicyField>;

/**
 * When Temporal ends the execution of a verification that has not ended by itself, such as one whose history no worker can
 * read any more: a day after the longest deadline, long enough for workers that are away for a night. It is the same for
 * every start, so that no start shortens the verification of those who join it.
 */
export const EXECUTION_TIMEOUT_MS = msToNumber(POLICY_FIELDS.deadline.most) + 24 * 3_600_000;

/** The name of a field of a policy. */
export type PolicyFieldName = keyof typeof POLICY_FIELDS;

type FieldOfKind<Kind extends PolicyField['kind']> = {
  [Name in PolicyFieldName]: (typeof POLICY_FIELDS)[Name]['kind'] extends Kind ? Name : never;
}[PolicyFieldName];

/** A policy with every default filled in and durations in milliseconds. */
export interface ResolvedPolicy {
  deadlineMs: number;
  codeLifetimeMs: number;
  resendAfterMs?: number | undefined;
  resendCooldownMs: number;
  maxSends: number;
  maxAttempts: number;
  confirmation: 'recheck' | 'trust';
  codeFormat: 'sixDigits' | 'nonSpace';
}

/** A policy as a caller would write it. */
export function policyOf(resolved: ResolvedPolicy): VerificationPolicy {
  const { deadlineMs, codeLifetimeMs, resendAfterMs, resendCooldownMs, ...others } = resolved;
  return {
    ...others,
    ...defined({ resendAfter: resendAfterMs }),
    deadline: deadlineMs,
    codeLifetime: codeLifetimeMs,
    resendCooldown: resendCooldownMs,
  };
}

/**
 * How long a call counts in later verifications of the same user and attribute. Cognito's own windows are an hour by its
 * documentation (5 sends and 15 attempts for a user). Only Cognito knows when they begin, so a few seconds are added.
 */
export const LIMITS_WINDOW_MS = 3_600_000 + 5_000;

/** A call that counts, by its time, ISO 8601. */
export interface CountedCall {
  at: string;
}

/** The calls of earlier verifications of the same user and attribute, in any order. */
export interface EarlierCalls {
  sends: readonly CountedCall[];
  attempts: readonly CountedCall[];
  /**
   * One of those verifications has verified the attribute, or found it verified: before a send waits for its time, a look may show
   * that none is needed.
   */
  endedVerified?: true | undefined;
}

/** As many calls at this time as any policy allows. */
export function allUsedUp(at: string): EarlierCalls {
  const calls = (most: number) => Array.from({ length: most }, () => ({ at }));
  return { sends: calls(POLICY_FIELDS.maxSends.most), attempts: calls(POLICY_FIELDS.maxAttempts.most) };
}

/** A field that is out of range or of the wrong form. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Fills in the defaults.
 * @throws PolicyError naming the first field that is unknown, of the wrong form or out of range.
 */
export function resolvePolicy(policy: VerificationPolicy, attributeName: AttributeName): ResolvedPolicy {
  for (const field of Object.keys(policy)) {
    if (!Object.hasOwn(POLICY_FIELDS, field)) {
      const known = Object.keys(POLICY_FIELDS).join(', ');
      throw new PolicyError(printable(field.slice(0, 40)), `is not a policy field; allowed: ${known}`);
    }
  }
  return {
    resendAfterMs: (policy.resendAfter ?? undefined) === undefined ? undefined : durationMs(policy, 'resendAfter'),
    deadlineMs: durationMs(policy, 'deadline', POLICY_FIELDS.deadline.default),
    codeLifetimeMs: durationMs(policy, 'codeLifetime', POLICY_FIELDS.codeLifetime.default[attributeName]),
    resendCooldownMs: durationMs(policy, 'resendCooldown', POLICY_FIELDS.resendCooldown.default),
    maxSends: wholeNumber(policy, 'maxSends'),
    maxAttempts: wholeNumber(policy, 'maxAttempts'),
    confirmation: choice(policy, 'confirmation', POLICY_FIELDS.confirmation),
    codeFormat: choice(policy, 'codeFormat', POLICY_FIELDS.codeFormat),
  };
}

/** A duration in milliseconds, or undefined where the value is none. It takes what the SDK takes as a `Duration`. */
export function parseDuration(value: unknown): number | undefined {
  try {
    const parsed = typeof value === 'string' ? msToNumber(value) : value;
    return typeof parsed === 'number' && Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function durationMs(policy: VerificationPolicy, field: FieldOfKind<'duration'>, fallback?: Duration): number {
  const { least, most } = POLICY_FIELDS[field];
  const value: unknown = policy[field] ?? fallback;
  const found = parseDuration(value);
  if (found === undefined || found < msToNumber(least) || found > msToNumber(most)) {
    throw new PolicyError(
      field,
      `must be a duration from '${least}' to '${most}' (a text such as '10 minutes', or milliseconds); found ${show(value)}`,
    );
  }
  return found;
}

function wholeNumber(policy: VerificationPolicy, field: FieldOfKind<'count'>): number {
  const { least, most, default: fallback } = POLICY_FIELDS[field];
  const value: unknown = policy[field] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new PolicyError(field, `must be a whole number from ${least} to ${most}; found ${show(value)}`);
  }
  return value;
}

function choice<Word extends string>(
  policy: VerificationPolicy,
  field: FieldOfKind<'choice'>,
  { words, default: fallback }: { readonly words: readonly Word[]; readonly default: Word },
): Word {
  const value: unknown = policy[field] ?? fallback;
  const found = words.find((word) => word === value);
  if (found === undefined) {
    throw new PolicyError(field, `must be one of ${words.map((word) => `'${word}'`).join(', ')}; found ${show(value)}`);
  }
  return found;
}

/** A short value as it is. A long text may be a secret in the wrong field, so only its type is shown. */
function show(value: unknown): string {
  const short =
    typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= 24);
  return short ? printable(JSON.stringify(value)) : `a value of type ${typeof value}`;
}
