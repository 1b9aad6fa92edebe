/**
 * What proves that Cognito has verified the value to which the code went: plain functions of what was read, with no Temporal
 * import. `docs/lifecycle.md` shows them as a table, and a test holds both to it.
 */
import {
  type AttributeName,
  attributeUnreadable,
  PROOF_FAILURE_TYPES,
  type Proof,
  type UnprovenConfirmation,
  type VerificationStatus,
} from '@cognito-verification/contract';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { Ending } from './policy.js';

/** What must be verified at the end: one value, or any other than the one that is kept until then. */
export interface Target {
  readonly valueDigest: string;
  readonly salt: string;
  /** The flag when the target was read; undefined where it was not told. */
  readonly verified: boolean | undefined;
  /** Cognito keeps this value until a new one is verified, so that the value at the end must be another. */
  readonly mustDiffer: boolean;
  /** The value that the user may have until the target is verified, where the verification itself changes it. */
  readonly keptDigest?: string | undefined;
}

/**
 * The target that follows from a look; undefined where the value was not told.
 * @param change the look was made because Cognito has sent a code by itself, to a value that is new
 */
export function targetOf(
  { valueDigest, newValueDigest, salt, verified }: AttributeSnapshot,
  { change }: { change: boolean },
): Target | undefined {
  if (newValueDigest !== undefined && newValueDigest !== valueDigest)
    return { valueDigest: newValueDigest, salt, verified: false, mustDiffer: false, keptDigest: valueDigest };
  if (valueDigest === undefined) return undefined;
  // A new value that has taken its place at once is not verified. One that is verified is the old value, which is kept.
  return { valueDigest, salt, verified, mustDiffer: change && verified === true };
}

/** What a look says of the old value, where the verification changes it; undefined where the user has a third one. */
export function oldValueBy(target: Target, now: AttributeSnapshot): VerificationStatus['oldValue'] {
  if (target.keptDigest !== undefined && now.valueDigest === target.keptDigest) return 'kept';
  return now.valueDigest === target.valueDigest && now.verified !== true ? 'replaced' : undefined;
}

/** Why the attribute is looked at: Cognito has accepted a code, `codeConfirmed` says so, or nobody does. */
export type Evidence = Exclude<Proof, 'trusted'>;

/** What a look says. */
export type Judgement =
  | 'proven'
  /** The target is not verified. */
  | 'notVerified'
  /** It is verified, as it was before any code, so that nothing tells whether a code did it. */
  | 'verifiedBefore'
  /** It is verified, and nobody knows whether it was before. */
  | 'beforeNotTold'
  /** The user has another value now. */
  | 'changed'
  | 'valueNotTold'
  | 'flagNotTold'
  /** The digests have different keys. */
  | 'incomparable';

/** Judges a look. A field that is absent was not told, and says neither yes nor no. */
export function judge(target: Target, evidence: Evidence, now: AttributeSnapshot): Judgement {
  if (now.valueDigest === undefined) return 'valueNotTold';
  if (now.salt !== target.salt) return 'incomparable';
  const isTheSame = now.valueDigest === target.valueDigest;
  if (target.mustDiffer && isTheSame) return 'notVerified';
  if (target.keptDigest !== undefined && now.valueDigest === target.keptDigest) return 'notVerified';
  if (!target.mustDiffer && !isTheSame) return 'changed';
  if (now.verified === undefined) return 'flagNotTold';
  if (!now.verified) return 'notVerified';
  // A new value that has taken the place of the old one, and an accepted code, need no flag from before.
  if (evidence === 'accepted' || target.mustDiffer) return 'proven';
  if (target.verified === undefined) return 'beforeNotTold';
  return target.verified ? 'verifiedBefore' : 'proven';
}

/** How the verification ends by a look; undefined where it goes on. */
export function endingBy(
  judgement: Judgement,
  evidence: Evidence,
  { valueDigest, salt, destination }: AttributeSnapshot,
  attributeName: AttributeName,
): Ending | undefined {
  if (judgement === 'proven' && valueDigest !== undefined)
    return { outcome: 'verified', proof: evidence, value: { digest: valueDigest, salt } };
  if (judgement === 'changed')
    return { outcome: 'expired', reason: 'AttributeChanged', currentDestination: destination };
  if (evidence !== 'accepted') return undefined;
  switch (judgement) {
    case 'valueNotTold':
      return { outcome: 'failed', failure: attributeUnreadable(attributeName) };
    case 'flagNotTold':
      return { outcome: 'failed', failure: attributeUnreadable(attributeName, 'the flag') };
    case 'notVerified':
      return {
        outcome: 'failed',
        failure: {
          type: PROOF_FAILURE_TYPES.attributeNotVerified,
          message: `Cognito accepted a code, and does not show as verified the ${attributeName} to which the code of this verification went. Something may set it back (a trigger, an import, an administrator), or the code was one for another value. Once that is clear, start it again.`,
        },
      };
    default:
      return undefined;
  }
}

/** How it ends where the attribute was verified before anything was sent. That proves nothing about who holds the address now. */
export function alreadyVerifiedBy({ valueDigest, salt, destination }: AttributeSnapshot): Ending {
  const value = valueDigest === undefined ? undefined : { digest: valueDigest, salt };
  return { outcome: 'alreadyVerified', value, currentDestination: destination };
}

/** Why a confirmation proves nothing by this look, and what to do about it. */
export function unproven(judgement: Judgement, attributeName: AttributeName): UnprovenConfirmation | undefined {
  switch (judgement) {
    case 'notVerified':
      return {
        reason: 'notVerified',
        message: `A confirmation came, and Cognito does not show the ${attributeName} as verified to which the code went. Submit the code, or confirm again once Cognito has accepted it.`,
      };
    case 'verifiedBefore':
      return {
        reason: 'verifiedBefore',
        message: `A confirmation came, and Cognito showed the ${attributeName} as verified already before the code was sent, so that nothing tells whether the code was accepted. Submit a code, or start with the policy confirmation 'trust'.`,
      };
    case 'beforeNotTold':
      return {
        reason: 'notTold',
        message: `A confirmation came, and Cognito did not say before the code was sent whether the ${attributeName} was verified. Submit a code; for next time, make sure that the user has ${attributeName}_verified and that the app client may read it (ReadAttributes of the app client).`,
      };
    case 'valueNotTold':
    case 'flagNotTold': {
      const { message } = attributeUnreadable(attributeName, judgement === 'valueNotTold' ? 'the value' : 'the flag');
      return { reason: 'notTold', message: `A confirmation came. ${message}` };
    }
    default:
      return undefined;
  }
}
