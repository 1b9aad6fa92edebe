/**
 * `npm run soak`: thousands of verifications stay open while others arrive and end at the rate that the machine carries, under
 * faults. Memory, file descriptors and latency must stay flat, and no verification may be lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Fault } from '../sandbox/index.js';
import { Crowd } from './soak-crowd.js';
import { asText, lineOf, type Result, type SoakOptions } from './soak-report.js';
import { holdingsOf, SOAK_SERVERS, type SoakStand, startSoakStand } from './soak-stand.js';
import { Watch } from './soak-watch.js';

const HELP = `Keeps verifications open while others arrive and end, under faults, and says whether everything stays flat.

npm run soak [-- options]
  --open <n>          verifications that stay open (default: 20000)
  --minutes <n>       how long others arrive and end beside them (default: 15)
  --rate <n>          arrivals per second (default: 70 % of what the machine carries, measured first)
  --server <which>    postgres: a Temporal server with PostgreSQL, built once; dev: the development server (default: postgres)
  --json              print the result as JSON

Exit code 1: something is not flat, or a verification was lost.
`;
const LINE_MS = 30_000;
const IN_FLIGHT = 64;
/** An arrival that comes on top of so many is held back: the machine is too slow for the rate. */
const MOST_IN_FLIGHT = 256;
const SHARE_OF_CARRIED = 0.7;
/** Those who stay to the end also have a verification that works. */
const LAST_LEAVERS = 100;

/** One call in a hundred goes wrong, half of them without anybody knowing whether it had an effect. */
const FAULTS: readonly Fault[] = [
  { operation: '*', share: 0.002, exception: { name: 'InternalErrorException', status: 500 } },
  { operation: '*', share: 0.002, dropConnection: 'beforeEffect' },
  { operation: '*', share: 0.003, dropConnection: 'afterEffect' },
  { operation: '*', share: 0.002, htmlError: 503, afterEffect: true },
  { operation: '*', share: 0.001, latencyMs: 2_000 },
  // Cognito's own quotas of an account.
  { operation: 'GetUserAttributeVerificationCode', tokenBucket: { perSecond: 50, burst: 50 } },
  { operation: 'VerifyUserAttribute', tokenBucket: { perSecond: 25, burst: 25 } },
];

const report = (line: string) => void process.stderr.write(`${line}\n`);
const { values } = parseArgs({
  options: {
    open: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '15' },
    rate: { type: 'string' },
    server: { type: 'string', default: 'postgres' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const abort = new AbortController();
  // The terminal and npm both pass Ctrl-C on, so that a second one must not end the teardown.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => abort.abort());
  // Otherwise the AWS SDK prints a warning about versions of Node between the lines.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  let stand: SoakStand | undefined;
  try {
    const options = readOptions();
    stand = await startSoakStand(options.server, report, abort.signal);
    const result = await soak(stand, options, abort.signal);
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : asText(result));
    process.exitCode = result.passed ? 0 : 1;
  } catch (error) {
    report(abort.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error));
    process.exitCode = abort.signal.aborted ? 130 : 1;
  }
  await stand?.close();
  // Calls of people who were interrupted may be under way.
  process.exit();
}

/** @throws Error naming the option */
function readOptions(): SoakOptions {
  const positive = (name: 'open' | 'minutes' | 'rate') => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0; found ${values[name]}`);
    return value;
  };
  const server = SOAK_SERVERS.find((known) => known === values.server);
  if (server === undefined)
    throw new Error(`--server must be one of ${SOAK_SERVERS.join(', ')}; found ${values.server}`);
  const rate = values.rate === undefined ? undefined : positive('rate');
  return { open: Math.round(positive('open')), minutes: positive('minutes'), rate, server };
}

async function soak(stand: SoakStand, options: SoakOptions, signal: AbortSignal): Promise<Result> {
  const crowd = new Crowd(stand);
  const goOn = () => {
    signal.throwIfAborted();
    const lost = stand.lost();
    if (lost !== undefined) throw new Error(lost);
  };
  const seconds = await fill(crowd, options.open, stand.worker.pid, goOn);
  // The load cannot say anything then.
  if (crowd.problems > 0) throw new Error(`${crowd.problems} did not open:\n  ${crowd.told.join('\n  ')}`);
  const perSecond = options.open / seconds;
  report(`opened ${options.open} in ${seconds.toFixed(0)} s (${perSecond.toFixed(1)}/s)`);
  for (const [index, fault] of FAULTS.entries()) stand.sandbox.setFault({ seed: index, ...fault });
  const carried = options.rate === undefined ? await measureCarried(crowd, options.minutes, goOn) : undefined;
  const rate = options.rate ?? SHARE_OF_CARRIED * (carried ?? 0);
  report(
    `${carried === undefined ? '' : `the machine carries ${carried.toFixed(1)}/s; `}load: ${rate.toFixed(1)}/s for ${options.minutes} min`,
  );
  const watch = new Watch(stand.worker.pid);
  const heldBack = await load(crowd, watch, { rate, minutes: options.minutes, goOn });
  report('nobody arrives any more; ending what is under way, and reading the list');
  await inParallel(Math.min(LAST_LEAVERS, crowd.open), goOn, async () => void (await crowd.departure()));
  const listed = await crowd.checkList();
  const flatness = watch.flatness();
  const { ended, problems, told } = crowd;
  const passed = problems === 0 && flatness.every(({ flat }) => flat);
  const done = { ended, listed, problems, told, passed };
  return { options, fill: { seconds, perSecond }, rate, carried, heldBack, rows: watch.rows, flatness, ...done };
}

/** Opens them as fast as the server takes them. @returns the seconds it took */
async function fill(crowd: Crowd, count: number, workerPid: number, goOn: () => void): Promise<number> {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  const tell = async () => {
    const { open } = crowd;
    const left = ((count - open) * elapsed()) / Math.max(1, open);
    const { rssMb } = await holdingsOf(workerPid);
    report(`opened ${open} of ${count}; worker ${rssMb.toFixed(0)} MB; about ${Math.ceil(left / 60)} min left`);
  };
  const progress = setInterval(() => void tell(), LINE_MS);
  try {
    await inParallel(count, goOn, () => crowd.arrival());
  } finally {
    clearInterval(progress);
  }
  return elapsed();
}

/** Lets as many arrive and leave as the machine carries, for a tenth of the time, at most a minute. @returns pairs per second */
async function measureCarried(crowd: Crowd, minutes: number, goOn: () => void): Promise<number> {
  report('measuring what the machine carries');
  const startedAt = performance.now();
  const endsAt = startedAt + Math.min(60_000, minutes * 6_000);
  let pairs = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < endsAt) {
        goOn();
        await Promise.all([crowd.arrival(), crowd.departure()]);
        // What ends later would count for a time in which less and less runs.
        if (performance.now() < endsAt) pairs += 1;
      }
    }),
  );
  return (pairs * 1000) / (endsAt - startedAt);
}

interface Load {
  readonly rate: number;
  readonly minutes: number;
  readonly goOn: () => void;
}

/** One arrives and one leaves at each beat, whether the ones before have got their answers or not. @returns the beats held back */
async function load(crowd: Crowd, watch: Watch, { rate, minutes, goOn }: Load): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + minutes * 60_000;
  const underWay = new Set<Promise<void>>();
  const run = (work: Promise<void>) => {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };
  let heldBack = 0;
  let nextLineAt = startedAt + LINE_MS;
  try {
    for (let beat = 0; performance.now() < endsAt; beat++) {
      await sleep(Math.max(0, startedAt + (beat * 1000) / rate - performance.now()));
      goOn();
      if (performance.now() >= nextLineAt) {
        nextLineAt += LINE_MS;
        report(lineOf(await watch.line(crowd.open, crowd.ended.verified)));
      }
      if (underWay.size >= MOST_IN_FLIGHT) {
        heldBack += 1;
        continue;
      }
      watch.arrived();
      run(crowd.arrivalUnderLoad());
      run(crowd.departure().then((verdicts) => watch.add(verdicts)));
    }
    report(lineOf(await watch.line(crowd.open, crowd.ended.verified)));
  } finally {
    watch.stop();
  }
  await Promise.all(underWay);
  return heldBack;
}

async function inParallel(count: number, goOn: () => void, work: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (; left > 0; ) {
        left -= 1;
        goOn();
        await work();
      }
    }),
  );
}
