import { CommanderError } from 'commander';
import { redactText } from '../log/redact-text.js';
import { asCalled } from './called-as.js';
import { EXIT, exitCodeOf } from './exit-codes.js';

/** An error as `--json` shows it. Beside `code` and `message`, whatever the error knows: `field`, `allowedAt`, … */
export interface ErrorDocument {
  code: string;
  message: string;
  [detail: string]: unknown;
}

/**
 * Says what went wrong: with `--json` as one document `{"error": {…}}` on standard output, so that a script reads one
 * place only; else as text on standard error.
 * @returns the exit code.
 */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const document = errorDocument(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: document })}\n`);
  else process.stderr.write(`${textOf(error, document)}\n`);
  return exitCodeOf(document.code);
}

/** The error as it is shown, without what may be secret. */
export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof CommanderError) {
    return { code: 'Usage', message: error.message.replace(/^error: /, '').replaceAll('\n', ' ') };
  }
  if (!(error instanceof Error)) return { code: 'Internal', message: redactText(String(error)) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'Internal';
  // Node's codes are `ECONNRESET` and the like. Nobody has seen to it that what such an error says and carries is no secret.
  if (code === 'Internal' || !/^[A-Z][a-z]/.test(code)) return { code, message: redactText(error.message) };
  const details = Object.fromEntries(
    Object.entries(error).filter(([name]) => !['cause', 'name', 'stack'].includes(name)),
  );
  return { ...details, code, message: asCalled(error.message) };
}

function textOf(error: unknown, { code, message }: ErrorDocument): string {
  if (code === 'Interrupted') return message;
  // The names that JavaScript itself gives: no error that was made for a reader, so the place helps more.
  const unforeseen =
    error instanceof Error && code === 'Internal' && /^(Type|Range|Reference|Syntax)?Error$/.test(error.name);
  const hint = code === 'Usage' ? '\nMore: add --help.' : '';
  return `error: ${(unforeseen && error.stack && redactText(error.stack)) || message}${hint}`;
}
