import {
  InvalidInputError,
  parseAccessToken,
  parseDuration,
  parseWorkflowId,
  type TokenInput,
} from '@cognito-verification/contract';
import type { VerificationClientOptions } from './client-options.js';
import { InvalidRequestError } from './errors.js';
import { errorOfInput } from './failure-errors.js';

/**
 * Runs one of the contract's parsers.
 * @throws InvalidRequestError or AccessTokenRefusedError instead of its `InvalidInputError`.
 */
export function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidInputError) throw errorOfInput(error);
    throw error;
  }
}

/**
 * Only ids of verifications, so that `cancel` cannot end another application's workflow in the same namespace.
 * A token that comes along must be of the user whom the id names; whose a reference is, the worker finds out.
 */
export function checkWorkflowId(workflowId: string, tokenInput?: TokenInput): void {
  const key = typeof workflowId === 'string' ? parseWorkflowId(workflowId) : undefined;
  if (!key) {
    throw new InvalidRequestError(
      'workflowId',
      'workflowId must be the id of a verification: verify/{userPoolId}/{sub}/{attributeName}.',
    );
  }
  const token = tokenInput?.accessToken;
  if (token) checked(() => parseAccessToken(token, 'accessToken', key));
}

/** An update id: Temporal keeps the answer under it. */
export function checkId(field: string, id: string): string {
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(id)) {
    throw new InvalidRequestError(field, `${field} must have 1 to 200 printable ASCII characters and no spaces.`);
  }
  return id;
}

/** Milliseconds of a duration. */
export function checkDuration(field: string, value: unknown): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0) {
    throw new InvalidRequestError(field, `${field} must be a duration such as '20 seconds', or milliseconds.`);
  }
  return ms;
}

/** Nobody finds out later: a token in a history stays there as long as the history does. */
export function checkSealing({ client, sealedElsewhere }: VerificationClientOptions): void {
  if (sealedElsewhere || client.options.loadedDataConverter.payloadCodecs.length > 0) return;
  throw new InvalidRequestError(
    'client',
    'client has no payload codec, so tokens and codes would stand in workflow histories in plain text. Make it with the dataConverter of clientDataConverter(keyRingFromSettings()) from @cognito-verification/codec.',
  );
}
