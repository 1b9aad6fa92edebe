import type { JsonWebKey } from 'node:crypto';
import type { PasswordVerifier } from './srp.js';

/** The two attributes that Cognito can verify. */
export type VerifiableAttribute = 'email' | 'phone_number';

/** One message that Cognito would send. The destination is not masked: this is the user's inbox. */
export interface Message {
  readonly id: string;
  /** ISO 8601, sandbox time. */
  readonly at: string;
  readonly userPoolId: string;
  readonly username: string;
  readonly attributeName: VerifiableAttribute;
  readonly medium: 'EMAIL' | 'SMS';
  readonly destination: string;
  readonly subject?: string | undefined;
  readonly body: string;
  readonly code: string;
  readonly triggerSource: string;
}

/** A code for an attribute, with the value to which it was sent. */
export interface IssuedCode {
  readonly code: string;
  readonly value: string;
  readonly expiresAt: number;
}

/** The codes of one attribute. The list is empty after one of them was used or the value has changed. */
interface CodeSlot {
  issued: IssuedCode[];
}

/** One call that counts against a limit. */
export interface Spending {
  readonly at: number;
  readonly attributeName: VerifiableAttribute | undefined;
}

/** One sign-in. Its tokens share `origin_jti`; revocation works on the whole sign-in. */
export interface Session {
  readonly clientId: string;
  readonly refreshSecret: string;
  readonly authenticatedAt: number;
  readonly expiresAt: number;
  revoked: boolean;
}

/** The status of a user's account. */
export type UserStatus = 'CONFIRMED' | 'UNCONFIRMED' | 'FORCE_CHANGE_PASSWORD' | 'RESET_REQUIRED';

/** One user of a pool. */
export interface User {
  readonly username: string;
  readonly sub: string;
  readonly createdAt: number;
  modifiedAt: number;
  status: UserStatus;
  enabled: boolean;
  /** What proves the password, by SRP and as it is. */
  srp?: PasswordVerifier;
  attributes: Record<string, string>;
  /** New values that replace the old ones once they are verified. */
  pending: Partial<Record<VerifiableAttribute, string>>;
  slots: Partial<Record<VerifiableAttribute, CodeSlot>>;
  sends: Spending[];
  attempts: Spending[];
  /** By `origin_jti`. */
  sessions: Record<string, Session>;
  /** Seconds since the epoch. It ends tokens that have no `origin_jti`. */
  signedOutAt?: number;
}

/** One app client. */
export interface AppClient {
  readonly id: string;
  readonly name: string;
  readonly secret?: string | undefined;
  readonly createdAt: number;
  /** The members of the request, which `settings.ts` reads. */
  settings: Record<string, unknown>;
}

/** One user pool. */
export interface UserPool {
  readonly id: string;
  readonly region: string;
  readonly name: string;
  readonly createdAt: number;
  /** The members of the request, which `settings.ts` reads. */
  settings: Record<string, unknown>;
  readonly clients: Record<string, AppClient>;
  /** By `sub`. */
  readonly users: Record<string, User>;
}

/** Everything that survives a restart. Plain JSON. */
export interface State {
  readonly format: 1;
  clockOffsetMs: number;
  readonly signingKey: { readonly kid: string; readonly privateJwk: JsonWebKey };
  readonly pools: Record<string, UserPool>;
  inbox: Message[];
  /** When the e-mails of `COGNITO_DEFAULT` pools were sent. */
  defaultEmailsAt: number[];
}
