/** What the soak sees while it runs, and its verdict: whether memory, file descriptors and latency stay flat. */
import { performance } from 'node:perf_hooks';
import type { Verdict } from './soak-people.js';
import { type Holdings, holdingsOf } from './soak-stand.js';
import { quantile } from './statistics.js';

/** One line of the soak. */
export interface Row extends Holdings {
  /** Seconds since the load began. */
  readonly second: number;
  readonly open: number;
  readonly arrivalsPerSecond: number;
  /** So far. */
  readonly verified: number;
  /** From submit to verdict, in this line's time. */
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** One thing that must be flat: its value in the middle third of the load and in the last third. */
export interface Flatness {
  readonly what: string;
  readonly middle: number;
  readonly last: number;
  /** The last may be this much, at most. */
  readonly most: number;
  readonly flat: boolean;
}

/** What the worker held at a moment. */
export interface Sample extends Holdings {
  readonly at: number;
}

const SAMPLE_MS = 2_000;
/** RSS in MB, descriptors, and the two latencies in milliseconds: how many times the middle third, or how much more. */
const TOLERANCE = {
  rss: { times: 1.1, more: 10 },
  descriptors: { times: 1.1, more: 10 },
  p50: { times: 1.5, more: 50 },
  p95: { times: 2, more: 200 },
} as const;

/** Samples what the worker holds, and collects the verdicts, from its construction until `stop`. */
export class Watch {
  readonly rows: Row[] = [];
  private readonly startedAt = performance.now();
  private readonly samples: Sample[] = [];
  private readonly verdicts: Verdict[] = [];
  private readonly timer: NodeJS.Timeout;
  private arrivals = 0;
  private endedAt = Number.NaN;

  constructor(private readonly workerPid: number) {
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS);
  }

  arrived(): void {
    this.arrivals += 1;
  }

  add(verdicts: readonly Verdict[]): void {
    this.verdicts.push(...verdicts);
  }

  /** Ends the line that began with the one before. */
  async line(open: number, verified: number): Promise<Row> {
    const now = performance.now();
    const second = (now - this.startedAt) / 1000;
    const since = this.rows.at(-1)?.second ?? 0;
    const took = this.verdicts.filter(({ at }) => at > this.startedAt + since * 1000).map(({ tookMs }) => tookMs);
    const arrivalsPerSecond = this.arrivals / (second - since);
    this.arrivals = 0;
    const holdings = await holdingsOf(this.workerPid);
    const latency = { p50Ms: quantile(took, 0.5), p95Ms: quantile(took, 0.95) };
    const row = { second, open, arrivalsPerSecond, verified, ...latency, ...holdings };
    this.rows.push(row);
    return row;
  }

  stop(): void {
    clearInterval(this.timer);
    this.endedAt = performance.now();
  }

  /** See `judge`. */
  flatness(): Flatness[] {
    const { samples, verdicts, startedAt, endedAt } = this;
    return judge({ samples, verdicts, startedAt, endedAt });
  }

  private async sample(): Promise<void> {
    const at = performance.now();
    this.samples.push({ at, ...(await holdingsOf(this.workerPid)) });
  }
}

/** What was seen between two moments, in milliseconds of one clock. */
export interface Seen {
  readonly samples: readonly Sample[];
  readonly verdicts: readonly Verdict[];
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Compares the last third with the middle third; the first third may still warm up. What nobody could measure is flat. */
export function judge({ samples, verdicts, startedAt, endedAt }: Seen): Flatness[] {
  const third = (endedAt - startedAt) / 3;
  const within = <T extends { readonly at: number }>(values: readonly T[], n: number): T[] =>
    values.filter(({ at }) => at >= startedAt + n * third && at < startedAt + (n + 1) * third);
  const compare = (what: string, { times, more }: { times: number; more: number }, read: (n: number) => number) => {
    const [middle, last] = [read(1), read(2)];
    const most = Math.max(middle * times, middle + more);
    return { what, middle, last, most, flat: !(last > most) };
  };
  const held = (n: number, read: (sample: Sample) => number) => quantile(within(samples, n).map(read), 0.5);
  const took = (n: number, share: number) => {
    const verdictsThen = within(verdicts, n);
    return quantile(
      verdictsThen.map(({ tookMs }) => tookMs),
      share,
    );
  };
  return [
    compare('worker RSS, MB', TOLERANCE.rss, (n) => held(n, ({ rssMb }) => rssMb)),
    compare('file descriptors', TOLERANCE.descriptors, (n) => held(n, ({ fileDescriptors }) => fileDescriptors)),
    compare('submit → verdict p50, ms', TOLERANCE.p50, (n) => took(n, 0.5)),
    compare('submit → verdict p95, ms', TOLERANCE.p95, (n) => took(n, 0.95)),
  ];
}
