/**
 * The worker's CPU time and a caller's wait, compared with those without sealing and those of the barest workflow. The speed
 * of the machine varies by a third, so only laps of the same round are compared. The result is the median of the ratios.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox, SandboxUser } from '../sandbox/index.js';
import type { MeasuredWorker } from './measured-worker.js';
import { newUser } from './paths.js';

/** A worker to compare, and how to drive it. */
export interface Contestant {
  readonly worker: MeasuredWorker;
  /** Starts a verification and waits until its code is sent; returns a function that submits a code. */
  readonly begin: (user: SandboxUser) => Promise<(code: string) => Promise<void>>;
}

/** The result of one contestant in one round. `cpuMs` is for each verification; the other two are medians. */
export interface Lap {
  readonly cpuMs: number;
  readonly beginMs: number;
  readonly submitMs: number;
}

/** `ours` as deployed; the same with payloads in plain text; the barest workflow, also in plain text. */
export const CONTESTANTS = ['ours', 'unsealed', 'bare'] as const;

/** One value for each contestant. */
export type ByContestant<T> = Readonly<Record<(typeof CONTESTANTS)[number], T>>;

/** The laps of all contestants in the same round. */
export type Round = ByContestant<Lap>;

/** The size of a race. */
export interface RaceOptions {
  readonly rounds: number;
  /** Verifications of each contestant in each round. */
  readonly size: number;
  /** Verifications at the same time. */
  readonly inFlight: number;
}

/** The worker's CPU time includes the work that ends just after the last answer. */
const SETTLE_MS = 300;

/** Runs the rounds, after one that only warms everything up. */
export async function race(
  contestants: ByContestant<Contestant>,
  sandbox: Sandbox,
  options: RaceOptions,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const laps: Partial<Record<keyof Round, Lap>> = {};
    for (let turn = 0; turn < CONTESTANTS.length; turn++) {
      // Each contestant goes first equally often.
      const name = CONTESTANTS[(round + turn) % CONTESTANTS.length] as keyof Round;
      laps[name] = await runLap(contestants[name], sandbox, options);
    }
    if (round > 0) rounds.push(laps as Round);
  }
  return rounds;
}

async function runLap({ worker, begin }: Contestant, sandbox: Sandbox, { size, inFlight }: RaceOptions): Promise<Lap> {
  const users: SandboxUser[] = [];
  while (users.length < size) users.push(await newUser(sandbox));
  const beginMs: number[] = [];
  const submitMs: number[] = [];
  const before = await worker.cpuMs();
  const verify = async (user: SandboxUser): Promise<void> => {
    const startedAt = performance.now();
    const submit = await begin(user);
    const sentAt = performance.now();
    beginMs.push(sentAt - startedAt);
    await submit(sandbox.codeFor(user, 'email'));
    submitMs.push(performance.now() - sentAt);
  };
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let user = users.pop(); user !== undefined; user = users.pop()) await verify(user);
    }),
  );
  await sleep(SETTLE_MS);
  return { cpuMs: ((await worker.cpuMs()) - before) / size, beginMs: median(beginMs), submitMs: median(submitMs) };
}

/** A median and its range. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The median and the range of a value that `read` takes from each round. */
export function spread(rounds: readonly Round[], read: (round: Round) => number): Spread {
  const values = rounds.map(read);
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
