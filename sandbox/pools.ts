import { randomInt } from 'node:crypto';
import type { Cognito } from './cognito.js';
import { type Input, requiredText } from './members.js';
import { checkClientSettings, checkPoolSettings } from './settings.js';
import type { AppClient, UserPool } from './state.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomName(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

/** Makes a user pool from the members of `CreateUserPool`. */
export function addPool(cognito: Cognito, input: Input, region: string): UserPool {
  checkPoolSettings(input);
  const pool: UserPool = {
    id: `${region}_${randomName(9, LETTERS)}`,
    region,
    name: requiredText(input, 'PoolName', { max: 128 }),
    createdAt: cognito.clock.now(),
    settings: { ...input },
    clients: {},
    users: {},
  };
  cognito.state.pools[pool.id] = pool;
  return pool;
}

/** Makes an app client from the members of `CreateUserPoolClient`. */
export function addClient(cognito: Cognito, pool: UserPool, input: Input): AppClient {
  checkClientSettings(input);
  const client: AppClient = {
    id: randomName(26, LETTERS.slice(26)),
    name: requiredText(input, 'ClientName', { max: 128 }),
    secret: input['GenerateSecret'] === true ? randomName(51, LETTERS.slice(26)) : undefined,
    createdAt: cognito.clock.now(),
    settings: { ...input },
  };
  pool.clients[client.id] = client;
  return client;
}
