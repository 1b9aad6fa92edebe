/**
 * `npm run capacity:check`: six inputs on a real server, sandbox and worker, one for each limit that binds, compared with the model.
 * It prints a table and ends with 1 where the model is wrong. Not in CI: the real run takes 8 minutes for each input.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { table } from '../../bench/tables.js';
import { type Estimate, estimate } from '../../capacity/estimate.js';
import { type Measured, type Run, run } from './run.js';
import { scenarios } from './scenarios.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    'slot-seconds': { type: 'string', default: '100' },
    parallel: { type: 'string', default: '1' },
    seed: { type: 'string', default: '2026' },
    json: { type: 'string' },
  },
});
const slotSeconds = Number(values['slot-seconds']);
const parallel = Number(values.parallel);
const chosen = scenarios(slotSeconds).filter(({ binds }) => !values.only || values.only.includes(binds));
if (chosen.length === 0 || !(slotSeconds >= 10) || !(parallel >= 1)) {
  const names = scenarios(100).map(({ binds }) => binds);
  console.error(`--only is one of ${names.join(', ')}; --slot-seconds at least 10; --parallel at least 1`);
  process.exit(2);
}

/** One thing that is compared. */
interface Comparison {
  readonly what: string;
  readonly model: string;
  readonly measured: string;
  readonly off: string;
  readonly holds: boolean;
}

const ratio = (model: number, measured: number) => Math.abs(model - measured) / Math.max(measured, 1e-9);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function compareAll(said: Estimate, measured: Measured): Comparison[] {
  const within = (what: string, model: number, found: number, most: number, digits = 0): Comparison => {
    const off = ratio(model, found);
    return {
      what,
      model: model.toFixed(digits),
      measured: found.toFixed(digits),
      off: percent(off),
      holds: off <= most,
    };
  };
  const { expiredShare } = measured;
  const points = Math.abs(said.expiredShare - expiredShare);
  const delays = (['send', 'code'] as const).map((of): Comparison => {
    const { p95Seconds } = said[`${of}Delay`];
    const found = Math.max(...measured[`${of}DelayP95BySlot`]);
    const off = Math.abs(p95Seconds - found);
    return {
      what: `p95 delay of ${of}s`,
      model: `${p95Seconds.toFixed(1)} s`,
      measured: `${found.toFixed(1)} s`,
      off: `${off.toFixed(1)} s`,
      holds: off <= Math.max(1, 0.3 * found),
    };
  });
  const bound = Object.entries(measured.used).toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? '';
  const ends = Object.entries(measured.outcomes);
  const lost = ends.reduce(
    (sum, [end, count]) => (['verified', 'expired', 'failed'].includes(end) ? sum : sum + count),
    0,
  );
  return [
    // The client gave up: the machine was too busy for this run to say anything.
    { what: 'without an end', model: '0', measured: String(lost), off: '', holds: lost === 0 },
    within('messages', said.messagesPerDay, measured.messages, 0.05),
    within('actions', said.actionsPerDay, measured.actions, 0.05),
    within('bytes', said.historyBytesPerDay, measured.bytes, 0.05),
    {
      what: 'expired',
      model: percent(said.expiredShare),
      measured: percent(expiredShare),
      off: `${(points * 100).toFixed(1)} points`,
      holds: points <= 0.02,
    },
    within('verified a second', said.verifiedPerSecond, measured.verifiedPerSecond, 0.15, 2),
    ...delays,
    { what: 'binds', model: said.binding, measured: bound, off: '', holds: said.binding === bound },
  ];
}

const waiting = [...chosen];
const runs: (Run & { binds: string; said: Estimate; comparisons: Comparison[] })[] = [];
await Promise.all(
  Array.from({ length: parallel }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      console.error(`${next.binds}: ${3 * slotSeconds} s of arrivals, then up to ${next.input.deadlineSeconds} s …`);
      const done = await run(next, slotSeconds, Number(values.seed));
      const said = estimate(done.input, slotSeconds);
      const comparisons = compareAll(said, done.measured);
      runs.push({ ...done, binds: next.binds, said, comparisons });
      console.log(`\n${next.binds}  ${JSON.stringify(done.measured.outcomes)}\n`);
      const rows = comparisons.map(({ what, model, measured, off, holds }) => [
        what,
        model,
        measured,
        off,
        holds ? 'yes' : '**no**',
      ]);
      console.log(table(['', 'model', 'measured', 'off by', 'holds'], rows));
    }
  }),
);
if (values.json) await writeFile(values.json, JSON.stringify(runs, undefined, 2));
const holding = runs.filter(({ comparisons }) => comparisons.every(({ holds }) => holds));
console.log(`\n${holding.length} of ${runs.length} inputs hold in everything.`);
process.exit(holding.length === runs.length ? 0 : 1);
