import { FAILURE_TYPES } from './failure-types.js';

/**
 * Why a request or a message is refused. Plain code throughout, because it runs inside the workflow bundle too: a schema
 * library there is instantiated once for each cached workflow. The same functions serve the client, so that both refuse
 * the same things in the same words.
 */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  constructor(
    /** Where it is wrong, as in `policy.maxSends`. */
    readonly field: string,
    problem: string,
    /** `InvalidRequest`, or `AccessTokenRefused` when it is the token that is wrong. */
    readonly type: string = FAILURE_TYPES.invalidRequest,
  ) {
    super(`${field} ${problem}`);
  }
}

/** @throws InvalidInputError when it is no object, or has a field that is not `allowed`. */
export function object(value: unknown, name: string, allowed?: readonly string[]): Record<string, unknown> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value) ||
    value instanceof Error
  ) {
    throw new InvalidInputError(name, `must be an object; found ${show(value)}`);
  }
  const unknown = allowed && Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new InvalidInputError(unknown.slice(0, 40), `is not a field of ${name}; allowed: ${allowed?.join(', ')}`);
  }
  return value as Record<string, unknown>;
}

/** Only the kind of what was found: the value itself may be a secret put into the wrong field. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'bytes';
  // What the workflow's payload converter could not read.
  if (value instanceof Error) return value.message;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
