import { randomBytes, randomInt } from 'node:crypto';
import { CognitoException } from './exceptions.js';
import { type Input, optionalFlag, optionalInteger, structure } from './members.js';
import { passwordVerifier, type SrpIdentity } from './srp.js';
import type { User, UserPool } from './state.js';

/** Throws `InvalidPasswordException` for a password that the pool's policy does not allow. */
export function checkPassword(pool: UserPool, password: string): void {
  const flaw = flawOf(password, structure(structure(pool.settings, 'Policies'), 'PasswordPolicy'));
  if (flaw !== undefined) {
    throw new CognitoException('InvalidPasswordException', `Password did not conform with policy: ${flaw}`);
  }
}

/** Who the user is in an exchange of SRP. */
export function srpIdentity({ id }: UserPool, { username }: User): SrpIdentity {
  return { poolName: id.slice(id.indexOf('_') + 1), username };
}

/** Gives the user a password. */
export function setPassword(pool: UserPool, user: User, password: string): void {
  user.srp = passwordVerifier(srpIdentity(pool, user), password);
}

/** Whether this is the user's password. */
export function passwordFits(pool: UserPool, user: User, password: string): boolean {
  if (user.srp === undefined) return false;
  return passwordVerifier(srpIdentity(pool, user), password, user.srp.salt).verifier === user.srp.verifier;
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
