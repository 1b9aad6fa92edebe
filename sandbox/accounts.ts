import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { ACCOUNT_ID } from './account/service.js';
import type { Cognito } from './cognito.js';
import { checkPassword, randomPassword, setPassword } from './passwords.js';
import { addClient, addPool } from './pools.js';
import { fields, Text } from './schema.js';
import { AccessTokenOptions, accessToken, idToken, refreshToken, startSession } from './sessions.js';
import type { AppClient, User, UserPool } from './state.js';
import { addUser } from './users.js';

/** The user pool that the sandbox is asked to make. Both attributes can be verified in it, and messages have no daily limit. */
export const NewUserPool = fields({
  /** Whether a new e-mail or number waits for its verification, and the old one stays meanwhile. Default `false`. */
  requireVerificationBeforeUpdate: v.optional(v.boolean()),
  /** Attributes by which users of the pool may sign in once they are verified. Default: none. */
  aliasAttributes: v.optional(v.array(v.picklist(['email', 'phone_number']))),
  /** Default `DEVELOPER`: no daily limit of e-mails, and custom e-mail texts. */
  emailAccount: v.optional(v.picklist(['COGNITO_DEFAULT', 'DEVELOPER'])),
});
export type NewUserPool = v.InferOutput<typeof NewUserPool>;

/** A user pool, and an app client without a secret by which its users sign in. */
export interface SandboxUserPool {
  readonly userPoolId: string;
  readonly clientId: string;
}

/** The user that the sandbox is asked to make. Without `poolId` it gets a pool of its own. */
export const NewUser = fields({
  /** Default: an `email` at example.com. */
  attributes: v.optional(v.record(v.string(), v.string())),
  emailVerified: v.optional(v.boolean()),
  phoneNumberVerified: v.optional(v.boolean()),
  /** Default: a random one, as for `password`. */
  username: v.optional(Text),
  password: v.optional(Text),
  /** Default `CONFIRMED`. */
  status: v.optional(v.picklist(['CONFIRMED', 'UNCONFIRMED', 'FORCE_CHANGE_PASSWORD', 'RESET_REQUIRED'])),
  /** An existing pool. The other fields of a pool describe a new one. */
  poolId: v.optional(Text),
  ...NewUserPool.entries,
});
export type NewUser = v.InferOutput<typeof NewUser>;

/** A user who has signed in, with everything that a caller needs to act as it. */
export interface SandboxUser extends SandboxUserPool {
  readonly username: string;
  readonly password: string;
  readonly sub: string;
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
}

/** The pool and the name that identify a user. */
export type UserReference = Pick<SandboxUser, 'userPoolId' | 'username'>;

/** A request for one more access token. */
export const TokenRequest = fields({ userPoolId: Text, username: Text, ...AccessTokenOptions.entries });

/** Where the sandbox's own pools are. */
const REGION = 'us-east-1';
const BOTH: readonly string[] = ['email', 'phone_number'];

function newPool(cognito: Cognito, wanted: NewUserPool): UserPool {
  const settings = {
    PoolName: 'sandbox',
    AutoVerifiedAttributes: BOTH,
    AliasAttributes: wanted.aliasAttributes ?? [],
    UserAttributeUpdateSettings: {
      AttributesRequireVerificationBeforeUpdate: wanted.requireVerificationBeforeUpdate === true ? BOTH : [],
    },
    EmailConfiguration:
      wanted.emailAccount === 'COGNITO_DEFAULT'
        ? { EmailSendingAccount: 'COGNITO_DEFAULT' }
        : {
            EmailSendingAccount: 'DEVELOPER',
            SourceArn: `arn:aws:ses:${REGION}:${ACCOUNT_ID}:identity/example.com`,
            From: 'no-reply@example.com',
          },
    SmsConfiguration: {
      SnsCallerArn: `arn:aws:iam::${ACCOUNT_ID}:role/sandbox`,
      ExternalId: 'sandbox',
      SnsRegion: REGION,
    },
  };
  return addPool(cognito, settings, REGION);
}

function clientOf(cognito: Cognito, pool: UserPool): AppClient {
  const ExplicitAuthFlows = ['USER_SRP', 'USER_PASSWORD', 'ADMIN_USER_PASSWORD', 'REFRESH_TOKEN'].map(
    (flow) => `ALLOW_${flow}_AUTH`,
  );
  return Object.values(pool.clients)[0] ?? addClient(cognito, pool, { ClientName: 'sandbox', ExplicitAuthFlows });
}

/** Makes a pool and its app client. */
export function createUserPool(cognito: Cognito, wanted: NewUserPool): SandboxUserPool {
  const pool = newPool(cognito, wanted);
  return { userPoolId: pool.id, clientId: clientOf(cognito, pool).id };
}

/** Makes a user that has signed in, and its pool and app client where they are missing. */
export async function createSignedInUser(cognito: Cognito, wanted: NewUser): Promise<SandboxUser> {
  const pool = wanted.poolId === undefined ? newPool(cognito, wanted) : cognito.pool(wanted.poolId);
  const client = clientOf(cognito, pool);
  const username = wanted.username ?? `user-${randomBytes(6).toString('hex')}`;
  const password = wanted.password ?? randomPassword();
  const attributes = Object.entries(wanted.attributes ?? { email: `${username}@example.com` });
  if (wanted.emailVerified !== undefined) attributes.push(['email_verified', String(wanted.emailVerified)]);
  if (wanted.phoneNumberVerified !== undefined) {
    attributes.push(['phone_number_verified', String(wanted.phoneNumberVerified)]);
  }
  checkPassword(pool, password);
  const user = addUser(cognito, pool, username, attributes);
  setPassword(pool, user, password);
  user.status = wanted.status ?? 'CONFIRMED';
  const signIn = startSession(cognito, pool, client, user);
  return {
    userPoolId: pool.id,
    clientId: client.id,
    username: user.username,
    password,
    sub: user.sub,
    accessToken: await accessToken(cognito, signIn),
    idToken: await idToken(cognito, signIn),
    refreshToken: refreshToken(signIn),
  };
}

/** The user that the reference identifies. */
export function findUser(cognito: Cognito, { userPoolId, username }: UserReference): { pool: UserPool; user: User } {
  const pool = cognito.pool(userPoolId);
  return { pool, user: cognito.user(pool, username) };
}

/** Signs the user in once more; the answer is the access token. */
export function issueAccessToken(
  cognito: Cognito,
  reference: UserReference & { readonly clientId?: string | undefined },
  options: AccessTokenOptions,
): Promise<string> {
  const { pool, user } = findUser(cognito, reference);
  const client = pool.clients[reference.clientId ?? ''] ?? clientOf(cognito, pool);
  return accessToken(cognito, startSession(cognito, pool, client, user), options);
}
