import { changeAttributes, checkAttributes } from '../attributes.js';
import type { Cognito } from '../cognito.js';
import { attributeList, CONSTRAINTS, type Input, optionalText, requiredText, textMap } from '../members.js';
import { checkPassword, randomPassword, setPassword } from '../passwords.js';
import { signOutEverywhere } from '../sessions.js';
import type { User, UserPool } from '../state.js';
import { addUser, attributesOf } from '../users.js';
import type { CallContext } from './operation.js';

function named(cognito: Cognito, input: Input): { pool: UserPool; user: User } {
  const userPoolId = requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId);
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  const pool = cognito.pool(userPoolId);
  return { pool, user: cognito.user(pool, username) };
}

function touch(cognito: Cognito, user: User): object {
  user.modifiedAt = cognito.clock.now();
  return {};
}

/** Makes a user that has to change its password. No invitation is sent. */
export function adminCreateUser(cognito: Cognito, input: Input): object {
  const pool = cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  const password = optionalText(input, 'TemporaryPassword', { secret: true }) ?? randomPassword();
  checkPassword(pool, password);
  const user = addUser(cognito, pool, username, attributeList(input, 'UserAttributes'));
  setPassword(user, password);
  return { User: { ...described(user), Attributes: attributesOf(user) } };
}

/** Sets a password; a permanent one confirms the user. */
export function adminSetUserPassword(cognito: Cognito, input: Input): object {
  const { pool, user } = named(cognito, input);
  const password = requiredText(input, 'Password', { secret: true });
  checkPassword(pool, password);
  setPassword(user, password);
  user.status = input['Permanent'] === true ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD';
  return touch(cognito, user);
}

/** Tells what the pool knows of a user. */
export function adminGetUser(cognito: Cognito, input: Input): object {
  const { user } = named(cognito, input);
  return { ...described(user), UserAttributes: attributesOf(user) };
}

/** Changes a user's attributes, its `_verified` flags among them. */
export async function adminUpdateUserAttributes(
  cognito: Cognito,
  input: Input,
  { undelivered }: CallContext,
): Promise<object> {
  const { pool, user } = named(cognito, input);
  const attributes = attributeList(input, 'UserAttributes');
  const clientMetadata = textMap(input, 'ClientMetadata');
  checkAttributes(attributes, 'admin');
  await changeAttributes(cognito, {
    pool,
    user,
    attributes,
    clientMetadata,
    undelivered,
    clientId: 'CLIENT_ID_NOT_APPLICABLE',
  });
  return {};
}

/** Ends all of a user's sign-ins. */
export function adminUserGlobalSignOut(cognito: Cognito, input: Input): object {
  signOutEverywhere(cognito, named(cognito, input).user);
  return {};
}

/** Refuses a user until it is enabled again. */
export function adminDisableUser(cognito: Cognito, input: Input): object {
  const { user } = named(cognito, input);
  user.enabled = false;
  return touch(cognito, user);
}

/** Lets a user in again. */
export function adminEnableUser(cognito: Cognito, input: Input): object {
  const { user } = named(cognito, input);
  user.enabled = true;
  return touch(cognito, user);
}

/** Asks for a new password before anything else. No code is sent. */
export function adminResetUserPassword(cognito: Cognito, input: Input): object {
  const { user } = named(cognito, input);
  user.status = 'RESET_REQUIRED';
  return touch(cognito, user);
}

/** Removes a user. */
export function adminDeleteUser(cognito: Cognito, input: Input): object {
  const { pool, user } = named(cognito, input);
  delete pool.users[user.sub];
  return {};
}

function described(user: User): object {
  return {
    Username: user.username,
    UserCreateDate: user.createdAt / 1000,
    UserLastModifiedDate: user.modifiedAt / 1000,
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}
