import { checkWritable } from '../attribute-access.js';
import { aliasOwner, checkAliasFree, confirmAttribute } from '../attributes.js';
import { checkSecretHash } from '../challenges.js';
import { valueOfCode } from '../codes.js';
import type { Cognito } from '../cognito.js';
import { type CodeDeliveryDetails, type Sending, sendCode } from '../delivery.js';
import { expiredCode, invalidParameter, notAuthorized } from '../exceptions.js';
import {
  attributeList,
  CONSTRAINTS,
  type Input,
  optionalFlag,
  optionalText,
  requiredText,
  structure,
  textMap,
} from '../members.js';
import { checkPassword, setPassword } from '../passwords.js';
import { spend } from '../quotas.js';
import { autoVerified } from '../settings.js';
import type { AppClient, User, UserPool, VerifiableAttribute } from '../state.js';
import { addUser } from '../users.js';
import { adminUserOf } from './admin-users.js';
import type { CallContext } from './operation.js';

/** Makes a user who is not confirmed, and sends a code to the phone number or else to the e-mail address. */
export async function signUp(cognito: Cognito, input: Input, { undelivered }: CallContext): Promise<object> {
  const { pool, client } = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  const password = requiredText(input, 'Password', { secret: true });
  const attributes = attributeList(input, 'UserAttributes');
  const clientMetadata = textMap(input, 'ClientMetadata');
  checkSecretHash(client, username, optionalText(input, 'SecretHash', { secret: true }));
  if (optionalFlag(structure(pool.settings, 'AdminCreateUserConfig'), 'AllowAdminCreateUserOnly') === true) {
    throw notAuthorized('SignUp is not permitted for this user pool');
  }
  checkPassword(pool, password);
  checkWritable(
    client,
    attributes.map(([name]) => name),
  );
  const user = addUser(cognito, pool, username, attributes, 'user');
  user.status = 'UNCONFIRMED';
  setPassword(pool, user, password);
  const call = { pool, user, clientId: client.id, clientMetadata, undelivered };
  try {
    const details = await sendSignUpCode(cognito, { ...call, triggerSource: 'CustomMessage_SignUp' });
    return { UserConfirmed: false, UserSub: user.sub, CodeDeliveryDetails: details };
  } catch (error) {
    // A user who could get no code may sign up again under the same name.
    delete pool.users[user.sub];
    throw error;
  }
}

/** Sends another code to a user who has signed up. */
export async function resendConfirmationCode(
  cognito: Cognito,
  input: Input,
  { undelivered }: CallContext,
): Promise<object> {
  const { pool, user, client } = signedUp(cognito, input);
  const clientMetadata = textMap(input, 'ClientMetadata');
  if (user.status !== 'UNCONFIRMED') throw invalidParameter('User is already confirmed.');
  const refund = spend(cognito, user, 'sends', signUpAttribute(pool, user));
  try {
    const call = { pool, user, clientId: client.id, clientMetadata, undelivered };
    const details = await sendSignUpCode(cognito, { ...call, triggerSource: 'CustomMessage_ResendCode' });
    if (details === undefined) throw invalidParameter('Cannot resend codes. Auto verification not turned on.');
    return { CodeDeliveryDetails: details };
  } catch (error) {
    refund();
    throw error;
  }
}

/** Confirms a user by the code of the sign-up, which also verifies the address that it went to. */
export function confirmSignUp(cognito: Cognito, input: Input): object {
  const code = requiredText(input, 'ConfirmationCode', CONSTRAINTS.code);
  const takesAlias = optionalFlag(input, 'ForceAliasCreation') === true;
  const { pool, user } = signedUp(cognito, input);
  checkUnconfirmed(user);
  const name = signUpAttribute(pool, user);
  spend(cognito, user, 'attempts', name);
  if (name === undefined) throw expiredCode();
  const value = valueOfCode(cognito, user, name, code);
  const owner = aliasOwner(pool, user, name, value);
  if (owner !== undefined && takesAlias) owner.attributes[`${name}_verified`] = 'false';
  checkAliasFree(pool, user, name, value);
  confirmAttribute(cognito, user, name, value);
  confirm(cognito, user);
  return {};
}

/** Confirms a user without a code, and verifies nothing. */
export function adminConfirmSignUp(cognito: Cognito, input: Input): object {
  const { user } = adminUserOf(cognito, input);
  checkUnconfirmed(user);
  confirm(cognito, user);
  return {};
}

function confirm(cognito: Cognito, user: User): void {
  user.status = 'CONFIRMED';
  user.modifiedAt = cognito.clock.now();
  // The limits of the sign-up are its own: those of a signed-in user begin now.
  user.sends = [];
  user.attempts = [];
}

function checkUnconfirmed({ status }: User): void {
  if (status !== 'UNCONFIRMED') throw notAuthorized(`User cannot be confirmed. Current status is ${status}`);
}

/** With both in use, Cognito confirms a sign-up by SMS. */
function signUpAttribute(pool: UserPool, { attributes }: User): VerifiableAttribute | undefined {
  const names = ['phone_number', 'email'] as const;
  return names.find((name) => autoVerified(pool).includes(name) && attributes[name] !== undefined);
}

/** Undefined where the pool verifies nothing that the user has given: an administrator has to confirm the user. */
async function sendSignUpCode(
  cognito: Cognito,
  call: Omit<Sending, 'attributeName' | 'value'>,
): Promise<CodeDeliveryDetails | undefined> {
  const attributeName = signUpAttribute(call.pool, call.user);
  if (attributeName === undefined) return undefined;
  return await sendCode(cognito, { ...call, attributeName, value: call.user.attributes[attributeName] ?? '' });
}

function signedUp(cognito: Cognito, input: Input): { pool: UserPool; client: AppClient; user: User } {
  const found = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  const username = requiredText(input, 'Username', CONSTRAINTS.username);
  checkSecretHash(found.client, username, optionalText(input, 'SecretHash', { secret: true }));
  return { ...found, user: cognito.user(found.pool, username, 'Username/client id combination not found.') };
}
