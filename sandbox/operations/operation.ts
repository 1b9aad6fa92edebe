import type { Cognito } from '../cognito.js';
import type { Input } from '../members.js';

/** What an operation knows of the call besides its members. */
export interface CallContext {
  /** The region that the request was signed for. */
  readonly region: string;
  /** Messages of this call are accepted and never arrive. */
  readonly undelivered: boolean;
}

/** One of Cognito's operations: takes the request's members, gives the answer's or throws a `CognitoException`. */
export type Operation = (cognito: Cognito, input: Input, call: CallContext) => object | Promise<object>;
