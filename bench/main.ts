/** `npm run bench`: what one verification costs. `options.ts` says what can be measured; docs/performance.md what was. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { commandMeasuresOf } from './commands.js';
import { countPaths } from './count-paths.js';
import { describeMachine } from './machine.js';
import { measuresOf } from './measures.js';
import { type BenchOptions, readOptions } from './options.js';
import { Progress } from './progress.js';
import { race, type Sample } from './race.js';
import { contestants, type Racer, startRacer } from './racers.js';
import { asText, comparedWith, type Run } from './report.js';
import { buildRevision } from './revision.js';
import { type Stand, startStand } from './stand.js';

// Otherwise the AWS SDK prints a warning about versions of Node in the middle of the tables.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const progress = new Progress(process.stderr);
const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

try {
  await bench(readOptions(process.argv.slice(2)));
} catch (error) {
  progress.clear();
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(signal.aborted ? 'interrupted; everything is stopped\n' : `error: ${reason}\n`);
  // A measure may still wait for its next moment.
  process.exit(signal.aborted ? 130 : 1);
}

async function bench(options: BenchOptions): Promise<void> {
  const { against, json } = options;
  const earlier: Run | undefined =
    against !== undefined && existsSync(against) ? JSON.parse(await readFile(against, 'utf8')) : undefined;
  const report = (line: string) => progress.show(line);
  const other =
    against === undefined || earlier ? undefined : await buildRevision(against, { root: ROOT, report, signal });
  const taking = contestants(ROOT, other).filter(
    ({ name, onlyNamed }) => options.contestants?.includes(name) ?? !onlyNamed,
  );
  report('starting the servers and the contestants ...');
  const stand = await startStand({ server: options.server, report, signal });
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= stand.teardown.run());
  // What is under way fails with the processes that it needs.
  signal.addEventListener('abort', () => void end());
  try {
    signal.throwIfAborted();
    const racers: Racer[] = [];
    for (const contestant of taking) racers.push(await startRacer(stand, contestant));
    const run = await measure(stand, racers, options);
    process.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : asText(run));
    if (earlier && !json) process.stdout.write(comparedWith(run, earlier));
  } finally {
    await end();
  }
}

/** What was measured before an interruption is saved too. */
async function measure(stand: Stand, racers: readonly Racer[], options: BenchOptions): Promise<Run> {
  const { rounds, size, open, only, save } = options;
  const at = new Date().toISOString();
  const machine = { ...describeMachine(ROOT), temporalServer: stand.serverVersion };
  const names = racers.map(({ contestant }) => contestant.name);
  const measures = [...measuresOf({ size, open }), ...commandMeasuresOf({ size })];
  const wanted = only.flatMap((name) => measures.filter((each) => each.name === name));
  const counts = only.includes('counts') ? await countPaths(racers, progress) : undefined;
  const samples: Sample[] = [];
  const run = { at, machine, options: { rounds, size, open }, counts, contestants: names, samples };
  try {
    await race(wanted, racers, { rounds, progress, samples });
  } finally {
    progress.clear();
    if (save !== undefined) await writeFile(save, `${JSON.stringify(run, null, 2)}\n`);
  }
  return run;
}
