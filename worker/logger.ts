import { DefaultLogger, type Logger, type LogLevel } from '@temporalio/worker';
import pino from 'pino';

/** Numbers that pino writes by name, as people and log pipelines read them. */
const options: pino.LoggerOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  serializers: { error: pino.stdSerializers.err },
  // A task token lets its holder complete the task, and the SDK puts it into the metadata of failures.
  redact: { paths: ['taskToken', 'base64TaskToken'], remove: true },
};

/**
 * One JSON document a line, for the SDK's `Runtime` and so for everything that workflows, activities and Core log.
 * @param level the least that is written
 * @param file where to; default standard error, since standard output is for answers
 */
export function createLogger(level: LogLevel, file?: string): Logger {
  const destination = pino.destination({ dest: file ?? 2, sync: true });
  const log = pino({ ...options, level: 'trace' }, destination);
  return new DefaultLogger(level, ({ level: entryLevel, message, meta }) => {
    if (EXPECTED.test(message)) return;
    log[PINO_LEVELS[entryLevel]](meta ?? {}, message);
  });
}

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** A worker has one duty each here, so what the SDK warns of is how it is meant. */
const EXPECTED = /^No (activities|workflows|Nexus services) registered/;
