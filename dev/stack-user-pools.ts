/** The user pools of a local stack: that of its demonstration, and those that this shell names. */
import { USER_POOL_SETTINGS, type UserPoolSetting, userPoolsFromSettings } from '@cognito-verification/codec';
import type { DemoPool } from './demo-user.js';
import type { StackCognito } from './stack-cognito.js';

/** What the worker and the callers of a stack serve. */
export interface StackUserPools {
  readonly userPools: readonly UserPoolSetting[];
  /** The settings for another terminal. */
  readonly settings: Readonly<Record<string, string | undefined>>;
}

/**
 * Chooses the user pools. A stack without a sandbox has none of its own, so the environment must name them.
 * @throws SettingError
 */
export function chooseUserPools(
  { endpoint, sandbox }: StackCognito,
  demo: DemoPool | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): StackUserPools {
  const { pools, keysFile } = USER_POOL_SETTINGS;
  const named = environment[pools]?.split(',').filter((entry) => entry.trim().split(':')[0] !== demo?.userPoolId) ?? [];
  const userPools = userPoolsFromSettings({
    [pools]: [...(demo ? [demo.userPoolId] : []), ...named].join(','),
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint,
    // A sandbox has keys of its own.
    [keysFile]: sandbox ? undefined : environment[keysFile],
  });
  const text = userPools.map(({ userPoolId, clientIds = [] }) => [userPoolId, ...clientIds].join(':')).join(',');
  const keys = sandbox && environment[keysFile] ? '' : environment[keysFile];
  return { userPools, settings: { [pools]: text, [keysFile]: keys } };
}
