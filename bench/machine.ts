/** What a run was measured on, and what other processes of this machine have used. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** The machine and the versions of a run. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  /** `git describe --always --dirty`; `unknown` outside of a clone. */
  readonly revision: string;
}

/** Describes this machine and this clone. */
export function describeMachine(root: string): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${platform()} ${release()}`,
    node: process.version,
    revision: revisionOf(root),
  };
}

function revisionOf(root: string): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Linux counts in these. */
const TICK_MS = 10;

/**
 * The CPU time so far of processes and all that they have started, those that have ended included. From /proc, so `NaN` where there
 * is none.
 */
export function cpuMsOf(pids: readonly number[]): number {
  let stats: Stat[];
  try {
    stats = readdirSync('/proc').flatMap(statOf);
  } catch {
    return Number.NaN;
  }
  const family = new Set(pids);
  // A child may be listed before its parent.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of stats) if (family.has(parent)) family.add(pid);
  }
  return stats.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks * TICK_MS, 0);
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function statOf(name: string): Stat[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    // After the name, which may hold spaces and parentheses; proc(5) numbers these fields from 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return [{ pid: Number(name), parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
