import { COGNITO_QUOTAS } from '../account/limit-settings.js';
import type { Cognito } from '../cognito.js';
import { invalidParameter } from '../exceptions.js';
import { CONSTRAINTS, type Input, requiredText, structure } from '../members.js';
import { addClient, addPool } from '../pools.js';
import { authFlows, canRevoke, emailAccount } from '../settings.js';
import type { AppClient, UserPool } from '../state.js';
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
  return { UserPoolClient: describeClient(pool, addClient(cognito, pool, input)) };
}

/** Answers an app client's settings, its secret included. */
export function describeUserPoolClient(cognito: Cognito, input: Input): object {
  const userPoolId = requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId);
  const client = cognito.clientOf(userPoolId, requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  return { UserPoolClient: describeClient(cognito.pool(userPoolId), client) };
}

/** Answers how many requests per second of a category Cognito takes. */
export function getProvisionedLimit({ account }: Cognito, input: Input, { region }: CallContext): object {
  const definition = structure(input, 'LimitDefinition');
  const LimitClass = requiredText(definition, 'LimitClass');
  const Category = requiredText(structure(definition, 'Attributes'), 'Category');
  const quota = Object.values(COGNITO_QUOTAS).find(({ category }) => category === Category);
  if (LimitClass !== 'API_CATEGORY' || quota === undefined) {
    throw invalidParameter(`The Cognito sandbox has no limit of ${LimitClass} ${Category}`);
  }
  const { ProvisionedLimits } = account.in(region).cognito;
  return {
    Limit: {
      LimitDefinition: { LimitClass, Attributes: { Category } },
      ProvisionedLimitValue: ProvisionedLimits[quota.category] ?? quota.value,
      FreeLimitValue: quota.value,
    },
  };
}

/** A pool's settings as Cognito answers them. */
export function describePool(pool: UserPool): object {
  const { PoolName: _poolName, ...settings } = pool.settings;
  const createdAt = pool.createdAt / 1000;
  return {
    MfaConfiguration: 'OFF',
    DeletionProtection: 'INACTIVE',
    LambdaConfig: {},
    UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: [] },
    UserPoolTier: 'ESSENTIALS',
    VerificationMessageTemplate: { DefaultEmailOption: 'CONFIRM_WITH_CODE' },
    ...settings,
    EmailConfiguration: { EmailSendingAccount: emailAccount(pool), ...structure(settings, 'EmailConfiguration') },
    Id: pool.id,
    Name: pool.name,
    Arn: `arn:aws:cognito-idp:${pool.region}:000000000000:userpool/${pool.id}`,
    EstimatedNumberOfUsers: Object.keys(pool.users).length,
    CreationDate: createdAt,
    LastModifiedDate: createdAt,
  };
}

/** An app client's settings as Cognito answers them. */
export function describeClient(pool: UserPool, client: AppClient): object {
  const { GenerateSecret: _generateSecret, ...settings } = client.settings;
  const createdAt = client.createdAt / 1000;
  return {
    RefreshTokenValidity: 30,
    ...settings,
    UserPoolId: pool.id,
    ClientId: client.id,
    ClientSecret: client.secret,
    ExplicitAuthFlows: authFlows(client),
    EnableTokenRevocation: canRevoke(client),
    CreationDate: createdAt,
    LastModifiedDate: createdAt,
  };
}
