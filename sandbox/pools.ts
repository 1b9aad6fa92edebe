import { randomInt } from 'node:crypto';
import { checkAccessLists } from './attribute-access.js';
import type { Cognito } from './cognito.js';
import { type Input, optionalInteger, optionalText, requiredText, structure, textList } from './members.js';
import { isCaseSensitive } from './names.js';
import type { AppClient, UserPool } from './state.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DAY_SECONDS = 86_400;

function randomName(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

/** Makes a user pool from the members of `CreateUserPool`. */
export function addPool(cognito: Cognito, input: Input, region: string): UserPool {
  const verifyBeforeUpdate = textList(
    structure(input, 'UserAttributeUpdateSettings'),
    'AttributesRequireVerificationBeforeUpdate',
  );
  const emailAccount = optionalText(structure(input, 'EmailConfiguration'), 'EmailSendingAccount');
  isCaseSensitive(input);
  const pool: UserPool = {
    id: `${region}_${randomName(9, LETTERS)}`,
    region,
    name: requiredText(input, 'PoolName', { max: 128 }),
    createdAt: cognito.clock.now(),
    autoVerified: textList(input, 'AutoVerifiedAttributes'),
    verifyBeforeUpdate,
    usernameAttributes: textList(input, 'UsernameAttributes'),
    aliasAttributes: textList(input, 'AliasAttributes'),
    sendsSms: Object.keys(structure(input, 'SmsConfiguration')).length > 0,
    emailAccount: emailAccount === 'DEVELOPER' ? 'DEVELOPER' : 'COGNITO_DEFAULT',
    settings: { ...input },
    clients: {},
    users: {},
  };
  cognito.state.pools[pool.id] = pool;
  return pool;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: DAY_SECONDS };

function lifetimeSeconds(input: Input, token: 'AccessToken' | 'RefreshToken', unit: string, otherwise: number): number {
  const given = optionalInteger(input, `${token}Validity`);
  const givenUnit = optionalText(structure(input, 'TokenValidityUnits'), token) ?? unit;
  return given === undefined ? otherwise : given * (UNIT_SECONDS[givenUnit] ?? 1);
}

/** Makes an app client from the members of `CreateUserPoolClient`. */
export function addClient(cognito: Cognito, pool: UserPool, input: Input): AppClient {
  const flows = textList(input, 'ExplicitAuthFlows');
  checkAccessLists(input);
  const client: AppClient = {
    id: randomName(26, LETTERS.slice(26)),
    name: requiredText(input, 'ClientName', { max: 128 }),
    secret: input['GenerateSecret'] === true ? randomName(51, LETTERS.slice(26)) : undefined,
    // Cognito's own default, which is without the password flows.
    authFlows: flows.length > 0 ? flows : ['ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH'],
    accessTokenSeconds: lifetimeSeconds(input, 'AccessToken', 'hours', 3600),
    refreshTokenSeconds: lifetimeSeconds(input, 'RefreshToken', 'days', 30 * DAY_SECONDS),
    revocation: input['EnableTokenRevocation'] !== false,
    createdAt: cognito.clock.now(),
    settings: { ...input },
  };
  pool.clients[client.id] = client;
  return client;
}
