/** The time that one history after the other has. */
export class TimeLimit {
  /** Rejects when the time of a history has passed, and never resolves. */
  readonly passed: Promise<never>;
  isPassed = false;
  private pass: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limitMs: number) {
    this.passed = new Promise((_resolve, reject) => {
      this.pass = () => {
        this.isPassed = true;
        reject(new Error(`it did not end within ${limitMs / 1000} s`));
      };
    });
    this.passed.catch(() => undefined);
  }

  /** Begins the time of a history. */
  start(): void {
    this.timer = setTimeout(this.pass, this.limitMs);
  }

  /** Ends the time of a history. */
  stop(): void {
    clearTimeout(this.timer);
  }
}
