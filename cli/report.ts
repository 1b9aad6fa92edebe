import { CommanderError } from 'commander';
import { errorCode } from '../log/error-code.js';
import { redactText } from '../log/redact-text.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { inOptions } from './option-names.js';
import { asCalled, jsonLine, tell } from './print.js';
import { withTimes } from './time.js';

/** An error as `--json` shows it: `code`, `message` and the fields of the error, such as `field` or `allowedAt`. */
export interface ErrorDocument {
  code: string;
  message: string;
  [detail: string]: unknown;
}

/**
 * Reports an error: with `--json` as one document `{"error": {…}}` on standard output, so that a script reads one stream
 * only; otherwise as text on standard error.
 * @returns the exit code.
 */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const document = errorDocument(error);
  if (json) process.stdout.write(jsonLine({ error: document }));
  else tell(textOf(error, document));
  return exitCodeOf(document.code);
}

/** The error without anything that may be secret. */
export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof CommanderError) {
    return { code: 'Usage', message: error.message.replace(/^error: /, '').replaceAll('\n', ' ') };
  }
  if (!(error instanceof Error)) return { code: 'Internal', message: redactText(String(error)) };
  const code = errorCode(error) ?? 'Internal';
  // Codes of Node are like `ECONNRESET`. Nothing guarantees that the message and fields of such an error hold no secret.
  if (code === 'Internal' || !/^[A-Z][a-z]/.test(code)) return { code, message: redactText(error.message) };
  const details = Object.fromEntries(
    Object.entries(error).filter(([name]) => !['cause', 'name', 'stack'].includes(name)),
  );
  // A `SettingError` shows them in its message only. Its class is not loaded here, because most commands do without it.
  const { problems } = error as { problems?: unknown };
  const { field } = details;
  const message =
    code === 'InvalidRequest' && typeof field === 'string' ? inOptions(field, error.message) : error.message;
  return { ...details, ...(problems !== undefined && { problems }), code, message: asCalled(message) };
}

function textOf(error: unknown, { code, message }: ErrorDocument): string {
  if (code === 'Interrupted') return message;
  // The names of JavaScript's own errors. Their messages are not for readers, so the stack helps more.
  const unforeseen =
    error instanceof Error && code === 'Internal' && /^(Type|Range|Reference|Syntax)?Error$/.test(error.name);
  const hint = code === 'Usage' ? '\nMore: add --help.' : '';
  return `error: ${(unforeseen && error.stack && redactText(error.stack)) || withTimes(message)}${hint}`;
}
