/** What the tests of an onboarding service import. `@cognito-verification/testing/sandbox` has the Cognito sandbox. */
export { type FailingMethod, FakeVerifications } from './fake-verifications.js';
export type { CognitoCallName, RefusalOptions } from './refusals.js';
export type { RunningSandbox } from './sandbox-endpoint.js';
export type { FakeAttribute, FakeUser, NewFakeUser } from './user-pool.js';
export type { FakeOptions } from './world.js';
