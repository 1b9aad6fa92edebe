import { changeAttributes, checkAttributes } from '../attributes.js';
import type { Cognito } from '../cognito.js';
import { attributeList, CONSTRAINTS, type Input, optionalText, requiredText, textMap } from '../members.js';
import { checkPassword, randomPassword, setPassword } from '../passwords.js';
import { signOutEverywhere } from '../sessions.js';
import type { User, UserPool } from '../state.js';
import { addUser, attributesOf } from '../users.js';
import type { CallContext } from './operation.js';

/** The user whom an administrator's request names. */
export function adminUserOf(cognito: Cognito, input: Input): { pool: UserPool; user: User } {
  const userPoolId = requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId);
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  const pool = cognito.pool(userPoolId);
  return { pool, user: cognito.user(pool, username) };
}

function touch(cognito: Cognito, user: User): object {
  user.modifiedAt = cognito.clock.now();
  return {};
}

/** Makes a user who must change the password. The sandbox sends no invitation. */
export function adminCreateUser(cognito: Cognito, input: Input): object {
  const pool = cognito.pool(requiredText(input, 'UserPoolId', CONSTRAINTS.userPoolId));
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  const password = optionalText(input, 'TemporaryPassword', { secret: true }) ?? randomPassword();
  checkPassword(pool, password);
  const user = addUser(cognito, pool, username, attributeList(input, 'UserAttributes'));
  setPassword(pool, user, password);
  return { User: { ...describeUser(user), Attributes: attributesOf(user) } };
}

/** Sets a password; a permanent one confirms the user. */
export function adminSetUserPassword(cognito: Cognito, input: Input): object {
  const { pool, user } = adminUserOf(cognito, input);
  const password = requiredText(input, 'Password', { secret: true });
  checkPassword(pool, password);
  setPassword(pool, user, password);
  user.status = input['Permanent'] === true ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD';
  return touch(cognito, user);
}

/** Answers a user's status and attributes. */
export function adminGetUser(cognito: Cognito, input: Input): object {
  const { user } = adminUserOf(cognito, input);
  return { ...describeUser(user), UserAttributes: attributesOf(user) };
}

/** Changes a user's attributes, including the `_verified` flags. */
export async function adminUpdateUserAttributes(
  cognito: Cognito,
  input: Input,
  { undelivered }: CallContext,
): Promise<object> {
  const { pool, user } = adminUserOf(cognito, input);
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
  signOutEverywhere(cognito, adminUserOf(cognito, input).user);
  return {};
}

/** Refuses a user until it is enabled again. */
export function adminDisableUser(cognito: Cognito, input: Input): object {
  const { user } = adminUserOf(cognito, input);
  user.enabled = false;
  return touch(cognito, user);
}

/** Enables a user that was disabled. */
export function adminEnableUser(cognito: Cognito, input: Input): object {
  const { user } = adminUserOf(cognito, input);
  user.enabled = true;
  return touch(cognito, user);
}

/** Refuses the user until the password is reset. The sandbox sends no code. */
export function adminResetUserPassword(cognito: Cognito, input: Input): object {
  const { user } = adminUserOf(cognito, input);
  user.status = 'RESET_REQUIRED';
  return touch(cognito, user);
}

/** Removes a user. */
export function adminDeleteUser(cognito: Cognito, input: Input): object {
  const { pool, user } = adminUserOf(cognito, input);
  delete pool.users[user.sub];
  return {};
}

function describeUser(user: User): object {
  return {
    Username: user.username,
    UserCreateDate: user.createdAt / 1000,
    UserLastModifiedDate: user.modifiedAt / 1000,
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}
