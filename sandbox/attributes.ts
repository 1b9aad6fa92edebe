import { endCodes } from './codes.js';
import type { Cognito } from './cognito.js';
import { type CodeDeliveryDetails, type Sending, sendCode } from './delivery.js';
import { CognitoException, invalidParameter } from './exceptions.js';
import { sameName } from './names.js';
import { aliasAttributes, autoVerified, usernameAttributes, verifyBeforeUpdate } from './settings.js';
import type { User, UserPool, VerifiableAttribute } from './state.js';

const STANDARD_ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    'address birthdate email family_name gender given_name locale middle_name name nickname ' +
    'phone_number picture preferred_username profile updated_at website zoneinfo'
  ).split(' '),
);

/** Whether Cognito can send a code for this attribute. */
export function isVerifiable(name: string): name is VerifiableAttribute {
  return name === 'email' || name === 'phone_number';
}

/** The verifiable attribute of this name. Throws `InvalidParameterException` for any other name. */
export function requireVerifiable(name: string): VerifiableAttribute {
  if (isVerifiable(name)) return name;
  throw invalidParameter('Invalid attribute name. Only phone_number and email can be verified.');
}

/** Throws `InvalidParameterException` for attributes that cannot be set. Only administrators may set the `_verified` flags. */
export function checkAttributes(attributes: readonly (readonly [string, string])[], by: 'user' | 'admin'): void {
  for (const [name, value] of attributes) {
    const isFlag = name === 'email_verified' || name === 'phone_number_verified';
    if (name === 'sub' || (isFlag && by === 'user')) {
      throw invalidParameter(`Cannot modify the non-mutable attribute ${name}`);
    }
    if (!isFlag && !STANDARD_ATTRIBUTES.has(name) && !/^(?:custom|dev):./.test(name)) {
      throw invalidParameter(`user.${name}: Attribute does not exist in the schema.\n`);
    }
    if (isFlag && value !== 'true' && value !== 'false') throw invalidParameter(`Invalid value for ${name}.`);
    if (value === '') continue;
    if (name === 'phone_number' && !/^\+[1-9]\d{1,14}$/.test(value)) {
      throw invalidParameter('Invalid phone number format.');
    }
    if (name === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) throw invalidParameter('Invalid email address format.');
  }
}

/** Sets or (with an empty value) removes an attribute. A new e-mail or number is not verified. */
export function setAttribute(user: User, name: string, value: string): void {
  if (isVerifiable(name) && user.pending[name] !== undefined) {
    // The new value replaces the one that waits.
    endCodes(user, name);
    delete user.pending[name];
  }
  if (isVerifiable(name) && user.attributes[name] !== value) {
    endCodes(user, name);
    delete user.attributes[`${name}_verified`];
    if (value !== '') user.attributes[`${name}_verified`] = 'false';
  }
  if (value === '') delete user.attributes[name];
  else user.attributes[name] = value;
}

/** A change of attributes by the user or an administrator. */
export interface AttributeChange
  extends Pick<Sending, 'pool' | 'user' | 'clientId' | 'clientMetadata' | 'undelivered'> {
  readonly attributes: readonly [name: string, value: string][];
}

/**
 * Changes attributes, and sends a code to each e-mail or number that is new. Where the pool wants them verified first,
 * the old value stays until `VerifyUserAttribute`.
 */
export async function changeAttributes(cognito: Cognito, change: AttributeChange): Promise<CodeDeliveryDetails[]> {
  const { user } = change;
  const before = structuredClone({ attributes: user.attributes, pending: user.pending, slots: user.slots });
  try {
    return await applyChange(cognito, change);
  } catch (error) {
    // Cognito refuses the whole change: it keeps no value to which it could send no code.
    Object.assign(user, before);
    throw error;
  }
}

async function applyChange(cognito: Cognito, change: AttributeChange): Promise<CodeDeliveryDetails[]> {
  const { pool, user, attributes } = change;
  const flags = new Map(attributes.filter(([name]) => name.endsWith('_verified')));
  const deliveries: CodeDeliveryDetails[] = [];
  for (const [name, value] of attributes) {
    if (flags.has(name)) continue;
    const isNew = isVerifiable(name) && value !== '' && user.attributes[name] !== value;
    // A value that an administrator marks as verified needs no code.
    if (!isNew || flags.get(`${name}_verified`) === 'true') {
      setAttribute(user, name, value);
      continue;
    }
    if (user.pending[name] === value && cognito.switches.updateToPending === 'sendsNothing') continue;
    if (cognito.switches.aliasCheck === 'whenChanged') checkAliasFree(pool, user, name, value);
    const waits = verifyBeforeUpdate(pool).includes(name);
    if (waits) {
      endCodes(user, name);
      user.pending[name] = value;
    } else setAttribute(user, name, value);
    if (waits || autoVerified(pool).includes(name)) {
      const triggerSource = 'CustomMessage_UpdateUserAttribute';
      deliveries.push(await sendCode(cognito, { ...change, attributeName: name, value, triggerSource }));
    }
  }
  for (const [name, value] of flags) user.attributes[name] = value;
  user.modifiedAt = cognito.clock.now();
  return deliveries;
}

/** Ends the codes, marks the value as verified, and makes it the attribute's value if it was waiting for that. */
export function confirmAttribute(cognito: Cognito, user: User, name: VerifiableAttribute, value: string): void {
  endCodes(user, name);
  if (user.pending[name] === value) {
    user.attributes[name] = value;
    delete user.pending[name];
  }
  user.attributes[`${name}_verified`] = 'true';
  user.modifiedAt = cognito.clock.now();
}

/** Another user of the pool who already signs in by this value. */
export function aliasOwner(pool: UserPool, user: User, name: VerifiableAttribute, value: string): User | undefined {
  if (![...aliasAttributes(pool), ...usernameAttributes(pool)].includes(name)) return undefined;
  return Object.values(pool.users).find(
    (other) =>
      other !== user &&
      sameName(pool, other.attributes[name], value) &&
      other.attributes[`${name}_verified`] === 'true',
  );
}

/** Throws `AliasExistsException` for a value by which another user of the pool already signs in. */
export function checkAliasFree(pool: UserPool, user: User, name: VerifiableAttribute, value: string): void {
  if (aliasOwner(pool, user, name, value) === undefined) return;
  throw new CognitoException(
    'AliasExistsException',
    `An account with the ${name === 'email' ? 'email' : 'phone number'} already exists.`,
  );
}
