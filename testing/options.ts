/** What a test hands to a fake, and what it gets. */
import type { AttributeName, Duration } from '@cognito-verification/client';

/** The options of a `FakeVerifications`; all of them are optional. */
export interface FakeOptions {
  /** The code that each message holds, or what makes the next one. Default: `123456`. */
  code?: string | (() => string) | undefined;
  /** The id of the user pool. Default: `eu-west-1_Testing00`. */
  userPoolId?: string | undefined;
  /**
   * The pool keeps the old value of an attribute until a new one is verified. Default: `false`, as Cognito's; then a start with
   * `newValue` needs `replaceAtOnce`.
   */
  keepsOriginal?: boolean | undefined;
  /**
   * A running sandbox, in place of the user pool of the fake: its users, tokens, codes and limits count then, and `code` and
   * `userPoolId` are not used; neither is `keepsOriginal`. Default: none.
   */
  sandbox?: RunningSandbox | undefined;
}

/** What a fake needs of a running sandbox: `startSandbox` of `@cognito-verification/testing/sandbox` returns one. */
export interface RunningSandbox {
  readonly url: string;
  userPoolIds(): string[];
  keepsOriginal(userPoolId: string): boolean;
  advanceClock(ms: number): void;
}

/** What a user is made of; all of it is optional. */
export interface NewFakeUser {
  /** Default: `zoe@example.com` and `+15555550123`, neither of them verified. */
  attributes?: Partial<Record<AttributeName, string>> | undefined;
  /** Which of them are verified already. Default: none. */
  verified?: readonly AttributeName[] | undefined;
}

/** A user of the fake, signed in. */
export interface FakeUser {
  userPoolId: string;
  sub: string;
  /** Good for an hour. */
  accessToken: string;
}

/** An attribute as the pool holds it. */
export interface FakeAttribute {
  value: string;
  verified: boolean;
  /** A new value that takes its place once it is verified. Default: none. */
  pendingValue?: string | undefined;
}

/** The calls to Cognito: to send a code, or change the value upon which one is sent; to check one; to read the attribute. */
export type CognitoCallName = 'send' | 'attempt' | 'read';

/** How the guard of the worker keeps messages back. */
export interface KeepBackOptions {
  /** In how long the message may leave. Default: 15 minutes. Nothing where it never may. */
  wait?: Duration | undefined;
  /** How many messages it keeps back. Default: one. `Infinity` for all of them, until `accept`. */
  times?: number | undefined;
}

/** How Cognito refuses a call. */
export interface RefusalOptions {
  /** Cognito's own text. Four exceptions of the name `NotAuthorizedException` differ only in it. Default: the name. */
  message?: string | undefined;
  /** How many calls are refused. Default: one. `Infinity` for all of them, until `accept`. */
  times?: number | undefined;
}
