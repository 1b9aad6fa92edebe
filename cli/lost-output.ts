import { EXIT } from './exit-codes.js';

/**
 * A full disk under standard output is said in a line and by the exit code, not by Node's stack trace. A reader that has
 * gone away, as `head` does, is no fault: the command goes on, so that a stack stays up.
 */
export function watchOutput(): void {
  let reason: string | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || reason !== undefined) return;
    reason = error.code === 'ENOSPC' ? 'there is no space left' : error.message;
    process.stderr.write(`error: standard output cannot be written: ${reason}\n`);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    if (reason !== undefined && !process.exitCode) process.exitCode = EXIT.unsuccessful;
  });
}
