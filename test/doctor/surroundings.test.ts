/** What doctor takes from the settings, whatever else is wrong with them. */
import { describe, expect, it } from 'vitest';
import { CouldNotAskError } from '../../doctor/could-not-ask.js';
import { surroundingsFromSettings } from '../../doctor/surroundings.js';

const SERVED = { VERIFICATION_USER_POOLS: 'eu-west-1_Served' };

function pools(userPoolIds: readonly string[], environment: NodeJS.ProcessEnv) {
  return surroundingsFromSettings({ userPoolIds, countries: [] }, environment)
    .userPools()
    .map(({ userPoolId, endpoint }) => ({ userPoolId, endpoint }));
}

describe('the pools to ask about', () => {
  it.each([
    [[], SERVED, 'eu-west-1_Served', undefined],
    [['eu-west-1_Other'], SERVED, 'eu-west-1_Other', undefined],
    [['eu-west-1_Other'], {}, 'eu-west-1_Other', undefined],
    [['eu-west-1_Other'], { VERIFICATION_USER_POOLS: 'no pool' }, 'eu-west-1_Other', undefined],
    [['eu-west-1_Other'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9229' }, 'eu-west-1_Other', 'http://127.0.0.1:9229'],
  ])('asked %j, settings %j', (asked, environment, userPoolId, endpoint) => {
    expect(pools(asked, environment)).toEqual([{ userPoolId, endpoint }]);
  });

  it.each([
    [[], {}, /VERIFICATION_USER_POOLS/],
    [['eu-west-1_Other'], { AWS_ENDPOINT_URL: 'nowhere' }, /AWS_ENDPOINT_URL/],
  ])('asked %j, settings %j, are not known', (asked, environment, words) => {
    expect(() => pools(asked, environment)).toThrow(CouldNotAskError);
    expect(() => pools(asked, environment)).toThrow(words);
  });
});

it('what is wrong with the log keeps nobody from asking Temporal', () => {
  const { temporal } = surroundingsFromSettings({ userPoolIds: [], countries: [] }, { VERIFICATION_LOG_LEVEL: 'loud' });
  expect(temporal.config().namespace).toBe('default');
});
