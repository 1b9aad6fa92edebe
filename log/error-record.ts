/** The parts of an error that the log shows. */
import { printable } from './printable.js';
import { redactText } from './redact-text.js';

/** The log shows nothing else of an error: its other fields may hold a request, a response, or the details of a failure. */
export interface ErrorRecord {
  name?: string;
  /** Of a failure: Cognito's name for the exception. */
  type?: string;
  code?: string | number;
  /** Redacted, like `stack`. */
  message: string;
  stack?: string;
  cause?: ErrorRecord;
  /** Of an `AggregateError`. */
  errors?: ErrorRecord[];
}

/** In characters. A longer text helps no reader, and a payload may have megabytes. */
const MAX_TEXT = 2_000;
const MAX_STACK = 4_000;
/** A failed call to Cognito has three errors in its chain of causes. A limit is needed because a chain may be circular. */
const MAX_CAUSES = 5;
const MAX_ERRORS = 3;

/** The record of anything that was thrown. Never throws itself. */
export function describeError(error: unknown, depth = 0): ErrorRecord {
  if (typeof error === 'string') return { message: safeText(error) };
  if (typeof error !== 'object' || error === null) return { message: `${typeof error}, which is not an error` };
  const record: ErrorRecord = { message: textOf(error, 'message') ?? 'an object, which is not an error' };
  for (const name of ['name', 'type'] as const) {
    const text = textOf(error, name);
    if (text !== undefined) record[name] = text;
  }
  const code = read(error, 'code');
  if (typeof code === 'number') record.code = code;
  else if (typeof code === 'string') record.code = safeText(code);
  const stack = read(error, 'stack');
  if (typeof stack === 'string') record.stack = safeText(stack, MAX_STACK);
  if (depth === MAX_CAUSES) return record;
  const cause = read(error, 'cause');
  if (cause !== undefined && cause !== null) record.cause = describeError(cause, depth + 1);
  const errors = read(error, 'errors');
  if (Array.isArray(errors)) {
    record.errors = errors.slice(0, MAX_ERRORS).map((inner: unknown) => describeError(inner, depth + 1));
  }
  return record;
}

/** A property; undefined if reading it throws. */
export function read(from: object, name: string | symbol): unknown {
  try {
    return Reflect.get(from, name);
  } catch {
    return undefined;
  }
}

/** A text that may be written: redacted, printable, and no longer than `max` characters. */
export function safeText(text: string, max = MAX_TEXT): string {
  return printable(shorten(redactText(text), max));
}

/** The beginning of a text, with `…` at its end if there is more. */
export function shorten(text: string, max = MAX_TEXT): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

function textOf(from: object, name: string): string | undefined {
  const value = read(from, name);
  return typeof value === 'string' ? safeText(value) : undefined;
}
