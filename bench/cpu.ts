/**
 * What the worker's CPU and a caller's wait are, beside those without sealing and those of the barest workflow. The
 * machine's own speed wanders by a third, so only what ran side by side is compared: alternating rounds, and the median
 * of the ratios.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox, SandboxUser } from '../sandbox/index.js';
import type { MeasuredWorker } from './measured-worker.js';

/** One of those that are compared. */
export interface Contestant {
  readonly worker: MeasuredWorker;
  /** Starts a verification and waits until its code is sent; the answer submits a code. */
  readonly begin: (user: SandboxUser) => Promise<(code: string) => Promise<void>>;
}

/** What one contestant did in one round. */
export interface Lap {
  readonly cpuMs: number;
  readonly beginMs: number;
  readonly submitMs: number;
}

/** `ours` as it is deployed, the same with payloads in plain text, and the barest workflow, in plain text too. */
export const CONTESTANTS = ['ours', 'unsealed', 'bare'] as const;

/** What there is of each of them. */
export type ByContestant<T> = Readonly<Record<(typeof CONTESTANTS)[number], T>>;

/** All of them, in the same round. */
export type Round = ByContestant<Lap>;

/** How much is run. */
export interface RaceOptions {
  readonly rounds: number;
  /** Verifications of each contestant in each round. */
  readonly size: number;
  readonly inFlight: number;
}

/** What ends just after the last answer is part of the bill. */
const SETTLE_MS = 300;

/** Runs the rounds, after one that warms everything up and is thrown away. */
export async function race(
  contestants: ByContestant<Contestant>,
  sandbox: Sandbox,
  options: RaceOptions,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const laps: Partial<Record<keyof Round, Lap>> = {};
    for (let turn = 0; turn < CONTESTANTS.length; turn++) {
      // Each goes first as often as the others.
      const name = CONTESTANTS[(round + turn) % CONTESTANTS.length] as keyof Round;
      laps[name] = await runLap(contestants[name], sandbox, options);
    }
    if (round > 0) rounds.push(laps as Round);
  }
  return rounds;
}

async function runLap({ worker, begin }: Contestant, sandbox: Sandbox, { size, inFlight }: RaceOptions): Promise<Lap> {
  const users: SandboxUser[] = [];
  while (users.length < size) users.push(await sandbox.createUser());
  const beginMs: number[] = [];
  const submitMs: number[] = [];
  const before = await worker.cpuMs();
  const one = async (user: SandboxUser): Promise<void> => {
    const startedAt = performance.now();
    const submit = await begin(user);
    const sentAt = performance.now();
    beginMs.push(sentAt - startedAt);
    await submit(sandbox.codeFor(user, 'email'));
    submitMs.push(performance.now() - sentAt);
  };
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let user = users.pop(); user !== undefined; user = users.pop()) await one(user);
    }),
  );
  await sleep(SETTLE_MS);
  return { cpuMs: ((await worker.cpuMs()) - before) / size, beginMs: median(beginMs), submitMs: median(submitMs) };
}

/** A number and how far it went. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The median of what each round says, and how far the rounds went. */
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
