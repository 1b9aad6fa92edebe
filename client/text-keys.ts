import type { HeldReason, RefusedReason, SubmitCodeResult, VerificationState } from '@cognito-verification/contract';
import type { VerificationErrorCode } from './verification-error.js';

/** One text for everything that may be shown. A language that lacks one does not compile. */
export interface Texts {
  /** By the `state` of a status. */
  readonly states: Readonly<Record<VerificationState, string>>;
  /** By the `held` of a status in state `rateLimited`, where it has one: in place of the text of the state. */
  readonly held: Readonly<Record<HeldReason, string>>;
  /** By the `failure.type` of an error, where it is one of these: in place of the text of the error. */
  readonly refused: Readonly<Record<RefusedReason, string>>;
  /** By the `result` of a submitted code. */
  readonly results: Readonly<Record<SubmitCodeResult, string>>;
  /** By the `code` of an error. */
  readonly errors: Readonly<Record<VerificationErrorCode, string>>;
}
