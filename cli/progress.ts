import type { WriteStream } from 'node:tty';

/** Shows the progress of a long task: in one changing line on a terminal, in a line now and then elsewhere. */
export interface Progress {
  /** @param of how many there are; undefined while that is not known */
  step(done: number, of: number | undefined, failed: number): void;
  /** Clears the changing line. It may be called twice. */
  end(): void;
}

/** A shorter wait needs no progress. */
const QUIET_MS = 2_000;
const ON_A_TERMINAL_MS = 200;
/** For a log, which keeps every line. */
const IN_A_LOG_MS = 10_000;

const TO_LINE_START = '\r\u001b[K';

/** @param verb what is done to each, as in `replayed` */
export function startProgress(stream: Pick<WriteStream, 'write'> & { isTTY?: boolean }, verb: string): Progress {
  // `dumb` terminals and CI logs cannot show a line that changes.
  const moving = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  const everyMs = moving ? ON_A_TERMINAL_MS : IN_A_LOG_MS;
  let nextAt = performance.now() + Math.max(QUIET_MS, everyMs);
  let onLine = false;
  return {
    step(done, of, failed) {
      const now = performance.now();
      if (now < nextAt) return;
      nextAt = now + everyMs;
      const text = `${verb} ${done}${of === undefined ? '' : ` of ${of}`}${failed > 0 ? `, ${failed} failed` : ''}`;
      stream.write(moving ? `${TO_LINE_START}${text}` : `${text}\n`);
      onLine = moving;
    },
    end() {
      if (onLine) stream.write(TO_LINE_START);
      onLine = false;
    },
  };
}
