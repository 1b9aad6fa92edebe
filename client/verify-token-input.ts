import { errorName, type TokenInput } from '@cognito-verification/contract';
import type { VerificationClientOptions } from './client-options.js';
import { AccessTokenRefusedError } from './errors.js';

/**
 * Checks the access token with the deployer's hook, where there are both. Only the name of what the hook throws is passed on:
 * the errors of some libraries hold the token, or the connection to the identity provider.
 * @throws AccessTokenRefusedError when the hook refuses it.
 */
export async function verifyTokenInput(
  tokenInput: TokenInput | undefined,
  verifyToken: VerificationClientOptions['verifyToken'],
): Promise<void> {
  const accessToken = tokenInput?.accessToken;
  if (!accessToken || !verifyToken) return;
  try {
    await verifyToken(accessToken.reveal());
  } catch (error) {
    throw new AccessTokenRefusedError(`accessToken did not pass verifyToken (${errorName(error)}).`);
  }
}
