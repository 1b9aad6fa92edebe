/** Which user pools a process serves, as its environment says it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingError, USER_POOL_SETTINGS, userPoolsFromSettings } from '@cognito-verification/codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const { pools, keysFile } = USER_POOL_SETTINGS;
const ENDPOINT = 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER';
const EU = 'eu-west-1_AbC123xyz';
const GOV = 'us-gov-west-1_AbC123xyz';

const served = (text: string, environment: NodeJS.ProcessEnv = {}) =>
  userPoolsFromSettings({ [pools]: text, ...environment }).map(({ userPoolId, clientIds }) =>
    clientIds ? [userPoolId, ...clientIds] : userPoolId,
  );

function problemsOf(environment: NodeJS.ProcessEnv): SettingError['problems'] {
  try {
    userPoolsFromSettings(environment);
  } catch (error) {
    if (error instanceof SettingError) return error.problems;
    throw error;
  }
  return [];
}

describe('the user pools', () => {
  it.each<[string, unknown[]]>([
    [EU, [EU]],
    [`${EU},${GOV},eusc-de-east-1_a,cn-north-1_b`, [EU, GOV, 'eusc-de-east-1_a', 'cn-north-1_b']],
    [` ${EU} ,, ${GOV},`, [EU, GOV]],
    [`${EU}:abc123`, [[EU, 'abc123']]],
    [`${EU}:abc123:def+456,${GOV}`, [[EU, 'abc123', 'def+456'], GOV]],
  ])('%s', (text, expected) => {
    expect(served(text)).toEqual(expected);
  });

  it('of another endpoint may have ids without a region, and bring its address along', () => {
    const endpoint = 'http://127.0.0.1:9320';
    expect(served('local_5Q,pool-1_a:client', { [ENDPOINT]: endpoint })).toEqual(['local_5Q', ['pool-1_a', 'client']]);
    expect(userPoolsFromSettings({ [pools]: 'local_5Q', AWS_ENDPOINT_URL: endpoint })).toMatchObject([{ endpoint }]);
  });

  it.each(['foo', 'eu-west-1_', 'us-east-1-AbC', '_AbC', `local_${'x'.repeat(50)}`])(
    'of another endpoint have the form of ids all the same: not %s',
    (id) => {
      expect(problemsOf({ [pools]: id, [ENDPOINT]: 'http://127.0.0.1:9320' })).toMatchObject([{ name: pools }]);
    },
  );

  it.each(['127.0.0.1:9320', 'localhost', 'ftp://host', 'http://', 'http://host:99999'])(
    'are refused with the endpoint %s, by the name of its setting',
    (url) => {
      for (const name of [ENDPOINT, 'AWS_ENDPOINT_URL']) {
        expect(problemsOf({ [pools]: EU, [name]: url })).toMatchObject([{ name, found: JSON.stringify(url) }]);
      }
    },
  );

  it.each([undefined, '', ' , '])('%j names none, and the error says how to', (text) => {
    const [problem, ...others] = problemsOf({ [pools]: text });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ name: pools, found: 'nothing' });
    expect(problem?.allowed).toMatch(/such as eu-west-1_AbC123xyz.*EXAMPLE.*npm start/);
  });

  it.each([
    'AbC123xyz',
    'local_5Q',
    'eu-west-1',
    'eu-west-1_',
    'eu-west-1_a/b',
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC123xyz',
    'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbC123xyz',
    `${EU}:`,
    `${EU}:a b`,
    `${EU}::a`,
    `${EU};${GOV}`,
    `${EU}_${'x'.repeat(60)}`,
  ])('%s is refused', (entry) => {
    expect(problemsOf({ [pools]: `${GOV},${entry}` })).toMatchObject([{ name: pools }]);
  });

  it('are refused all at once where several are wrong, and each may be there once', () => {
    const problems = problemsOf({ [pools]: `nowhere,${EU},${EU}:abc,${GOV}:-` });
    expect(problems.map(({ found }) => found)).toEqual(['"nowhere"', `"${EU}:abc"`, `"${GOV}:-"`]);
    expect(problems[1]?.allowed).toBe('each user pool once');
  });
});

describe('the file with their keys', () => {
  const KEYS = { keys: [{ kid: 'a', kty: 'RSA', n: 'n', e: 'AQAB' }] };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'user-pools-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is accepted with a key set of each pool', async () => {
    const file = join(folder, 'good');
    await writeFile(file, JSON.stringify({ [EU]: KEYS, [GOV]: KEYS }));
    expect(userPoolsFromSettings({ [pools]: EU, [keysFile]: file })).toMatchObject([{ keysFile: file }]);
  });

  it.each([
    ['which is not JSON', 'eu-west-1'],
    [`without keys of ${EU}`, JSON.stringify({ [GOV]: KEYS })],
    [`without keys of ${EU}`, JSON.stringify({ [EU]: { keys: [] } })],
    [`without keys of ${EU}`, JSON.stringify(KEYS)],
    [`without keys of ${EU}`, 'null'],
  ])('is refused: %s', async (why, content) => {
    const file = join(folder, 'bad');
    await writeFile(file, content);
    expect(problemsOf({ [pools]: EU, [keysFile]: file })).toMatchObject([
      { name: keysFile, found: expect.stringContaining(why) },
    ]);
  });

  it('is refused if it cannot be read', () => {
    expect(problemsOf({ [pools]: EU, [keysFile]: join(folder, 'none') })).toMatchObject([
      { name: keysFile, found: expect.stringContaining('which cannot be read') },
    ]);
  });
});

describe('the pools that keep the old value', () => {
  const { keeping } = USER_POOL_SETTINGS;

  it('are named among those that are served', () => {
    const all = userPoolsFromSettings({ [pools]: `${EU},${GOV}`, [keeping]: GOV });
    expect(all.map(({ keepsOriginal }) => keepsOriginal)).toEqual([false, true]);
  });

  it('are none that is not served', () => {
    expect(problemsOf({ [pools]: EU, [keeping]: GOV })).toMatchObject([{ name: keeping, found: JSON.stringify(GOV) }]);
  });
});
