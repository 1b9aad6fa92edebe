/** What the tests of an onboarding service import. `@cognito-verification/testing/sandbox` has the Cognito sandbox. */
export { type FailingMethod, FakeVerifications } from './fake-verifications.js';
export type * from './options.js';
