/**
 * One logger for our own code, the SDK and its native core. It writes a chosen set of fields and drops every other: the
 * SDK and Core hand it task tokens, inputs and whole tasks beside what they have to say. Nothing here loads the native
 * worker, so that commands without one can log too.
 */
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import pino from 'pino';
import { describeError, read, safeText, shortened } from './error-record.js';
import { redactTokens } from './redact-text.js';
import { LOG_LEVELS, type LogLevelName } from './telemetry-config.js';

/** Where lines go instead of into a file. */
export interface LogDestination {
  /** @param line one JSON document with its line end */
  write(line: string): void;
}

/** Names of people and things: written as they are, to be found by, save for tokens. */
const IDS = [
  'namespace',
  'taskQueue',
  'workflowId',
  'runId',
  'updateId',
  'activityId',
  'activityRunId',
  // The codec server's: who asked, from where, and which key sealed it.
  'subject',
  'remoteAddress',
  'keyId',
] as const;

/** Everything else that may be written: numbers and booleans as they are, text redacted. */
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

/** Names under which the SDK writes the same. */
const ERRORS = ['error', 'err', 'exitError'] as const;

/**
 * Makes a logger: one JSON document a line with `level`, `time`, the fields and `message`. It never throws for what it is
 * given to write, and writes at once, so that nothing is lost when the process ends.
 * @param level the least that is written, as in our settings or as in the SDK's
 * @param destination a file to append to, or what takes the lines; default standard error, since standard output is for answers
 * @throws what opening the file throws
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
    if (LOG_LEVELS.indexOf(at) < least || EXPECTED.test(message)) return;
    log[at](recordOf(meta), safeText(message));
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

/** A worker has one duty each here, so what the SDK warns of is how it is meant. */
const EXPECTED = /^No (activities|workflows|Nexus services) registered/;

function streamTo(dest: string | number): pino.DestinationStream {
  const stream = pino.destination({ dest, sync: true });
  // A full disk or a reader that is gone ends no verification.
  stream.on('error', () => undefined);
  return stream;
}

function recordOf(meta: LogMetadata): Record<string, unknown> {
  const record: Record<string, unknown> = { time: timeOf(meta) };
  for (const name of IDS) put(record, name, read(meta, name), safeId);
  // The SDK's name for it beside activities.
  if (record['runId'] === undefined) put(record, 'runId', read(meta, 'workflowRunId'), safeId);
  for (const name of FIELDS) put(record, name, read(meta, name), safeText);
  // Once the SDK hands over the error itself.
  const error =
    meta instanceof Error ? meta : ERRORS.map((name) => read(meta, name)).find((value) => value !== undefined);
  if (error !== undefined) record['error'] = describeError(error);
  return record;
}

function safeId(id: string): string {
  return shortened(redactTokens(id));
}

/** Objects are not written: a field of this list that holds one is not the field that is meant. */
function put(record: Record<string, unknown>, name: string, value: unknown, redact: (text: string) => string): void {
  if (typeof value === 'string') record[name] = redact(value);
  else if (typeof value === 'number' || typeof value === 'boolean') record[name] = value;
  else if (typeof value === 'bigint') record[name] = String(value);
}

/** When it happened, in nanoseconds: the SDK collects for a moment and hands over in order. */
const LOG_TIMESTAMP = Symbol.for('log_timestamp');

function timeOf(meta: LogMetadata): string {
  const nanoseconds = read(meta, LOG_TIMESTAMP);
  const at = typeof nanoseconds === 'bigint' ? new Date(Number(nanoseconds / 1_000_000n)) : new Date();
  return Number.isNaN(at.getTime()) ? new Date().toISOString() : at.toISOString();
}
