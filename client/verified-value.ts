import { createHmac, timingSafeEqual } from 'node:crypto';
import type { VerificationOutcome, VerifiedValue } from '@cognito-verification/contract';

/**
 * Whether a verification has proven this very value. The outcome does not hold the value, but a digest that only somebody who
 * knows it can compare: use it before an address or a number that your own database holds is treated as verified.
 * @param value as Cognito holds it: an e-mail address letter by letter, a number with its `+`
 * @returns false where the verification proved another value, or none: it ended otherwise, or its confirmation was only
 *   trusted
 * @example
 * ```ts
 * import { isVerifiedValue } from '@cognito-verification/client';
 *
 * const outcome = await verifications.wait(workflowId);
 * if (isVerifiedValue(outcome, '+4915112345678')) console.log('This very number is verified.');
 * ```
 */
export function isVerifiedValue({ outcome, value: proven }: VerificationOutcome, value: string): boolean {
  return outcome === 'verified' && isSameValue(proven, value);
}

/**
 * Whether a verification has ended as `alreadyVerified`, and Cognito showed this very value as verified then. Nobody has proven
 * anew that they receive what is sent there.
 * @param value as for `isVerifiedValue`
 */
export function isAlreadyVerifiedValue({ outcome, value: shown }: VerificationOutcome, value: string): boolean {
  return outcome === 'alreadyVerified' && isSameValue(shown, value);
}

function isSameValue(held: VerifiedValue | undefined, value: string): boolean {
  if (!held) return false;
  const digest = createHmac('sha256', held.salt).update(value).digest();
  const expected = Buffer.from(held.digest, 'base64url');
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}
