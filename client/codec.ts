/** Sealing and settings, for a service that makes its own Temporal client. */
export * from '@cognito-verification/codec';
