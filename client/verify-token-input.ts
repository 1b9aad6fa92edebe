import { errorName, type TokenInput } from '@cognito-verification/contract';
import type { VerificationClientOptions } from './client-options.js';
import { AccessTokenRefusedError } from './errors.js';

/**
 * Has the deployer's hook check the access token, where there are both. Of what it throws only the name is handed on: errors
 * of some libraries hold the token that they are about, or the connection over which they asked.
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
