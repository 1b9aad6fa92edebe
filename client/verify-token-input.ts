import { inspect } from 'node:util';
import type { Secret, TokenInput } from '@cognito-verification/contract';
import type { VerificationClientOptions } from './client-options.js';
import { AccessTokenRefusedError } from './errors.js';

/**
 * Has the deployer's hook check the access token, where there are both.
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
  } catch (cause) {
    const kind = cause instanceof Error ? cause.name : 'an error';
    const options = quotes(cause, accessToken) ? {} : { cause };
    throw new AccessTokenRefusedError(`accessToken did not pass verifyToken (${kind}).`, options);
  }
}

/** Errors of some libraries hold the token that they are about, in whole or its parts. */
function quotes(error: unknown, token: Secret): boolean {
  const everything = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };
  const shown = inspect(error, { ...everything, breakLength: Infinity });
  return token
    .reveal()
    .split('.')
    .some((part) => part !== '' && shown.includes(part));
}
