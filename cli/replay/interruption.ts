import { InterruptedError } from '../usage-error.js';

/** Ctrl-C, and a pipeline that is stopped. */
export interface Interruption {
  /** Rejects. */
  promise: Promise<never>;
  signal: AbortSignal;
  dispose: () => void;
}

/** From here on an interruption ends the process with a word, and not at once. */
export function watchInterruption(): Interruption {
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const promise = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => {
      reject(new InterruptedError('Interrupted: not every history was replayed, and none was saved.'));
    });
  });
  promise.catch(() => undefined);
  const dispose = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { promise, signal: abort.signal, dispose };
}
