/** Tells what happens as it happens: a line each, with the time, in words that need no manual. */
export interface Timeline {
  /** Something happened. */
  tell(what: string): void;
}

/** A timeline that goes to `write`, usually standard error. */
export function createTimeline(write: (text: string) => void, now: () => Date = () => new Date()): Timeline {
  return {
    tell: (what) => {
      const time = now().toTimeString().slice(0, 8);
      // Lines of one event stand below each other, so that a long error stays readable.
      write(`${time}  ${what.replaceAll('\n', `\n${' '.repeat(10)}`)}\n`);
    },
  };
}
