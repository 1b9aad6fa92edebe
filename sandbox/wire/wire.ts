import type { AwsException } from '../exceptions.js';

/** An AWS request as it came. */
export interface AwsRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** An answer on the wire. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** The call that an answer belongs to. */
interface Answered {
  readonly operation: string;
  readonly requestId: string;
}

/** A refusal that every service knows, with the name and the status that a protocol gives it. */
export type Refusal =
  | 'denied'
  | 'expiredToken'
  | 'internal'
  | 'invalidToken'
  | 'malformed'
  | 'missingToken'
  | 'unknownOperation';

/** One of AWS's protocols: how a service writes its answers. */
export interface Wire {
  /** The members of an answer. A `Date` is a timestamp, a `Map` a map whose keys are data. */
  answer(call: Answered, members: object): WholeAnswer;
  refusal(call: Answered, exception: AwsException): WholeAnswer;
  readonly refusals: Readonly<Record<Refusal, readonly [name: string, status: number]>>;
}
