import type { TokenInput } from '@cognito-verification/contract';
import type { Claim } from './terms.js';

/** A token, decoded once; or a reference, whose token's expiry the workflow cannot know. */
export interface HeldToken {
  readonly tokenInput: TokenInput;
  readonly expiresAtMs?: number | undefined;
  /** It counts: its sender has checked its signature, or Cognito has taken it. */
  proven: boolean;
  /** The requests that it came with, until they count. */
  readonly claims: Claim[];
  /** It is worth a look whether it counts, because of what it came with. */
  wantsLook?: boolean | undefined;
}

/** Whether it has not expired, as far as the workflow knows. */
export function lives({ expiresAtMs }: Pick<HeldToken, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}

/** Whether both are the same token, or the same reference. */
export function isSame(one: TokenInput, other: TokenInput): boolean {
  return one.accessToken
    ? other.accessToken !== undefined && one.accessToken.equals(other.accessToken)
    : one.accessTokenReference === other.accessTokenReference;
}

/** A refused token stays refused in every message. A reference is refused as it came in one message only. */
export function isTheOne(one: TokenInput, other: TokenInput): boolean {
  return one === other || (one.accessToken !== undefined && isSame(one, other));
}
