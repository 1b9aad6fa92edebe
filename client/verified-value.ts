import { createHmac, timingSafeEqual } from 'node:crypto';
import type { VerificationOutcome } from '@cognito-verification/contract';

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
  if (outcome !== 'verified' || !proven) return false;
  const digest = createHmac('sha256', proven.salt).update(value).digest();
  const expected = Buffer.from(proven.digest, 'base64url');
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}
