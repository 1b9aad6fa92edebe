/** The protocol of a verification, for a service that speaks it without `VerificationClient`. */
export * from '@cognito-verification/contract';
