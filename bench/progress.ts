/** A line on standard error: what runs, how far it is, and about how long it still takes. */

const BAR = 20;
/** Of a step such as none before. */
const UNKNOWN_MS = 10_000;

/** Steps of one measure take about equally long on all contestants. */
const familyOf = (kind: string): string => kind.split(',', 1)[0] ?? kind;

/** Knows the steps that are left, and how long each kind of step has taken. */
export class Progress {
  private readonly left: string[] = [];
  private readonly took = new Map<string, number>();
  private done = 0;

  constructor(private readonly output: NodeJS.WriteStream) {}

  /** Adds steps, by their kinds. */
  plan(kinds: readonly string[]): void {
    this.left.push(...kinds);
  }

  /** Shows a step while it runs. A terminal shows the newest line only. */
  async step<T>(kind: string, what: string, run: () => Promise<T>): Promise<T> {
    this.left.splice(this.left.indexOf(kind), 1);
    const share = this.done / (this.done + this.left.length + 1);
    const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.');
    this.show(`[${bar}] ${kind}: ${what}${this.timeLeft(kind)}`);
    const startedAt = performance.now();
    const result = await run();
    const took = performance.now() - startedAt;
    this.took.set(kind, took).set(familyOf(kind), took);
    this.done++;
    return result;
  }

  /** Says something without a bar. */
  show(line: string): void {
    this.output.write(this.output.isTTY ? `\r\u001b[K${line.slice(0, this.output.columns - 1)}` : `${line}\n`);
  }

  /** Leaves an empty line to write on. */
  clear(): void {
    if (this.output.isTTY) this.output.write('\r\u001b[K');
  }

  private timeLeft(kind: string): string {
    if (this.took.size === 0) return '';
    const expected = (each: string) => this.took.get(each) ?? this.took.get(familyOf(each)) ?? UNKNOWN_MS;
    const ms = [kind, ...this.left].reduce((sum, each) => sum + expected(each), 0);
    return `, about ${ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`} left`;
  }
}
