import type { AttributeName } from '@cognito-verification/contract';
import type { Admission, HeldReason, RefusedReason } from './message-guard.js';

/** What happened, for metrics: nothing of a person. */
export type GuardEvent =
  | {
      readonly type: 'decided';
      readonly attributeName: AttributeName;
      readonly verdict: Admission['verdict'];
      /** Absent where it was admitted. */
      readonly reason?: HeldReason | RefusedReason | undefined;
      /** Of an SMS whose number was read; see `PhoneDestination`: some 260 values. */
      readonly country?: string | undefined;
      /** Admitted, though the brake would have held it: it only watches. */
      readonly isWatched: boolean;
    }
  /** A code was right. */
  | { readonly type: 'proven'; readonly attributeName: AttributeName; readonly country?: string | undefined }
  /** A message that was admitted did not leave, and no longer counts. */
  | { readonly type: 'takenBack'; readonly attributeName: AttributeName; readonly country?: string | undefined }
  /** The shared store has gone away, or is back. */
  | { readonly type: 'store'; readonly isAway: boolean };
