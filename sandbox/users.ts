import { randomUUID } from 'node:crypto';
import { mayRead } from './attribute-access.js';
import { checkAttributes, setAttribute } from './attributes.js';
import type { Cognito } from './cognito.js';
import { CognitoException, invalidParameter } from './exceptions.js';
import { sameName } from './names.js';
import { aliasAttributes, usernameAttributes } from './settings.js';
import type { AppClient, User, UserPool } from './state.js';

/** Adds a user without a password, for an administrator or by the user's own sign-up. */
export function addUser(
  cognito: Cognito,
  pool: UserPool,
  requestedName: string,
  attributes: readonly (readonly [name: string, value: string])[],
  by: 'user' | 'admin' = 'admin',
): User {
  checkAttributes(attributes, by);
  if (aliasAttributes(pool).includes('email') && requestedName.includes('@')) {
    throw invalidParameter('Username cannot be of email format, since user pool is configured for email alias.');
  }
  if (Object.values(pool.users).some((user) => sameName(pool, user.username, requestedName))) {
    throw usernameExists(by === 'admin' ? 'User account already exists' : 'User already exists');
  }
  const sub = randomUUID();
  const createdAt = cognito.clock.now();
  const user: User = {
    // Where users sign in by an address, Cognito takes the `sub` as user name.
    username: usernameAttributes(pool).length > 0 ? sub : requestedName,
    sub,
    createdAt,
    modifiedAt: createdAt,
    status: 'FORCE_CHANGE_PASSWORD',
    enabled: true,
    attributes: {},
    pending: {},
    slots: {},
    sends: [],
    attempts: [],
    sessions: {},
  };
  if (usernameAttributes(pool).length > 0) {
    const name = requestedName.includes('@') ? 'email' : 'phone_number';
    const taken = Object.values(pool.users).some((other) => sameName(pool, other.attributes[name], requestedName));
    if (taken) throw usernameExists(`An account with the given ${name} already exists.`);
    checkAttributes([[name, requestedName]], 'admin');
    setAttribute(user, name, requestedName);
  }
  // The flags come last, because setting an address removes its flag.
  for (const [name, value] of attributes.filter((entry) => !isFlag(entry))) setAttribute(user, name, value);
  for (const [name, value] of attributes.filter(isFlag)) user.attributes[name] = value;
  pool.users[sub] = user;
  return user;
}

function isFlag([name]: readonly [string, string]): boolean {
  return name.endsWith('_verified');
}

function usernameExists(message: string): CognitoException {
  return new CognitoException('UsernameExistsException', message);
}

/** The user's attributes as Cognito lists them. */
export function attributesOf(user: User): { Name: string; Value: string }[] {
  return Object.entries({ ...user.attributes, sub: user.sub }).map(([Name, Value]) => ({ Name, Value }));
}

/** Those of them that the app client may read. */
export function readableAttributesOf(user: User, client: AppClient | undefined): { Name: string; Value: string }[] {
  return attributesOf(user).filter(({ Name }) => mayRead(client, Name));
}
