import type { Duration } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import type { AttributeName, VerificationPolicy } from './messages.js';

/** A policy with every default filled in and durations in milliseconds. */
export interface ResolvedPolicy {
  deadlineMs: number;
  codeLifetimeMs: number;
  resendAfterMs?: number;
  resendCooldownMs: number;
  maxSends: number;
  maxAttempts: number;
  confirmation: 'trust' | 'recheck';
  codeFormat: 'sixDigits' | 'nonSpace';
}

/** What each field of a policy may be. Out of range is refused at the client and again in the workflow. */
export const POLICY_LIMITS = {
  deadline: { least: '1 minute', most: '30 days' },
  // Cognito throws a code away after 24 hours, whatever we say.
  codeLifetime: { least: '1 minute', most: '24 hours' },
  resendAfter: { least: '1 minute', most: '30 days' },
  resendCooldown: { least: '1 second', most: '1 hour' },
  maxSends: { least: 1, most: 20 },
  // More than Cognito's 15 an hour would only run into its lockout.
  maxAttempts: { least: 1, most: 15 },
} as const;

/** The default of each field; `codeLifetime` depends on the attribute (NIST SP 800-63A-4). */
export const POLICY_DEFAULTS = {
  deadline: '24 hours',
  codeLifetime: { phone_number: '10 minutes', email: '24 hours' },
  resendCooldown: '30 seconds',
  maxSends: 5,
  maxAttempts: 10,
  confirmation: 'trust',
  codeFormat: 'sixDigits',
} as const;

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
  const known = [...Object.keys(POLICY_LIMITS), 'confirmation', 'codeFormat'];
  for (const field of Object.keys(policy)) {
    if (!known.includes(field))
      throw new PolicyError(field.slice(0, 40), `is not a policy field; allowed: ${known.join(', ')}`);
  }
  const resendAfterMs = policy.resendAfter === undefined ? undefined : durationMs(policy, 'resendAfter');
  return {
    deadlineMs: durationMs(policy, 'deadline', POLICY_DEFAULTS.deadline),
    codeLifetimeMs: durationMs(policy, 'codeLifetime', POLICY_DEFAULTS.codeLifetime[attributeName]),
    ...(resendAfterMs === undefined ? {} : { resendAfterMs }),
    resendCooldownMs: durationMs(policy, 'resendCooldown', POLICY_DEFAULTS.resendCooldown),
    maxSends: wholeNumber(policy, 'maxSends', POLICY_DEFAULTS.maxSends),
    maxAttempts: wholeNumber(policy, 'maxAttempts', POLICY_DEFAULTS.maxAttempts),
    confirmation: oneOf(policy, 'confirmation', ['trust', 'recheck']),
    codeFormat: oneOf(policy, 'codeFormat', ['sixDigits', 'nonSpace']),
  };
}

/** A duration in milliseconds, or undefined where it is none. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed = msToNumber(value as Duration);
    return Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
  } catch {
    return undefined;
  }
}

type DurationField = 'deadline' | 'codeLifetime' | 'resendAfter' | 'resendCooldown';

function durationMs(policy: VerificationPolicy, field: DurationField, fallback?: Duration): number {
  const { least, most } = POLICY_LIMITS[field];
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

function wholeNumber(policy: VerificationPolicy, field: 'maxSends' | 'maxAttempts', fallback: number): number {
  const { least, most } = POLICY_LIMITS[field];
  const value: unknown = policy[field] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new PolicyError(field, `must be a whole number from ${least} to ${most}; found ${show(value)}`);
  }
  return value;
}

function oneOf<F extends 'confirmation' | 'codeFormat', T extends NonNullable<VerificationPolicy[F]>>(
  policy: VerificationPolicy,
  field: F,
  allowed: readonly T[],
): T {
  const value: unknown = policy[field] ?? POLICY_DEFAULTS[field];
  const found = allowed.find((item) => item === value);
  if (found === undefined) {
    throw new PolicyError(
      field,
      `must be one of ${allowed.map((item) => `'${item}'`).join(', ')}; found ${show(value)}`,
    );
  }
  return found;
}

/** A value as far as it can be shown: a long text may be a secret in the wrong field. */
function show(value: unknown): string {
  const short =
    typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= 24);
  return short ? JSON.stringify(value) : `a value of type ${typeof value}`;
}
