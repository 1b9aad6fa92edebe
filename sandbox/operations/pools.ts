import type { Cognito } from '../cognito.js';
import { CONSTRAINTS, type Input, requiredText, structure } from '../members.js';
import { addClient, addPool } from '../pools.js';
import type { UserPool } from '../state.js';
import type { CallContext } from './operation.js';

/** Makes a user pool in the region for which the request is signed. */
export function createUserPool(cognito: Cognito, input: Input, { region }: CallContext): object {
  return { UserPool: describePool(addPool(cognito, input, region)) };
}

/** Answers a pool's settings. */
export function describeUserPool(cognito: Cognito, input: Input): object {
  return { UserPool: describePool(cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId))) };
}

/** Makes an app client. */
export function createUserPoolClient(cognito: Cognito, input: Input): object {
  const pool = cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
  const client = addClient(cognito, pool, input);
  const createdAt = client.createdAt / 1000;
  const { GenerateSecret: _generateSecret, ...settings } = client.settings;
  return {
    UserPoolClient: {
      RefreshTokenValidity: 30,
      ...settings,
      ClientId: client.id,
      ClientSecret: client.secret,
      ExplicitAuthFlows: client.authFlows,
      EnableTokenRevocation: client.revocation,
      CreationDate: createdAt,
      LastModifiedDate: createdAt,
    },
  };
}

function describePool(pool: UserPool): object {
  const { PoolName: _poolName, ...settings } = pool.settings;
  const createdAt = pool.createdAt / 1000;
  return {
    MfaConfiguration: 'OFF',
    DeletionProtection: 'INACTIVE',
    ...settings,
    EmailConfiguration: { EmailSendingAccount: pool.emailAccount, ...structure(settings, 'EmailConfiguration') },
    Id: pool.id,
    Name: pool.name,
    Arn: `arn:aws:cognito-idp:${pool.region}:000000000000:userpool/${pool.id}`,
    EstimatedNumberOfUsers: Object.keys(pool.users).length,
    CreationDate: createdAt,
    LastModifiedDate: createdAt,
  };
}
