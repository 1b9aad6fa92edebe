import type { CodeDelivery, VerificationStatus } from '@cognito-verification/contract';

/** What a browser may see of a status. */
export type PublicStatus = Pick<
  VerificationStatus,
  | 'state'
  | 'attributeName'
  | 'deliveryUncertain'
  | 'sendsLeft'
  | 'attemptsLeft'
  | 'resendAllowedAt'
  | 'retryAt'
  | 'held'
  | 'codeExpiresAt'
  | 'expiresAt'
  | 'oldValue'
  | 'reason'
  | 'currentDestination'
> & {
  /** Where the newest code was sent, masked by Cognito. */
  delivery?: CodeDelivery | undefined;
};

/**
 * The part of a status that a browser may see: what its page shows, field by field. It leaves out whatever later releases add, and
 * what is for operators: why a send failed, the failure, the proof, the lists of sends and attempts, the policy.
 * @example
 * ```ts
 * import { publicStatus } from '@cognito-verification/client';
 *
 * const answer = Response.json(publicStatus(await verifications.status(workflowId)));
 * ```
 */
export function publicStatus(status: VerificationStatus): PublicStatus {
  const { state, attributeName, delivery, deliveryUncertain, sendsLeft, attemptsLeft } = status;
  const { resendAllowedAt, retryAt, held, codeExpiresAt, expiresAt, oldValue, reason, currentDestination } = status;
  return {
    state,
    attributeName,
    delivery: delivery && { destination: delivery.destination, deliveryMedium: delivery.deliveryMedium },
    deliveryUncertain,
    sendsLeft,
    attemptsLeft,
    resendAllowedAt,
    retryAt,
    held,
    codeExpiresAt,
    expiresAt,
    oldValue,
    reason,
    currentDestination,
  };
}
