import { checkAliasFree, confirmAttribute, isVerifiable, requireVerifiable } from '../attributes.js';
import { valueOfCode } from '../codes.js';
import type { Cognito } from '../cognito.js';
import { sendCode } from '../delivery.js';
import { invalidParameter } from '../exceptions.js';
import { CONSTRAINTS, type Input, requiredText, textMap } from '../members.js';
import { spend } from '../quotas.js';
import { signedInUser } from '../sessions.js';
import type { User, VerifiableAttribute } from '../state.js';
import type { CallContext } from './operation.js';

/** Sends a code to the value of the attribute. */
export async function getUserAttributeVerificationCode(
  cognito: Cognito,
  input: Input,
  { undelivered }: CallContext,
): Promise<object> {
  const name = requiredText(input, 'AttributeName', CONSTRAINTS.attributeName);
  const clientMetadata = textMap(input, 'ClientMetadata');
  const signedIn = await signedInUser(cognito, input);
  const { user } = signedIn;

  if (cognito.switches.checkOrder === 'attributeFirst') destinationOf(cognito, user, name);
  const refund = spend(cognito, user, 'sends', isVerifiable(name) ? name : undefined);
  try {
    const details = await sendCode(cognito, {
      ...signedIn,
      ...destinationOf(cognito, user, name),
      triggerSource: 'CustomMessage_VerifyUserAttribute',
      clientMetadata,
      undelivered,
    });
    return { CodeDeliveryDetails: details };
  } catch (error) {
    refund();
    throw error;
  }
}

/** Checks a code and marks the attribute as verified. */
export async function verifyUserAttribute(cognito: Cognito, input: Input): Promise<object> {
  const name = requiredText(input, 'AttributeName', CONSTRAINTS.attributeName);
  const code = requiredText(input, 'Code', CONSTRAINTS.code);
  const { pool, user } = await signedInUser(cognito, input);

  if (cognito.switches.checkOrder === 'attributeFirst') requireVerifiable(name);
  const refund = spend(cognito, user, 'attempts', isVerifiable(name) ? name : undefined);
  let attributeName: VerifiableAttribute;
  try {
    attributeName = requireVerifiable(name);
  } catch (error) {
    // Cognito has not looked at the code, so this is no attempt. A wrong code stays counted.
    refund();
    throw error;
  }
  const value = valueOfCode(cognito, user, attributeName, code);
  checkAliasFree(pool, user, attributeName, value);
  confirmAttribute(cognito, user, attributeName, value);
  return {};
}

function destinationOf(
  { switches }: Cognito,
  user: User,
  name: string,
): { attributeName: VerifiableAttribute; value: string } {
  const attributeName = requireVerifiable(name);
  const pending = switches.sendWhilePending === 'pendingValue' ? user.pending[attributeName] : undefined;
  const value = pending ?? user.attributes[attributeName];
  if (value === undefined) {
    const what = attributeName === 'email' ? 'email address' : 'phone number';
    throw invalidParameter(`User does not have a valid registered ${what}`);
  }
  return { attributeName, value };
}
