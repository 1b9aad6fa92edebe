/** What is measured on contestants whose processes stand ready: throughput, CPU, latency, memory, and the way back into a cache. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf } from './machine.js';
import type { Answer, Task } from './processes.js';
import type { Measure, Values } from './race.js';
import { type Racer, startRacer } from './racers.js';
import { quantile } from './statistics.js';

/** The sizes of the measures. */
export interface Sizes {
  /** Verifications of each contestant in each round. */
  readonly size: number;
  /** Open verifications at which the worker's memory is read, in rising order. */
  readonly open: readonly number[];
}

/** More do not make it faster, with a worker's default settings. */
const SATURATION = 16;
/** The CPU time includes the work that ends just after the last answer. */
const SETTLE_MS = 300;
/** A person takes about this long to read a message and type its code. */
const PERSON_MS = 60_000;
/** In a minute fewer than a worker's default cache holds, and twice as many. */
const ARRIVALS_PER_SECOND = [5, 15];
/** The users of one task, so that a message between processes stays small. */
const CHUNK = 500;

const hasWorker = ({ worker }: Racer): boolean => worker !== undefined;

/** The measures of this file. */
export function measuresOf({ size, open }: Sizes): readonly Measure[] {
  const isProduct = ({ contestant }: Racer) => contestant.kind === 'product';
  return [
    { name: 'throughput', run: (racer) => throughput(racer, size) },
    { name: 'latency', run: (racer) => latency(racer, size) },
    { name: 'later', once: true, takes: hasWorker, run: aMinuteLater },
    { name: 'wake-up', takes: isProduct, run: (racer) => wakeUp(racer, size) },
    { name: 'memory', once: true, takes: hasWorker, run: (racer) => memory(racer, open) },
  ];
}

async function throughput(racer: Racer, size: number): Promise<Values> {
  const users = await racer.stand.users(size);
  const { answer, cpu } = await withCpu(racer, { users, inFlight: SATURATION });
  return {
    ...notVerified(answer),
    'verifications/s': (size / answer.wallMs) * 1_000,
    ...Object.fromEntries(Object.entries(cpu).map(([name, ms]) => [`CPU of ${name}, ms`, ms / size])),
  };
}

/** A server that stalls may lose a send; see docs/decisions.md. */
function notVerified({ failures }: Answer): Values {
  return failures.length > 0 ? { 'not verified': failures.length } : {};
}

/** Runs a task, and tells what all processes but the sandbox's have used meanwhile. */
async function withCpu({ stand, worker, caller }: Racer, task: Task): Promise<{ answer: Answer; cpu: Values }> {
  const used = async () => ({
    worker: (await worker?.ask())?.cpuMs ?? 0,
    server: cpuMsOf(stand.pids.server),
    database: cpuMsOf(stand.pids.database),
    driver: (await caller.ask()).cpuMs,
  });
  const before = await used();
  const answer = await caller.ask(task);
  await sleep(SETTLE_MS);
  const after = await used();
  const names = Object.keys(before) as (keyof typeof before)[];
  const cpu: Record<string, number> = {};
  for (const name of names) cpu[name] = after[name] - before[name];
  cpu['all'] = names.reduce((sum, name) => sum + (cpu[name] ?? 0), 0);
  return { answer, cpu };
}

async function latency({ stand, caller }: Racer, size: number): Promise<Values> {
  const values: Record<string, number> = {};
  for (const inFlight of [1, 64]) {
    const users = await stand.users(Math.max(size, inFlight));
    const answer = await caller.ask({ users, inFlight });
    const { beginMs, submitMs } = answer;
    Object.assign(values, notVerified(answer));
    for (const [name, ms] of [
      ['start → delivery known', beginMs],
      ['submit → verdict', submitMs],
    ] as const) {
      for (const percent of [50, 99])
        values[`${name}, ${inFlight} in flight, p${percent} ms`] = quantile(ms, percent / 100);
    }
  }
  return values;
}

/** Submits come a minute after their sends, while others still arrive. */
async function aMinuteLater(racer: Racer): Promise<Values> {
  const { stand, worker } = racer;
  const values: Record<string, number> = {};
  for (const perSecond of ARRIVALS_PER_SECOND) {
    const users = await stand.users((PERSON_MS / 1_000) * perSecond);
    const arriving = { users, inFlight: users.length, everyMs: 1_000 / perSecond, restMs: PERSON_MS };
    const [{ answer, cpu }, kept] = await Promise.all([
      withCpu(racer, arriving),
      sleep(PERSON_MS).then(async () => (await worker?.ask())?.cached ?? 0),
    ]);
    Object.assign(values, notVerified(answer), {
      [`submit → verdict, a minute later, ${perSecond} a second, p50 ms`]: quantile(answer.submitMs, 0.5),
      [`submit → verdict, a minute later, ${perSecond} a second, p99 ms`]: quantile(answer.submitMs, 0.99),
      [`evicted by then, ${perSecond} a second, %`]: 100 * (1 - Math.min(1, kept / users.length)),
      [`CPU of worker, ${perSecond} a second, ms`]: (cpu['worker'] ?? 0) / users.length,
      [`memory of worker, ${perSecond} a second, MB`]: ((await worker?.ask())?.rssBytes ?? 0) / 1e6,
    });
  }
  return values;
}

/** Submits to verifications that a worker with a small cache has evicted, against those that it has kept. */
async function wakeUp(racer: Racer, size: number): Promise<Values> {
  // A smaller cache would evict verifications while something happens to them.
  const small = { purpose: 'small-cache', maxCachedWorkflows: SATURATION };
  const evicting = await startRacer(racer.stand, racer.contestant, small);
  try {
    const submits = async (where: Racer) => {
      // What a new process does for the first time counts for neither.
      await where.caller.ask({ users: await where.stand.users(size), inFlight: SATURATION });
      // The newest are still in a small cache, and are left alone.
      const users = await where.stand.users(size + SATURATION);
      await where.caller.ask({ users, inFlight: SATURATION, leaveOpen: true });
      const { answer, cpu } = await withCpu(where, { submitOpen: size });
      return { ms: quantile(answer.submitMs, 0.5), cpuMs: (cpu['worker'] ?? 0) / size };
    };
    const evicted = await submits(evicting);
    const kept = await submits(racer);
    return {
      'submit, evicted, p50 ms': evicted.ms,
      'submit, kept, p50 ms': kept.ms,
      'CPU of worker, evicted, ms': evicted.cpuMs,
      'CPU of worker, kept, ms': kept.cpuMs,
    };
  } finally {
    await evicting.stop();
  }
}

/** On a fresh worker with its default cache. */
async function memory({ stand, contestant }: Racer, open: readonly number[]): Promise<Values> {
  const fresh = await startRacer(stand, contestant, { purpose: 'memory' });
  const values: Record<string, number> = {};
  try {
    let opened = 0;
    for (const count of [0, ...open]) {
      while (opened < count) {
        const users = await stand.users(Math.min(CHUNK, count - opened));
        await fresh.caller.ask({ users, inFlight: SATURATION, leaveOpen: true });
        opened += users.length;
      }
      values[`memory of worker, ${count} open, MB`] = ((await fresh.worker?.ask())?.rssBytes ?? 0) / 1e6;
    }
    return values;
  } finally {
    await fresh.stop();
  }
}
