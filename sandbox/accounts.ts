import { randomBytes } from 'node:crypto';
import { flag, listOf, number, object, oneOf, stringMap, text } from './checks.js';
import type { Cognito } from './cognito.js';
import { checkPassword, randomPassword, setPassword } from './passwords.js';
import { addClient, addPool } from './pools.js';
import { type AccessTokenOptions, accessToken, startSession } from './sessions.js';
import type { AppClient, User, UserPool, UserStatus, VerifiableAttribute } from './state.js';
import { addUser } from './users.js';

/** A user to be made. Without a pool it gets one of its own, in which both attributes can be verified. */
export interface NewUser {
  /** Default: an `email` at example.com. */
  attributes?: Record<string, string>;
  emailVerified?: boolean;
  phoneNumberVerified?: boolean;
  username?: string;
  password?: string;
  /** Default `CONFIRMED`. */
  status?: UserStatus;
  /** A pool that is there already; the three fields below belong to a new one. */
  poolId?: string;
  requireVerificationBeforeUpdate?: boolean;
  /** Attributes by which users of the pool may sign in once they are verified. */
  aliasAttributes?: VerifiableAttribute[];
  /** Default `DEVELOPER`: no daily limit of e-mails, and custom e-mail texts. */
  emailAccount?: 'COGNITO_DEFAULT' | 'DEVELOPER';
}

/** A user with what is needed to act as it. */
export interface SandboxUser {
  readonly userPoolId: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly sub: string;
  readonly accessToken: string;
}

/** Names a user. */
export type UserReference = Pick<SandboxUser, 'userPoolId' | 'username'>;

/** Checks a user that came from outside; throws `BadInput`. */
export const checkNewUser = object<NewUser>({
  attributes: stringMap(),
  emailVerified: flag(),
  phoneNumberVerified: flag(),
  username: text(),
  password: text(),
  status: oneOf('CONFIRMED', 'UNCONFIRMED', 'FORCE_CHANGE_PASSWORD', 'RESET_REQUIRED'),
  poolId: text(),
  requireVerificationBeforeUpdate: flag(),
  aliasAttributes: listOf(oneOf('email', 'phone_number')),
  emailAccount: oneOf('COGNITO_DEFAULT', 'DEVELOPER'),
});

/** A request for one more access token. */
export interface TokenRequest extends AccessTokenOptions, UserReference {}

/** Checks a token request that came from outside; throws `BadInput`. */
export const checkTokenRequest = object<TokenRequest>(
  {
    userPoolId: text(),
    username: text(),
    expiresInSeconds: number({ min: 1, max: 31_536_000, integer: true }),
    scope: text(),
    forged: flag(),
  },
  ['userPoolId', 'username'],
);

const BOTH: readonly string[] = ['email', 'phone_number'];

function newPool(cognito: Cognito, user: NewUser): UserPool {
  const settings = {
    PoolName: 'sandbox',
    AutoVerifiedAttributes: BOTH,
    AliasAttributes: user.aliasAttributes ?? [],
    UserAttributeUpdateSettings: {
      AttributesRequireVerificationBeforeUpdate: user.requireVerificationBeforeUpdate === true ? BOTH : [],
    },
    EmailConfiguration: { EmailSendingAccount: user.emailAccount ?? 'DEVELOPER' },
    SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::000000000000:role/sandbox', ExternalId: 'sandbox' },
  };
  return addPool(cognito, settings, 'us-east-1');
}

function clientOf(cognito: Cognito, pool: UserPool): AppClient {
  const ExplicitAuthFlows = ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'];
  return Object.values(pool.clients)[0] ?? addClient(cognito, pool, { ClientName: 'sandbox', ExplicitAuthFlows });
}

/** Makes a user that has signed in, and whatever of pool and app client is missing. */
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
  setPassword(user, password);
  user.status = wanted.status ?? 'CONFIRMED';
  const token = await accessToken(cognito, startSession(cognito, pool, client, user));
  return {
    userPoolId: pool.id,
    clientId: client.id,
    username: user.username,
    password,
    sub: user.sub,
    accessToken: token,
  };
}

/** The user of this reference. */
export function findUser(cognito: Cognito, { userPoolId, username }: UserReference): { pool: UserPool; user: User } {
  const pool = cognito.pool(userPoolId);
  return { pool, user: cognito.user(pool, username) };
}

/** An access token of a new sign-in of the user. */
export function issueAccessToken(
  cognito: Cognito,
  reference: UserReference & { readonly clientId?: string },
  options: AccessTokenOptions,
): Promise<string> {
  const { pool, user } = findUser(cognito, reference);
  const client = pool.clients[reference.clientId ?? ''] ?? clientOf(cognito, pool);
  return accessToken(cognito, startSession(cognito, pool, client, user), options);
}
