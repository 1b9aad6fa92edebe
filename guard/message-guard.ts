/** What stands before each message: whether it may leave now, and what is learnt from a code that was right. */
import type { AttributeName, HeldReason, RefusedReason, Secret } from '@cognito-verification/contract';

// What a status says too, so the contract has the words.
export { HELD_REASONS, type HeldReason, REFUSED_REASONS, type RefusedReason } from '@cognito-verification/contract';

/** A message that is about to leave. */
export interface Message {
  readonly userPoolId: string;
  /** `email`: by e-mail; `phone_number`: by SMS. */
  readonly attributeName: AttributeName;
  /** The address or number that it will go to. Absent where nobody could read it. */
  readonly destination: Secret | undefined;
}

/** What the guard says to a message. */
export type Admission =
  | {
      readonly verdict: 'admitted';
      /** Takes the message out of the count: it certainly did not leave. */
      readonly takeBack: () => Promise<void>;
    }
  | {
      readonly verdict: 'held';
      readonly reason: HeldReason;
      /** From when it may be asked again, in ms since 1970. */
      readonly retryAtMs: number;
    }
  | { readonly verdict: 'refused'; readonly reason: RefusedReason };

/**
 * Counts messages and decides; it never throws. Each answer comes within 2 s, taking back too: the time-out of a send leaves it no more
 * beside Cognito's 22 s.
 */
export interface MessageGuard {
  /** Asks for one message, and counts it where it is admitted. */
  admit(message: Message): Promise<Admission>;
  /** A code that went to this destination was right: its messages were no robot's. */
  proven(message: Message): Promise<void>;
}
