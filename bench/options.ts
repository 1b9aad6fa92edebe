/** The options of `npm run bench`. */
import { parseArgs } from 'node:util';
import { SERVERS } from './stand.js';

/** What can be measured, in the order in which it runs. The last leaves many verifications open, which slow the server down. */
export const MEASURES = ['counts', 'throughput', 'latency', 'wake-up', 'replay', 'start', 'memory'] as const;

const USAGE = `Usage: npm run bench -- [options]

Measures what a verification costs: the product sealed and in plain text, the barest workflow, and a caller without Temporal,
in alternating rounds on a Temporal server of its own.

  --server NAME     ${SERVERS.join(' or ')}. Default: dev
  --only LIST       of ${MEASURES.join(', ')}. Default: all
  --rounds N        alternating rounds, after one that warms up. Default: 5
  --size N          verifications of each contestant in each round. Default: 40
  --open LIST       open verifications at which memory is read. Default: 1000
  --contestants LIST  of sealed, plain text, barest, no Temporal, and the revision. Default: all
  --against WHAT    a revision, which is built aside and takes part; or a file of --save, with which the run is compared
  --save FILE       keeps the run as JSON
  --json            prints the run as JSON
`;

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
  readonly json: boolean;
}

/** @throws Error that says what is wrong and what is allowed. With `--help` prints the usage and ends the process. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      server: { type: 'string', default: 'dev' },
      only: { type: 'string', default: MEASURES.join() },
      rounds: { type: 'string', default: '5' },
      size: { type: 'string', default: '40' },
      open: { type: 'string', default: '1000' },
      contestants: { type: 'string' },
      against: { type: 'string' },
      save: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit();
  }
  const { contestants, against, save, json } = values;
  const [server] = words('server', values.server, SERVERS);
  return {
    server: server ?? 'dev',
    only: words('only', values.only, MEASURES),
    rounds: wholeNumber('rounds', values.rounds),
    size: wholeNumber('size', values.size),
    open: values.open.split(',').map((count) => wholeNumber('open', count)),
    contestants: contestants?.split(',').map((name) => name.trim()),
    against,
    save,
    json,
  };
}

function words<Word extends string>(option: string, given: string, allowed: readonly Word[]): Word[] {
  return given.split(',').map((word) => {
    const known = allowed.find((one) => one === word.trim());
    if (known === undefined) throw new Error(`--${option}: found ${word}; allowed: ${allowed.join(', ')}`);
    return known;
  });
}

function wholeNumber(option: string, given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new Error(`--${option}: found ${given}; allowed: whole numbers from 1`);
  return Number(given);
}
