import type { Cognito } from '../cognito.js';
import type { Input } from '../members.js';

/** Facts about a call that are not among its members. */
export interface CallContext {
  /** The region for which the request is signed. */
  readonly region: string;
  /** The sandbox accepts the messages of this call, and none arrives. */
  readonly undelivered: boolean;
}

/** One of Cognito's operations: takes the request's members, returns the answer's members or throws a `CognitoException`. */
export type Operation = (cognito: Cognito, input: Input, call: CallContext) => object | Promise<object>;
