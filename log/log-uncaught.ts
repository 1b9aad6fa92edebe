/** Logs the error that ends a process, and what Node.js warns of. Nothing here loads the native worker. */
import type { Logger } from '@temporalio/common';

/** The log of a process that may have to report its own end. */
export interface LastWords {
  readonly logger: Logger;
  /** Writes the lines that are buffered; called first. Default: nothing is buffered. */
  readonly flush?: (() => void) | undefined;
  /** Tells people as well, if they do not see the log. Default: nobody is told. */
  readonly tell?: (() => void) | undefined;
}

/**
 * From now on an uncaught error goes to the log, redacted, and ends the process with exit code 1. Node.js itself would print
 * the error with all its fields.
 */
export function logUncaught({ logger, flush, tell }: LastWords): void {
  process.on('uncaughtException', (error: unknown, origin) => {
    try {
      flush?.();
      logger.error('An uncaught error ends the process', { error, reason: origin });
      tell?.();
    } finally {
      process.exit(1);
    }
  });
}

/** From now on the warnings of the process, such as the AWS SDK's about an old Node.js, are lines of the log. */
export function logWarnings(logger: Logger): void {
  // Node.js prints them by a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn(warning.message, { reason: warning.name }));
}
