import type { ServedUserPool } from '@cognito-verification/contract';
import type { Sandbox } from '../sandbox/index.js';

/** Every user pool of a sandbox, those included that a test makes later. */
export function poolsOf(sandbox: Sandbox): Iterable<ServedUserPool> {
  return {
    *[Symbol.iterator]() {
      for (const userPoolId of sandbox.userPoolIds())
        yield { userPoolId, endpoint: sandbox.url, keepsOriginal: sandbox.keepsOriginal(userPoolId) };
    },
  };
}

/** The settings by which the command serves the pools that the sandbox has now. */
export function poolSettings(sandbox: Sandbox): Record<string, string> {
  return {
    VERIFICATION_USER_POOLS: sandbox.userPoolIds().join(','),
    VERIFICATION_KEEPING_USER_POOLS: sandbox
      .userPoolIds()
      .filter((id) => sandbox.keepsOriginal(id))
      .join(','),
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: sandbox.url,
  };
}
