import { checkWritable } from '../attribute-access.js';
import { changeAttributes, checkAttributes } from '../attributes.js';
import type { Cognito } from '../cognito.js';
import { attributeList, type Input, textMap } from '../members.js';
import { signedInUser, signOutEverywhere } from '../sessions.js';
import { readableAttributesOf } from '../users.js';
import type { CallContext } from './operation.js';

/**
 * Answers the signed-in user's attributes that the app client may read, without a value that waits for its verification.
 */
export async function getUser(cognito: Cognito, input: Input): Promise<object> {
  const { pool, user, clientId } = await signedInUser(cognito, input);
  return { Username: user.username, UserAttributes: readableAttributesOf(user, pool.clients[clientId]) };
}

/** Changes the signed-in user's attributes and sends a code to each new e-mail or number. */
export async function updateUserAttributes(
  cognito: Cognito,
  input: Input,
  { undelivered }: CallContext,
): Promise<object> {
  const attributes = attributeList(input, 'UserAttributes');
  const clientMetadata = textMap(input, 'ClientMetadata');
  const signedIn = await signedInUser(cognito, input);
  checkAttributes(attributes, 'user');
  checkWritable(
    signedIn.pool.clients[signedIn.clientId],
    attributes.map(([name]) => name),
  );
  const deliveries = await changeAttributes(cognito, { ...signedIn, attributes, clientMetadata, undelivered });
  return { CodeDeliveryDetailsList: deliveries };
}

/** Ends all sign-ins of the signed-in user, including the one of this token. */
export async function globalSignOut(cognito: Cognito, input: Input): Promise<object> {
  const { user } = await signedInUser(cognito, input);
  signOutEverywhere(cognito, user);
  return {};
}
