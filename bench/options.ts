/** The options of `npm run bench`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { SERVERS } from './stand.js';

/** What can be measured, in the order in which it runs. The last leaves many verifications open, which slow the server down. */
const MEASURES = ['counts', 'throughput', 'latency', 'later', 'wake-up', 'replay', 'start', 'memory'] as const;

/** The options, checked. */
export interface BenchOptions {
  readonly server: (typeof SERVERS)[number];
  readonly only: readonly (typeof MEASURES)[number][];
  readonly rounds: number;
  readonly size: number;
  readonly open: readonly number[];
  /** Default: all. */
  readonly contestants?: readonly string[] | undefined;
  readonly against?: string | undefined;
  readonly save?: string | undefined;
  readonly json?: true | undefined;
}

/** Ends the process after `--help`, and for an option that is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  return new Command('npm run bench --')
    .description(
      'Measures what a verification costs, on a Temporal server of its own: the product sealed and in plain text, the barest workflow, and a caller without Temporal.',
    )
    .addOption(new Option('--server <name>', 'the Temporal server').choices(SERVERS).default('dev'))
    .option('--only <list>', `of ${MEASURES.join(', ')}`, measures, [...MEASURES])
    .option('--rounds <n>', 'alternating rounds, after one that warms up', wholeNumber, 5)
    .option('--size <n>', 'verifications of each contestant in each round', wholeNumber, 40)
    .option(
      '--open <list>',
      'open verifications at which memory is read',
      (given) => words(given).map(wholeNumber),
      [1000],
    )
    .option(
      '--contestants <list>',
      'of sealed, guarded, guarded with Redis, with metrics, traced, 400 MB, 2000 MB, plain text, barest, no Temporal, and the revision (default: the first and from plain text on)',
      words,
    )
    .option('--against <what>', 'a revision, built aside to take part, or a file of --save to compare with')
    .option('--save <file>', 'keeps the run as JSON')
    .option('--json', 'prints the run as JSON')
    .parse(args, { from: 'user' })
    .opts<BenchOptions>();
}

function words(given: string): string[] {
  return given.split(',').map((word) => word.trim());
}

function measures(given: string): BenchOptions['only'] {
  const wanted = words(given);
  const unknown = wanted.find((word) => !MEASURES.some((name) => name === word));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of them.`);
  return MEASURES.filter((name) => wanted.includes(name));
}

function wholeNumber(given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(given);
}
