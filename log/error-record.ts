/** What of an error is written to the log. */
import { redactText } from './redact-text.js';

/** Nothing else of an error is written: what else it carries may be a request, a response, or the details of a failure. */
export interface ErrorRecord {
  name?: string;
  /** Of a failure: Cognito's name of the exception. */
  type?: string;
  code?: string | number;
  /** Redacted, as `stack` is. */
  message: string;
  stack?: string;
  cause?: ErrorRecord;
  /** Of an `AggregateError`. */
  errors?: ErrorRecord[];
}

/** More of one text helps nobody, and a payload may be megabytes; in characters. */
const LONGEST_TEXT = 2_000;
const LONGEST_STACK = 4_000;
/** A failed call to Cognito has three errors in its chain; a chain may also lead back to its beginning. */
const DEEPEST_CAUSE = 5;
const MOST_ERRORS = 3;

/** Whatever was thrown, as it is written. Never throws, whatever it is given. */
export function describeError(error: unknown, depth = 0): ErrorRecord {
  if (typeof error === 'string') return { message: safeText(error) };
  if (typeof error !== 'object' || error === null) return { message: `${typeof error}, which is no error` };
  const record: ErrorRecord = { message: textOf(error, 'message') ?? 'an object, which is no error' };
  for (const name of ['name', 'type'] as const) {
    const text = textOf(error, name);
    if (text !== undefined) record[name] = text;
  }
  const code = read(error, 'code');
  if (typeof code === 'number') record.code = code;
  else if (typeof code === 'string') record.code = safeText(code);
  const stack = read(error, 'stack');
  if (typeof stack === 'string') record.stack = safeText(stack, LONGEST_STACK);
  if (depth === DEEPEST_CAUSE) return record;
  const cause = read(error, 'cause');
  if (cause !== undefined && cause !== null) record.cause = describeError(cause, depth + 1);
  const errors = read(error, 'errors');
  if (Array.isArray(errors)) {
    record.errors = errors.slice(0, MOST_ERRORS).map((inner: unknown) => describeError(inner, depth + 1));
  }
  return record;
}

/** A property, whatever it takes to read it: undefined where it throws. */
export function read(from: object, name: string | symbol): unknown {
  try {
    return Reflect.get(from, name);
  } catch {
    return undefined;
  }
}

/** A text as it may be written. */
export function safeText(text: string, longest = LONGEST_TEXT): string {
  return shortened(redactText(text), longest);
}

/** The beginning of a text; it says so where there was more. */
export function shortened(text: string, longest = LONGEST_TEXT): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function textOf(from: object, name: string): string | undefined {
  const value = read(from, name);
  return typeof value === 'string' ? safeText(value) : undefined;
}
