import { tokensOf } from '../challenges.js';
import type { Cognito } from '../cognito.js';
import { CognitoException, notAuthorized } from '../exceptions.js';
import { CONSTRAINTS, type Input, optionalText, requiredText } from '../members.js';
import { checkUsable, signInOf } from '../sessions.js';
import { canRevoke } from '../settings.js';
import type { AppClient } from '../state.js';

/** Renews the access token and the ID token of a sign-in. Refresh tokens do not rotate. */
export function getTokensFromRefreshToken(cognito: Cognito, input: Input): Promise<object> {
  const token = requiredText(input, 'RefreshToken', CONSTRAINTS.accessToken);
  const { client } = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  if (client.secret !== undefined && optionalText(input, 'ClientSecret', { secret: true }) !== client.secret) {
    throw notAuthorized('Invalid client secret');
  }
  return renewTokens(cognito, client, token);
}

/** The new tokens. Throws Cognito's exception for a refresh token that is not good, or no longer. */
export async function renewTokens(cognito: Cognito, client: AppClient, token: string): Promise<object> {
  const found = signInOf(cognito, token);
  if (found === undefined || found.client !== client) throw notAuthorized('Invalid Refresh Token');
  if (found.session.revoked) throw notAuthorized('Refresh Token has been revoked');
  if (found.session.expiresAt <= cognito.clock.now()) throw notAuthorized('Refresh Token has expired');
  checkUsable(found.user);
  return tokensOf(cognito, found);
}

/** Ends the sign-in of a refresh token, its access tokens included. */
export function revokeToken(cognito: Cognito, input: Input): object {
  const token = requiredText(input, 'Token', CONSTRAINTS.accessToken);
  const { client } = cognito.client(requiredText(input, 'ClientId', CONSTRAINTS.clientId));
  if (client.secret !== undefined && optionalText(input, 'ClientSecret', { secret: true }) !== client.secret) {
    throw new CognitoException('UnauthorizedException', 'Invalid client secret');
  }
  if (!canRevoke(client)) {
    throw new CognitoException('UnsupportedOperationException', 'Token revocation is not enabled for this client');
  }
  if (token.includes('.')) throw new CognitoException('UnsupportedTokenTypeException', 'Unsupported token type');
  const found = signInOf(cognito, token);
  // RFC 7009: an unknown token gets the same answer as a known one, so that the answer tells nothing.
  if (found?.client === client) found.session.revoked = true;
  return {};
}
