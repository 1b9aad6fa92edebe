/**
 * One logger for our own code, the SDK and Core. It writes a fixed list of fields and drops every other, because the SDK and
 * Core add task tokens, inputs and whole tasks to their lines. Nothing here loads the native worker, so that commands
 * without one can log too.
 */
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import pino from 'pino';
import { describeError, read, safeText, shorten } from './error-record.js';
import { printable } from './printable.js';
import { redactTokens } from './redact-text.js';
import { LOG_LEVELS, type LogLevelName } from './telemetry-config.js';

/** Takes the lines of the log instead of a file. */
export interface LogDestination {
  /** @param line one JSON document with its line end */
  write(line: string): void;
}

/** Names of people and things. Written unchanged except for tokens, so that they can be searched for. */
const IDS = [
  'namespace',
  'taskQueue',
  'workflowId',
  'runId',
  'updateId',
  'activityId',
  'activityRunId',
  // Of a process that traces, by the names of OpenTelemetry.
  'trace_id',
  'span_id',
  // Of the codec server: the caller, the caller's address, and the key of a payload.
  'subject',
  'remoteAddress',
  'keyId',
] as const;

/** All other fields that are written: numbers and booleans unchanged, text redacted. */
const FIELDS = [
  'sdkComponent',
  'target',
  'workflowType',
  'updateName',
  'activityType',
  'isLocal',
  'attempt',
  'reason',
  'state',
  'status',
  'durationMs',
  'workflowExists',
  'ifaceName',
  'fnName',
  'path',
  'payloads',
  'revealed',
] as const;

/** The SDK uses each of these names for an error. */
const ERRORS = ['error', 'err', 'exitError'] as const;

/**
 * Makes a logger. Each line is a JSON document with `level`, `time`, the fields and `message`. The logger never throws for a
 * value that it is given, and writes at once, so that nothing is lost when the process ends.
 * @param level the least important level that is written; a name of our settings or of the SDK's
 * @param destination a file to append to, or an object that takes the lines. Default: standard error, because standard
 *   output is for answers
 * @throws the error of opening the file
 */
export function createLogger(level: LogLevelName | LogLevel, destination?: string | LogDestination): Logger {
  const log = pino(
    {
      level: 'trace',
      base: null,
      timestamp: false,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    typeof destination === 'object' ? destination : streamTo(destination ?? 2),
  );
  const least = LOG_LEVELS.findIndex((name) => name === level.toLowerCase());
  const write = (at: LogLevelName, message: string, meta: LogMetadata = {}) => {
    const given = isExpected(meta) ? 'debug' : at;
    if (LOG_LEVELS.indexOf(given) < least || EXPECTED.test(message)) return;
    log[given](recordOf(meta), safeText(message));
  };
  return {
    log: (at: LogLevel, message, meta) => write(PINO_LEVELS[at], message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Each worker here has either workflows or activities, on purpose, and the SDK warns of what is missing. What makes Core fail a query has
 * a line of its own.
 */
const EXPECTED = /^(No (activities|workflows|Nexus services) registered|Failing legacy query request)/;

/** The SDK reports a workflow task that is only made again (`workflows/interceptors/task-made-again.ts`) as a failure. */
const MADE_AGAIN = /^The workflow task is made again: /;

function isExpected(meta: LogMetadata): boolean {
  const error = read(meta, 'error');
  return error instanceof Error && MADE_AGAIN.test(error.message);
}

function streamTo(dest: string | number): pino.DestinationStream {
  const stream = pino.destination({ dest, sync: true });
  // A full disk or a closed pipe must not end a verification.
  stream.on('error', () => undefined);
  return stream;
}

function recordOf(meta: LogMetadata): Record<string, unknown> {
  const record: Record<string, unknown> = { time: timeOf(meta) };
  for (const name of IDS) put(record, name, read(meta, name), safeId);
  // In lines about activities the SDK uses another name.
  if (record['runId'] === undefined) put(record, 'runId', read(meta, 'workflowRunId'), safeId);
  for (const name of FIELDS) put(record, name, read(meta, name), safeText);
  // In one place the SDK passes the error itself as the metadata.
  const error =
    meta instanceof Error ? meta : ERRORS.map((name) => read(meta, name)).find((value) => value !== undefined);
  if (error !== undefined) record['error'] = describeError(error);
  return record;
}

function safeId(id: string): string {
  return printable(shorten(redactTokens(id)));
}

/** Objects are not written: a field with one only has the same name as the field of the list. */
function put(record: Record<string, unknown>, name: string, value: unknown, redact: (text: string) => string): void {
  if (typeof value === 'string') record[name] = redact(value);
  else if (typeof value === 'number' || typeof value === 'boolean') record[name] = value;
  else if (typeof value === 'bigint') record[name] = String(value);
}

/** The SDK's field with the time of an event in nanoseconds, since it buffers lines for a moment. */
const LOG_TIMESTAMP = Symbol.for('log_timestamp');

function timeOf(meta: LogMetadata): string {
  const nanoseconds = read(meta, LOG_TIMESTAMP);
  const at = typeof nanoseconds === 'bigint' ? new Date(Number(nanoseconds / 1_000_000n)) : new Date();
  return Number.isNaN(at.getTime()) ? new Date().toISOString() : at.toISOString();
}
