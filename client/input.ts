import { randomUUID } from 'node:crypto';
import {
  BOUNDS,
  InvalidInputError,
  isPrintable,
  isRecord,
  parseAccessToken,
  parseDuration,
  parseWorkflowId,
  type TokenInput,
  type VerificationKey,
} from '@cognito-verification/contract';
import { FORMS } from '@cognito-verification/contract/fields';
import { Client } from '@temporalio/client';
import type { CallOptions, VerificationClientOptions, VerificationRef } from './client-options.js';
import { InvalidRequestError } from './errors.js';
import { errorOfInput } from './failure-errors.js';
import type { Named } from './runs.js';
import type { Limits } from './time-limit.js';

/**
 * Runs one of the contract's parsers.
 * @throws InvalidRequestError, AccessTokenRefusedError in place of the parser's `InvalidInputError`.
 */
export function parse<T>(parser: () => T): T {
  try {
    return parser();
  } catch (error) {
    if (error instanceof InvalidInputError) throw errorOfInput(error);
    throw error;
  }
}

/**
 * The verification that a caller names, by its workflow id alone or with its run.
 * @throws InvalidRequestError
 */
export function namedBy(ref: VerificationRef, tokenInput?: TokenInput): Named & { key: VerificationKey } {
  // A caller without TypeScript may pass anything.
  const { workflowId, run } = isRecord(ref) ? ref : { workflowId: ref, run: undefined };
  if ((run ?? undefined) !== undefined && !(typeof run === 'string' && FORMS.uuid.test(run))) {
    throw new InvalidRequestError('run', 'run must be what start returned beside the workflow id, or be left out.');
  }
  return { workflowId, run: run ?? undefined, key: checkWorkflowId(workflowId, tokenInput) };
}

/**
 * Accepts only ids of verifications, so that `cancel` cannot end another application's workflow in the same namespace. A
 * token must be of the user in the id. The worker finds out which user a reference is of.
 * @returns the user and the attribute in the id
 */
function checkWorkflowId(workflowId: string, tokenInput?: TokenInput): VerificationKey {
  const key = typeof workflowId === 'string' ? parseWorkflowId(workflowId) : undefined;
  if (!key) {
    throw new InvalidRequestError(
      'workflowId',
      'workflowId must be the id of a verification: verify/{userPoolId}/{sub}/{attributeName}.',
    );
  }
  const token = tokenInput?.accessToken;
  if (token) parse(() => parseAccessToken(token, 'accessToken', key));
  return key;
}

const ID = new RegExp(`^[\\x21-\\x7e]{1,${BOUNDS.id}}$`);

/**
 * The update id for a caller's id, under which Temporal keeps the answer. The name of the message stands before it, so that
 * the same id for messages of two kinds does not make the second one get the answer of the first.
 * @param given default: a random UUID
 */
export function updateIdFor({ name }: { name: string }, field: string, given: string | null | undefined): string {
  const id = given ?? randomUUID();
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new InvalidRequestError(
      field,
      `${field} must have 1 to ${BOUNDS.id} printable ASCII characters and no spaces.`,
    );
  }
  return `${name}/${id}`;
}

/** @throws InvalidRequestError unless it is absent, or a text that may be shown. */
export function checkReference(reference: unknown): string | undefined {
  if (reference === undefined || reference === null) return undefined;
  if (typeof reference === 'string' && reference.length <= BOUNDS.reference && isPrintable(reference)) return reference;
  throw new InvalidRequestError(
    'reference',
    `reference must be a string of at most ${BOUNDS.reference} characters, none of them a control character.`,
  );
}

/** @throws InvalidRequestError unless it is a positive duration. */
export function durationMs(field: string, value: unknown): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0) {
    throw new InvalidRequestError(field, `${field} must be a duration such as '20 seconds', or milliseconds.`);
  }
  return ms;
}

/** @throws InvalidRequestError unless its fields are a positive duration and a signal. */
export function limitsOf(options: CallOptions | undefined, defaultMs: number | undefined): Limits {
  const { timeout, signal } = { ...options };
  if ((signal ?? undefined) !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidRequestError('signal', 'signal must be an AbortSignal.');
  }
  const timeoutMs = (timeout ?? undefined) === undefined ? defaultMs : durationMs('timeout', timeout);
  return { timeoutMs, signal: signal ?? undefined };
}

/**
 * Checked here, because nothing later would notice tokens in plain text, and a history keeps them. And a client of a second copy of
 * Temporal's package fails only once the message has gone out.
 * @throws InvalidRequestError
 */
export function checkClient({ client, sealedElsewhere }: VerificationClientOptions): void {
  // A caller without TypeScript may leave it out.
  if (!isRecord(client)) {
    throw new InvalidRequestError('client', 'client must be a connected Client of @temporalio/client.');
  }
  if (!(client instanceof Client)) {
    throw new InvalidRequestError(
      'client',
      'client is no Client of the @temporalio/client that this package uses. Nothing was sent. Either it is something else, or two copies of @temporalio/client are installed: "npm ls @temporalio/client" shows them; install one version for both. VerificationClient.fromSettings() needs no client.',
    );
  }
  if (sealedElsewhere) return;
  if (client.options.loadedDataConverter.payloadCodecs.length > 0) return;
  throw new InvalidRequestError(
    'client',
    'client has no payload codec, so workflow histories would hold tokens and codes in plain text. Make it with the dataConverter of clientDataConverter(keyRingFromSettings()) from @cognito-verification/client/codec.',
  );
}
