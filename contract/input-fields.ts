import { FAILURE_TYPES } from './failure-types.js';
import { printable } from './printable.js';

/**
 * A request or a message is refused. The checks use no schema library, because they run inside the workflow bundle too, where
 * each cached workflow would load its own copy. The client runs the same checks, so that both refuse the same things in the
 * same words.
 */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  /** Where it is wrong, as in `policy.maxSends`. */
  readonly field: string;

  /** @param field may hold what a caller calls a field: what must not be printed is replaced */
  constructor(
    field: string,
    problem: string,
    /** `InvalidRequest`, or `AccessTokenRefused` where the token is wrong. */
    readonly type: string = FAILURE_TYPES.invalidRequest,
  ) {
    super(printable(`${field} ${problem}`));
    this.field = printable(field);
  }
}

/**
 * Checks that a value is an object, and returns its fields. One that is `null` is absent: other languages write it for a field
 * that is not set.
 * @param allowed the names of the fields that it may have. Default: any
 * @param path what stands before the name of a field in an error. Default: nothing, as in a message itself
 * @throws InvalidInputError when it is no object, or has another field
 */
export function object(value: unknown, name: string, allowed?: readonly string[], path = ''): Record<string, unknown> {
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
    throw new InvalidInputError(
      `${path}${unknown.slice(0, 40)}`,
      `is not a field of ${name}; allowed: ${allowed?.join(', ')}`,
    );
  }
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined));
}

/**
 * An optional text.
 * @throws InvalidInputError when it is no text, is longer than `most`, or is not `right`
 */
export function optionalText(
  value: unknown,
  field: string,
  { most, right, form }: { most: number; right: (text: string) => boolean; form: string },
): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new InvalidInputError(field, `must be a string; found ${show(value)}`);
  if (value.length > most || !right(value)) {
    throw new InvalidInputError(field, `must be ${form}, ${most} characters at most; found ${value.length} characters`);
  }
  return value;
}

/** The kind of a value, and not the value, which may be a secret in the wrong field. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'bytes';
  // The payload converter of the workflow puts an error in place of a payload that it cannot read.
  if (value instanceof Error) return value.message;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
