/** What the tests of an onboarding service import. `@cognito-verification/testing/sandbox` has the Cognito sandbox. */
export type { CognitoCallName, FakeAttribute, FakeUser, NewFakeUser, RefusalOptions } from './cognito.js';
export { type FailingMethod, type FakeOptions, FakeVerifications } from './fake-verifications.js';
