/** Writes one line with the time for each event of a stack, in words that need no manual. */
export interface Timeline {
  /** Writes one event. It may have several lines. */
  tell(what: string): void;
}

/** A timeline that goes to `write`, usually standard error. */
export function createTimeline(write: (text: string) => void, now: () => Date = () => new Date()): Timeline {
  return {
    tell: (what) => {
      const time = now().toTimeString().slice(0, 8);
      // The lines of one event are indented alike, so that a long error stays readable.
      write(`${time}  ${what.replaceAll('\n', `\n${' '.repeat(10)}`)}\n`);
    },
  };
}
