/** The result of the soak, as a table and in words. */
import type { Crowd } from './soak-crowd.js';
import type { SoakServer } from './soak-stand.js';
import type { Flatness, Row } from './soak-watch.js';
import { table } from './tables.js';

/** What the soak was asked for. */
export interface SoakOptions {
  readonly open: number;
  readonly minutes: number;
  readonly rate: number | undefined;
  readonly server: SoakServer;
}

/** The soak in numbers, as `--json` prints it. */
export interface Result {
  readonly options: SoakOptions;
  readonly fill: { readonly seconds: number; readonly perSecond: number };
  /** Verifications per second of the load, and of the measurement before it. */
  readonly rate: number;
  readonly carried: number | undefined;
  readonly heldBack: number;
  readonly rows: readonly Row[];
  readonly flatness: readonly Flatness[];
  readonly ended: Crowd['ended'];
  readonly listed: number;
  readonly problems: number;
  readonly told: readonly string[];
  readonly passed: boolean;
}

const HEAD = ['s', 'open', 'arrivals/s', 'verified', 'p50 ms', 'p95 ms', 'worker RSS MB', 'file descriptors'];

function cellsOf(row: Row): string[] {
  const { second, open, arrivalsPerSecond, verified, p50Ms, p95Ms, rssMb, fileDescriptors } = row;
  const whole = [p50Ms, p95Ms, rssMb, fileDescriptors].map((value) => value.toFixed(0));
  return [second.toFixed(0), String(open), arrivalsPerSecond.toFixed(1), String(verified), ...whole];
}

/** A line while the soak runs. */
export function lineOf(row: Row): string {
  return HEAD.map((name, column) => `${name} ${cellsOf(row)[column]}`).join(' · ');
}

/** The result for people. */
export function asText(result: Result): string {
  const { fill: filled, rate, carried, heldBack, rows, flatness, ended, listed, problems, told, passed } = result;
  const judged = flatness.map(({ what, middle, last, most, flat }) => [
    what,
    ...[middle, last, most].map((value) => value.toFixed(0)),
    flat ? 'yes' : 'NO',
  ]);
  return [
    `Opened ${result.options.open} in ${filled.seconds.toFixed(0)} s (${filled.perSecond.toFixed(1)}/s). ${carried === undefined ? '' : `The machine carries ${carried.toFixed(1)}/s. `}Load: ${rate.toFixed(1)}/s; ${heldBack} arrivals held back.`,
    table(HEAD, rows.map(cellsOf)),
    'Flat: the last third of the load against the middle third',
    table(['', 'middle', 'last', 'at most', 'flat'], judged),
    `Ended: ${ended.verified} verified, ${ended.cancelled} cancelled, ${ended.expired} expired; the list has ${listed}, each as it must be except for the problems below.`,
    problems === 0 ? 'Lost: none' : [`Lost or wrong: ${problems}`, ...told].join('\n  '),
    passed ? 'PASSED' : 'FAILED',
    '',
  ].join('\n\n');
}
