/** The user pools that clients and workers serve, and where a client gets the keys that sign their tokens. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { quoteSetting, readSettings, SettingError, type SettingProblem } from './setting-error.js';

/** The variables that say which user pools are served. */
export const USER_POOL_SETTINGS = {
  /** `poolId,poolId:clientId:clientId`: the pools, each with the app clients whose tokens count if not all of them do. */
  pools: 'VERIFICATION_USER_POOLS',
  /**
   * `poolId,poolId`: those of them that keep the old value of an attribute until the new one is verified. Only workers use it.
   * Default: none.
   */
  keeping: 'VERIFICATION_KEEPING_USER_POOLS',
  /** The path of a file with the public keys of every served pool. A client then fetches none. */
  keysFile: 'VERIFICATION_USER_POOL_KEYS_FILE',
} as const;

/** A user pool that the settings name, as clients and workers take it (`ServedUserPool` of the contract). */
export interface UserPoolSetting {
  readonly userPoolId: string;
  /** The app clients whose access tokens count. Undefined: every app client of the pool. */
  readonly clientIds: readonly string[] | undefined;
  /** It keeps the old value of an attribute until the new one is verified. */
  readonly keepsOriginal: boolean;
  /** Where the pool's keys are published. Undefined: at Amazon Cognito. */
  readonly endpoint: string | undefined;
  /** The path of the file that holds them. Undefined: they are fetched. */
  readonly keysFile: string | undefined;
}

const FORM = 'user pool ids separated by commas, such as eu-west-1_AbC123xyz';

// Patterns of Cognito's API: the ids of its own pools begin with their region.
const COGNITO_POOL = /^[a-z]+(-[a-z]+)+-\d+_[\dA-Za-z]+$/;
const POOL = /^(?=.{1,55}$)[\w-]+_[\dA-Za-z]+$/;
const CLIENT = /^[\w+]{1,128}$/;

/**
 * The user pools that the environment names. An empty variable counts as not set.
 * @throws SettingError naming every entry that is wrong; also if there is no pool, a pool has no key in the file, or the
 *   endpoint is no URL
 */
export function userPoolsFromSettings(environment: NodeJS.ProcessEnv = process.env): readonly UserPoolSetting[] {
  const endpoint = cognitoEndpoint(environment)?.url;
  const keysFile = environment[USER_POOL_SETTINGS.keysFile] || undefined;
  const { pools } = readSettings({
    pools: () => parseUserPools(environment[USER_POOL_SETTINGS.pools] ?? '', formOfPools(environment)),
    endpoint: () => checkCognitoEndpoint(environment),
  });
  const keeping = new Set(
    (environment[USER_POOL_SETTINGS.keeping] ?? '')
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== ''),
  );
  const unserved = [...keeping].find((id) => !pools.has(id));
  if (unserved !== undefined) {
    const allowed = `pools of ${USER_POOL_SETTINGS.pools}`;
    throw new SettingError([{ name: USER_POOL_SETTINGS.keeping, found: quotePool(unserved), allowed }]);
  }
  if (keysFile) checkKeysFile(keysFile, [...pools.keys()]);
  return [...pools].map(([userPoolId, clientIds]) => ({
    userPoolId,
    clientIds,
    keepsOriginal: keeping.has(userPoolId),
    endpoint,
    keysFile: keysFile && resolve(keysFile),
  }));
}

/** Whether it can be the id of a user pool: of Cognito, or of what else listens at the endpoint that the environment sets. */
export function isUserPoolId(id: string, environment: NodeJS.ProcessEnv = process.env): boolean {
  return formOfPools(environment).test(id);
}

function formOfPools(environment: NodeJS.ProcessEnv): RegExp {
  return cognitoEndpoint(environment) ? POOL : COGNITO_POOL;
}

/** The endpoint of Cognito that the environment sets, and the name of the variable; undefined if it sets none. */
export function cognitoEndpoint(
  environment: NodeJS.ProcessEnv = process.env,
): { name: string; url: string } | undefined {
  for (const name of COGNITO_ENDPOINT_SETTINGS) {
    const url = environment[name];
    if (url) return { name, url };
  }
  return undefined;
}

/** @throws SettingError if a variable for the endpoint holds no URL of one, so that every request would fail */
export function checkCognitoEndpoint(environment: NodeJS.ProcessEnv = process.env): void {
  const wrong = COGNITO_ENDPOINT_SETTINGS.flatMap((name): SettingProblem[] => {
    const url = environment[name];
    if (!url || (/^https?:\/\/[^/\s]/.test(url) && URL.canParse(url))) return [];
    const allowed = 'a URL such as https://cognito-idp.eu-west-1.amazonaws.com';
    return [{ name, found: quoteSetting(url), allowed }];
  });
  if (wrong.length > 0) throw new SettingError(wrong);
}

/** The names that the AWS SDK reads, in its order. */
const COGNITO_ENDPOINT_SETTINGS: readonly string[] = ['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER', 'AWS_ENDPOINT_URL'];

/** The app clients of each pool; undefined for all of them. */
function parseUserPools(text: string, poolForm: RegExp): ReadonlyMap<string, readonly string[] | undefined> {
  const name = USER_POOL_SETTINGS.pools;
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) {
    const allowed = `${FORM}, each with the app clients whose tokens count after colons (eu-west-1_AbC123xyz:1h57kf5cpq17m0eml12EXAMPLE) if not all of them do. Only these pools are served, so nothing runs without one; a local stack (npm start in a clone) names its own`;
    throw new SettingError([{ name, found: 'nothing', allowed }]);
  }
  const problems: SettingProblem[] = [];
  const pools = new Map<string, readonly string[] | undefined>();
  for (const entry of entries) {
    const [userPoolId = '', ...clientIds] = entry.split(':');
    const allowed = !poolForm.test(userPoolId)
      ? FORM
      : !clientIds.every((clientId) => CLIENT.test(clientId))
        ? `ids of app clients after the colons: letters, digits, _ and +`
        : pools.has(userPoolId)
          ? 'each user pool once'
          : undefined;
    if (allowed) problems.push({ name, found: quotePool(entry), allowed });
    else pools.set(userPoolId, clientIds.length > 0 ? clientIds : undefined);
  }
  if (problems.length > 0) throw new SettingError(problems);
  return pools;
}

/** The id of a pool may look like a secret, and is none. */
function quotePool(entry: string): string {
  const [userPoolId = ''] = entry.split(':');
  return COGNITO_POOL.test(userPoolId) ? JSON.stringify(entry.slice(0, 80)) : quoteSetting(entry);
}

function checkKeysFile(path: string, userPoolIds: readonly string[]): void {
  const refuse = (found: string) =>
    new SettingError([
      {
        name: USER_POOL_SETTINGS.keysFile,
        found: `${quoteSetting(path)}, ${found}`,
        allowed:
          'the path of a JSON file that has the key set of each served pool under its id: {"eu-west-1_AbC123xyz": {"keys": […]}}',
      },
    ]);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refuse(error instanceof SyntaxError ? 'which is not JSON' : 'which cannot be read');
  }
  const lacking = userPoolIds.find((userPoolId) => !hasKeys(fieldOf(content, userPoolId)));
  if (lacking !== undefined) throw refuse(`without keys of ${lacking}`);
}

function hasKeys(keySet: unknown): boolean {
  const keys = fieldOf(keySet, 'keys');
  return Array.isArray(keys) && keys.length > 0;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
