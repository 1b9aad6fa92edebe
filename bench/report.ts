/** A run as JSON and as Markdown tables. */
import type { RunCounts } from './count-paths.js';
import type { Machine } from './machine.js';
import type { Sample } from './race.js';
import { quantile, type Spread, spread } from './statistics.js';
import { actionTable, eventTable, pathTable, table } from './tables.js';

/** Everything that a run has found. */
export interface Run {
  /** When it began, in ISO 8601. */
  readonly at: string;
  readonly machine: Machine & { readonly temporalServer: string };
  readonly options: { readonly rounds: number; readonly size: number; readonly open: readonly number[] };
  readonly counts?: RunCounts | undefined;
  /** Of all contestants that took part, the product's first. */
  readonly contestants: readonly string[];
  readonly samples: readonly Sample[];
}

/** The run as text for a terminal or a page. */
export function asText(run: Run): string {
  const { machine, options, samples, at } = run;
  const names = [...new Set(samples.map(({ measure }) => measure))];
  return [
    ...(run.counts ? countsAsText(run.counts) : []),
    ...names.flatMap((name) => [
      `${name}: median (q1–q3) of ${roundsOf(samples, name)}; ratios are formed within a round`,
      measureTable(
        samples.filter(({ measure }) => measure === name),
        run.contestants,
      ),
    ]),
    `${at}, revision ${machine.revision}, ${options.size} verifications a round, ${machine.cores} × ${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.system}, Node ${machine.node}, Temporal server ${machine.temporalServer}`,
    'The counts are exact. The times are of this machine and this moment: trust the ratios.',
    '',
  ].join('\n\n');
}

/** The medians of a run over those of an earlier one. */
export function comparedWith(run: Run, earlier: Run): string {
  const before = byPlace(earlier.samples);
  const rows = [...byPlace(run.samples)].flatMap(([place, values]) => {
    const then = before.get(place);
    if (then === undefined) return [];
    const [now, was] = [quantile(values, 0.5), quantile(then, 0.5)];
    return [[...place.split(SEPARATOR), number(now), number(was), (now / was).toFixed(2)]];
  });
  return [
    `Against the run of ${earlier.at}, revision ${earlier.machine.revision}. The two were not interleaved: the machine may have been faster or slower, by a third.`,
    table(['measure', 'contestant', 'value', 'now', 'then', 'now / then'], rows),
    '',
  ].join('\n\n');
}

const SEPARATOR = '\u0000';

function byPlace(samples: readonly Sample[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const { measure, contestant, values } of samples) {
    for (const [name, value] of Object.entries(values)) {
      const place = [measure, contestant, name].join(SEPARATOR);
      places.set(place, [...(places.get(place) ?? []), value]);
    }
  }
  return places;
}

function countsAsText({ rightCode, paths }: RunCounts): string[] {
  const { sealed, barest } = rightCode;
  const bytes = Object.entries(rightCode).map(([name, counts]) => [
    name,
    ...[counts.totalEvents, counts.workflowTasks, counts.totalActions, counts.historyBytes].map(String),
  ]);
  return [
    'One verification: start → send → submit → verified',
    ...(sealed && barest ? [eventTable(sealed, barest), actionTable(sealed, barest)] : []),
    table(['right code', 'events', 'workflow tasks', 'actions', 'bytes of history'], bytes),
    'The usual paths',
    pathTable(paths),
  ];
}

function roundsOf(samples: readonly Sample[], name: string): string {
  const rounds = new Set(samples.filter(({ measure }) => measure === name).map(({ round }) => round)).size;
  return rounds === 1 ? 'one round' : `${rounds} alternating rounds`;
}

/** A row for each value: all contestants, and the first over each other one. */
function measureTable(samples: readonly Sample[], all: readonly string[]): string {
  const contestants = all.filter((name) => samples.some(({ contestant }) => contestant === name));
  const [first, ...others] = contestants;
  const names = [...new Set(samples.flatMap(({ values }) => Object.keys(values)))];
  const valueOf = (contestant: string | undefined, round: number, name: string): number =>
    samples.find((sample) => sample.contestant === contestant && sample.round === round)?.values[name] ?? Number.NaN;
  const rounds = [...new Set(samples.map(({ round }) => round))];
  const rows = names.map((name) => [
    name,
    ...contestants.map((contestant) => show(spread(rounds.map((round) => valueOf(contestant, round, name))), number)),
    ...others.map((other) =>
      show(spread(rounds.map((round) => valueOf(first, round, name) / valueOf(other, round, name))), (ratio) =>
        ratio.toFixed(2),
      ),
    ),
  ]);
  return table(['', ...contestants, ...others.map((other) => `${first} / ${other}`)], rows);
}

function show({ median, q1, q3 }: Spread, form: (value: number) => string): string {
  if (!Number.isFinite(median)) return '';
  return q1 === q3 ? form(median) : `${form(median)} (${form(q1)}–${form(q3)})`;
}

function number(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}
