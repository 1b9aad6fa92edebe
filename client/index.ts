/**
 * What an onboarding service imports: `VerificationClient`, its errors, and the types of the contract that it takes and
 * returns. It needs the Temporal client and the contract, never the worker.
 */
export type {
  AttemptOutcome,
  AttemptRecord,
  AttributeName,
  CodeConfirmedInput,
  CodeDelivery,
  Duration,
  ExpiryReason,
  HeldReason,
  OptionalAccessToken,
  Proof,
  RefusedReason,
  RenewAccessTokenInput,
  RequestedUser,
  RequestedVerification,
  ResendCodeInput,
  ResendRefusal,
  SendOutcome,
  SendRecord,
  ServedUserPool,
  SubmitCodeAnswer,
  SubmitCodeInput,
  SubmitCodeResult,
  UnprovenConfirmation,
  VerificationFailure,
  VerificationOutcome,
  VerificationPolicy,
  VerificationRequest,
  VerificationState,
  VerificationStatus,
  VerifiedValue,
  WithAccessToken,
  WithAccessTokenReference,
} from '@cognito-verification/contract';
export { ATTRIBUTE_NAMES, VERIFICATION_STATES, workflowIdFor } from '@cognito-verification/contract';
export type {
  CallOptions,
  FromSettingsOptions,
  StartedVerification,
  VerificationClientOptions,
  VerificationRef,
} from './client-options.js';
export { type ErrorResponse, errorResponse } from './error-response.js';
export * from './errors.js';
export type { ListFilter, VerificationListing } from './listing.js';
export { type PublicStatus, publicStatus } from './public-status.js';
export { explainServiceError, readServiceError } from './service-errors.js';
export { type OpenTelemetryApi, tracingInterceptor } from './tracing.js';
export type {
  SignedInUser,
  UserCallOptions,
  UserStart,
  UserVerifications,
  Verifications,
} from './user-verifications.js';
export { VerificationClient } from './verification-client.js';
export type { AnyVerifications, StartInput, WithAttemptId, WithRequestId } from './verifications.js';
export { isAlreadyVerifiedValue, isVerifiedValue } from './verified-value.js';
