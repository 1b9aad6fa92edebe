import { Secret } from './secret.js';

/**
 * What a message brings for the calls to Cognito: an access token, or an opaque reference under which the worker finds
 * one when it needs it.
 */
export type BroughtToken =
  | { readonly accessToken: Secret; readonly accessTokenReference?: never }
  | { readonly accessToken?: never; readonly accessTokenReference: string };

/** The two fields of a message of which one may be there. */
interface TokenFields {
  readonly accessToken?: string | undefined;
  readonly accessTokenReference?: string | undefined;
}

/** What a message that was checked before brings; undefined where it brings none. */
export function broughtToken(message: TokenFields | null | undefined): BroughtToken | undefined {
  if (typeof message?.accessToken === 'string') return { accessToken: new Secret(message.accessToken) };
  if (typeof message?.accessTokenReference === 'string') return { accessTokenReference: message.accessTokenReference };
  return undefined;
}

/** The field as it crosses the border, with the token in plain: only where it is handed on at once. */
export function tokenField(
  brought: BroughtToken,
): { accessToken: string; accessTokenReference?: never } | { accessToken?: never; accessTokenReference: string } {
  return brought.accessToken
    ? { accessToken: brought.accessToken.reveal() }
    : { accessTokenReference: brought.accessTokenReference };
}
