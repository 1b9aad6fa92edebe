import { pageOf } from '../account/paging.js';
import type { Cognito } from '../cognito.js';
import { CONSTRAINTS, type Input, requiredText } from '../members.js';
import { checkClientSettings, checkPoolSettings } from '../settings.js';
import type { CallContext } from './operation.js';

/** What an update leaves as it is: how users are named, and what an attribute may hold. */
const KEPT = ['PoolName', 'AliasAttributes', 'UsernameAttributes', 'UsernameConfiguration', 'Schema'];

/** Answers the pools of the region for which the request is signed. */
export function listUserPools({ state }: Cognito, input: Input, { region }: CallContext): object {
  const pools = Object.values(state.pools).filter((pool) => pool.region === region);
  const { entries, NextToken } = pageOf(pools, input, 60);
  return { UserPools: entries.map(({ id, name }) => ({ Id: id, Name: name })), NextToken };
}

/** Answers the app clients of a pool. */
export function listUserPoolClients(cognito: Cognito, input: Input): object {
  const pool = cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
  const { entries, NextToken } = pageOf(Object.values(pool.clients), input, 60);
  return {
    UserPoolClients: entries.map(({ id, name }) => ({ ClientId: id, UserPoolId: pool.id, ClientName: name })),
    NextToken,
  };
}

/** Sets the settings of a pool. What is not given gets its default, as on AWS. */
export function updateUserPool(cognito: Cognito, { UserPoolId, ...given }: Input): object {
  const pool = cognito.pool(requiredText({ UserPoolId }, 'UserPoolId', CONSTRAINTS.userPoolId));
  checkPoolSettings(given);
  const kept = Object.entries(pool.settings).filter(([name]) => KEPT.includes(name));
  pool.settings = { ...given, ...Object.fromEntries(kept) };
  return {};
}

/** Sets the settings of an app client. What is not given gets its default, as on AWS. */
export function updateUserPoolClient(cognito: Cognito, { UserPoolId, ClientId, ...given }: Input): object {
  const userPoolId = requiredText({ UserPoolId }, 'UserPoolId', CONSTRAINTS.userPoolId);
  const client = cognito.clientOf(userPoolId, requiredText({ ClientId }, 'ClientId', CONSTRAINTS.clientId));
  checkClientSettings(given);
  client.settings = { ClientName: client.name, ...given };
  return {};
}
