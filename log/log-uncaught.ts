/** The last words of a process. Nothing here loads the native worker. */
import type { Logger } from '@temporalio/common';

/** Where they go. */
export interface LastWords {
  readonly logger: Logger;
  /** Writes first what is collected. */
  readonly flush?: () => void;
  /** Says it to people too, where they do not see the log. */
  readonly tell?: () => void;
}

/**
 * From here on an error that nobody caught goes to the log, redacted, and ends the process with exit code 1. Node itself
 * would print it with everything that it carries.
 */
export function logUncaught({ logger, flush, tell }: LastWords): void {
  process.on('uncaughtException', (error: unknown, origin) => {
    try {
      flush?.();
      logger.error('An error that nobody caught ends the process', { error, reason: origin });
      tell?.();
    } finally {
      process.exit(1);
    }
  });
}
