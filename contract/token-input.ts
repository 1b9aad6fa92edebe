import { Secret } from './secret.js';

/**
 * What a message holds for the calls to Cognito: an access token, or an opaque reference under which the worker finds
 * one when it needs it.
 */
export type TokenInput =
  | { readonly accessToken: Secret; readonly accessTokenReference?: never }
  | { readonly accessToken?: never; readonly accessTokenReference: string };

/**
 * How long a worker's access token source may take to find the token for one call. By so much the workflow lengthens the
 * time-outs of a call with a reference.
 */
export const TOKEN_SOURCE_TIMEOUT_MS = 5_000;

/** The two fields of a message of which one may be there. */
interface TokenFields {
  readonly accessToken?: string | undefined;
  readonly accessTokenReference?: string | undefined;
}

/**
 * The token input of a message, undefined where it holds none. Lenient, for handlers: their validators have parsed the
 * message strictly, once, and a replay must read every recorded one again, whatever later versions refuse.
 */
export function tokenInputOf(message: TokenFields | null | undefined): TokenInput | undefined {
  if (typeof message?.accessToken === 'string') return { accessToken: new Secret(message.accessToken) };
  if (typeof message?.accessTokenReference === 'string') return { accessTokenReference: message.accessTokenReference };
  return undefined;
}

/** Exactly one of the two fields. */
type OneTokenField =
  | { accessToken: string; accessTokenReference?: never }
  | { accessToken?: never; accessTokenReference: string };

/**
 * The token input as fields of a message or of an activity's input, none where there is none. The token is in plain text:
 * call it only where the fields are passed on at once.
 */
export function tokenFields(tokenInput: TokenInput): OneTokenField;
export function tokenFields(
  tokenInput: TokenInput | undefined,
): OneTokenField | { accessToken?: never; accessTokenReference?: never };
export function tokenFields(tokenInput: TokenInput | undefined) {
  if (!tokenInput) return {};
  return tokenInput.accessToken
    ? { accessToken: tokenInput.accessToken.reveal() }
    : { accessTokenReference: tokenInput.accessTokenReference };
}
