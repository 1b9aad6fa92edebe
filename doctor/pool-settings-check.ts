import { SettingError, USER_POOL_SETTINGS } from '@cognito-verification/codec';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { CORRECT_SETTING, findingsOf } from './findings.js';
import type { Surroundings } from './surroundings.js';

/** The check of the settings that name the user pools served. */
export const POOL_SETTINGS_CHECK: Check<Surroundings> = {
  name: 'user-pool-settings',
  area: 'user-pool',
  title: 'settings that name the user pools served',
  run({ servedUserPools, userPools, environment }) {
    try {
      const served = servedUserPools().map(({ userPoolId }) => userPoolId);
      const asked = userPools().map(({ userPoolId }) => userPoolId);
      return Promise.resolve(judgePoolSettings(served, asked, environment[USER_POOL_SETTINGS.pools] ?? ''));
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return Promise.resolve([judgeWrongPoolSettings(error)]);
    }
  },
};

/**
 * @param asked the pools to ask about, served or not
 * @param setting that names those served, with the app clients of each
 */
function judgePoolSettings(served: readonly string[], asked: readonly string[], setting: string): readonly Finding[] {
  const findings = findingsOf('user-pool-settings');
  return asked.map((userPoolId) =>
    served.includes(userPoolId)
      ? findings.ok(userPoolId, 'The settings name it.')
      : findings.warning({
          subject: userPoolId,
          found: `The pool is not among those of ${USER_POOL_SETTINGS.pools}.`,
          means: 'No verification of its users starts.',
          remedy: {
            text: 'If it is to be served, name it there too, for services and workers.',
            command: `export ${USER_POOL_SETTINGS.pools}='${setting.trim()},${userPoolId}'`,
          },
        }),
  );
}

function judgeWrongPoolSettings(error: SettingError): Finding {
  return findingsOf('user-pool-settings').failure({
    subject: 'settings',
    found: error.message,
    means: 'Nothing that has these settings starts: no worker, no service, no command that starts a verification.',
    remedy: CORRECT_SETTING,
  });
}
