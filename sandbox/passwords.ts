import { randomBytes, randomInt, scryptSync, timingSafeEqual } from 'node:crypto';
import { CognitoException } from './exceptions.js';
import { type Input, optionalFlag, optionalInteger, structure } from './members.js';
import type { User, UserPool } from './state.js';

function hashOf(password: string, salt: string): Buffer {
  // Far cheaper than for real accounts: tests sign in by the hundred, and no real password is here.
  return scryptSync(password, salt, 32, { N: 1024 });
}

/** Throws `InvalidPasswordException` for a password that the pool's policy does not allow. */
export function checkPassword(pool: UserPool, password: string): void {
  const flaw = flawOf(password, structure(structure(pool.settings, 'Policies'), 'PasswordPolicy'));
  if (flaw !== undefined) {
    throw new CognitoException('InvalidPasswordException', `Password did not conform with policy: ${flaw}`);
  }
}

/** Gives the user a password. */
export function setPassword(user: User, password: string): void {
  const salt = randomBytes(16).toString('base64');
  user.password = { salt, hash: hashOf(password, salt).toString('base64') };
}

/** Whether this is the user's password. */
export function passwordFits(user: User, password: string): boolean {
  if (user.password === undefined) return false;
  return timingSafeEqual(Buffer.from(user.password.hash, 'base64'), hashOf(password, user.password.salt));
}

/** A password that every policy of up to 20 characters allows. */
export function randomPassword(): string {
  return `Aa1!${randomBytes(12).toString('base64url')}${randomInt(10)}`;
}

function flawOf(password: string, policy: Input): string | undefined {
  const wants = (name: string): boolean => optionalFlag(policy, name) ?? true;
  if (password.length < (optionalInteger(policy, 'MinimumLength') ?? 8)) return 'Password not long enough';
  if (wants('RequireUppercase') && !/[A-Z]/.test(password)) return 'Password must have uppercase characters';
  if (wants('RequireLowercase') && !/[a-z]/.test(password)) return 'Password must have lowercase characters';
  if (wants('RequireNumbers') && !/\d/.test(password)) return 'Password must have numeric characters';
  if (wants('RequireSymbols') && !/[^A-Za-z\d]/.test(password)) return 'Password must have symbol characters';
  return undefined;
}
