/**
 * Runs measures on contestants in alternating rounds. The speed of the machine varies by a third, so only values of one round are
 * compared with each other.
 */
import type { Progress } from './progress.js';
import type { Racer } from './racers.js';

/** What a measure reads, by name with its unit. */
export type Values = Readonly<Record<string, number>>;

/** Something to measure on a contestant. */
export interface Measure {
  /** Also on the command line. */
  readonly name: string;
  /** Runs once, without a round that warms up. Default: as often as asked for. */
  readonly once?: boolean;
  /** Default: every contestant takes part. */
  takes?(racer: Racer): boolean;
  run(racer: Racer): Promise<Values>;
}

/** The values of one contestant in one round. */
export interface Sample {
  readonly measure: string;
  readonly contestant: string;
  /** From 1; round 0 warms up and is not kept. */
  readonly round: number;
  readonly values: Values;
}

/** Runs the measures one after another, each round by round, and adds their values to `samples`. */
export async function race(
  measures: readonly Measure[],
  racers: readonly Racer[],
  { rounds, progress, samples }: { rounds: number; progress: Progress; samples: Sample[] },
): Promise<void> {
  const steps = measures.flatMap((measure) => {
    const taking = racers.filter((racer) => measure.takes?.(racer) ?? true);
    const order = Array.from({ length: measure.once ? 1 : rounds + 1 }, (_, i) => (measure.once ? 1 : i));
    // Each contestant goes first equally often.
    return order.flatMap((round) =>
      taking.map((_, turn) => ({ measure, round, racer: taking[(round + turn) % taking.length] as Racer })),
    );
  });
  const labelOf = (measure: Measure, racer: Racer) => `${measure.name}, ${racer.contestant.name}`;
  progress.plan(steps.map(({ measure, racer }) => labelOf(measure, racer)));
  for (const { measure, round, racer } of steps) {
    const { name: contestant } = racer.contestant;
    const what = round === 0 ? 'warming up' : `round ${round}`;
    const values = await progress.step(labelOf(measure, racer), what, () => measure.run(racer));
    if (round > 0) samples.push({ measure: measure.name, contestant, round, values });
  }
}
