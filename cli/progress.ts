import type { WriteStream } from 'node:tty';

/** Says how far something is that takes long: on a terminal in one line that changes, elsewhere now and then a line. */
export interface Progress {
  /** @param of undefined while nobody knows */
  step(done: number, of: number | undefined, failed: number): void;
  /** Leaves no half line behind. May be called twice. */
  end(): void;
}

/** Who waits shorter needs no news. */
const QUIET_MS = 2_000;
const ON_A_TERMINAL_MS = 200;
/** For a log, which keeps every line. */
const IN_A_LOG_MS = 10_000;

const TO_LINE_START = '\r\u001b[K';

/** @param verb what is done to each, as in `replayed` */
export function startProgress(stream: Pick<WriteStream, 'write'> & { isTTY?: boolean }, verb: string): Progress {
  // No colours, but a line that moves is one of those things that `dumb` terminals and CI logs cannot show.
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
