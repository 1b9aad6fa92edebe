import { InterruptedError } from './usage-error.js';

/** A signal that ends a command. */
export interface Interruption {
  /** Rejects with an `InterruptedError` on the first signal; never resolves. */
  readonly promise: Promise<never>;
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** Gives the signals back to Node, which ends the process on them. */
  dispose(): void;
}

/**
 * Catches a signal until `dispose`, so that the command ends with a message and exit code 130, and not at once.
 * @param message what the person who interrupted needs to know
 */
export function watchInterruption(message: string, signals: readonly NodeJS.Signals[] = ['SIGINT']): Interruption {
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  for (const name of signals) process.once(name, onSignal);
  const promise = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(new InterruptedError(message)));
  });
  // A rejection that nothing awaits, as between two calls, must not end the process by itself.
  promise.catch(() => undefined);
  const dispose = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  return { promise, signal: abort.signal, dispose };
}
