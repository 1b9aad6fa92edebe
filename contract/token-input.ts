import { Secret } from './secret.js';

/**
 * What a message brings for the calls to Cognito: an access token, or an opaque reference by which the worker finds one when
 * it needs it.
 */
export type TokenInput =
  | { readonly accessToken: Secret; readonly accessTokenReference?: undefined }
  | { readonly accessToken?: undefined; readonly accessTokenReference: string };

/**
 * How long a worker's access token source may take to find the token for one call. The workflow lengthens the time-outs of a
 * call with a reference by this much.
 */
export const TOKEN_SOURCE_TIMEOUT_MS = 5_000;

/** The two fields of a message that may hold a token input. A message has at most one of them. */
interface TokenFields {
  readonly accessToken?: string | undefined;
  readonly accessTokenReference?: string | undefined;
}

/**
 * The token input of a message, or undefined where it has none. It checks nothing, because handlers use it: their validators
 * have checked the message once, and a replay must read every recorded message, whatever later versions refuse.
 */
export function tokenInputOf(message: TokenFields | null | undefined): TokenInput | undefined {
  if (typeof message?.accessToken === 'string') return { accessToken: new Secret(message.accessToken) };
  if (typeof message?.accessTokenReference === 'string') return { accessTokenReference: message.accessTokenReference };
  return undefined;
}

/** Exactly one of the two fields. */
type OneTokenField =
  | { accessToken: string; accessTokenReference?: undefined }
  | { accessToken?: undefined; accessTokenReference: string };

interface NoTokenField {
  accessToken?: undefined;
  accessTokenReference?: undefined;
}

/**
 * The token input as fields of a message or of an activity's input, none where there is none. The token is in plain text:
 * call it only where the fields are passed on at once.
 */
export function tokenFields(tokenInput: TokenInput): OneTokenField;
export function tokenFields(tokenInput: TokenInput | undefined): OneTokenField | NoTokenField;
export function tokenFields(tokenInput: TokenInput | undefined): OneTokenField | NoTokenField {
  if (!tokenInput) return {};
  return tokenInput.accessToken
    ? { accessToken: tokenInput.accessToken.reveal() }
    : { accessTokenReference: tokenInput.accessTokenReference };
}
