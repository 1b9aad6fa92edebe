/** What `bundle.mjs` makes of the project's own workflow and activities. */
import type { HeldReason, RefusedReason, ServedUserPool } from '@cognito-verification/contract';

/** The workflow. */
export function attributeVerification(request: unknown): Promise<unknown>;

/** A call to Cognito, as the AWS SDK has it. */
export interface Command {
  readonly call: 'GetUser' | 'GetUserAttributeVerificationCode' | 'UpdateUserAttributes' | 'VerifyUserAttribute';
  readonly input: {
    readonly AccessToken: string;
    readonly AttributeName?: string;
    readonly Code?: string;
    readonly UserAttributes?: readonly { readonly Name: string; readonly Value: string }[];
    readonly ClientMetadata?: Record<string, string>;
  };
}

/** What stands before each message. */
export interface MessageGuard {
  admit(): Promise<
    | { verdict: 'admitted'; takeBack: () => Promise<void> }
    | { verdict: 'held'; reason: HeldReason; retryAtMs: number }
    | { verdict: 'refused'; reason: RefusedReason }
  >;
  proven(): Promise<void>;
}

/** The activities, for a client that answers commands. */
export function createActivities(
  clients: {
    forUserPool(userPoolId: string): {
      send(command: Command, options?: { abortSignal?: AbortSignal }): Promise<object>;
    };
  },
  options: {
    userPools: Iterable<ServedUserPool>;
    accessTokenSource: {
      accessToken(request: { userPoolId: string; sub: string; reference: string }): Promise<string | undefined>;
    };
    readonly messageGuard: MessageGuard | undefined;
  },
): Record<string, (input: unknown) => Promise<unknown>>;

/** Cognito refuses a call. */
export class CognitoRefusal extends Error {
  constructor(name: string | undefined, message: string, status: number, requestId?: string);
}

/** Something that is not Cognito answers. */
export class ForeignAnswer extends Error {
  constructor(status: number);
}

/** Those of a status that count. */
export function countedSends<Send>(sends: readonly Send[]): Send[];
/** Those of a status that count. */
export function countedAttempts<Attempt>(attempts: readonly Attempt[]): Attempt[];
