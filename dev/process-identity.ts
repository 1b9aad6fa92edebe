/**
 * Tells one process from another. A pid alone does not: pids are reused, on a busy machine within minutes, and a
 * file that a dead process left behind must never be taken for the stranger that has its number now.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasErrorCode } from './error-code.js';

const run = promisify(execFile);

/** A process for as long as it lives: its pid and, where the system tells it, when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; absent where the system does not tell it (Windows). */
  readonly startedAt?: string;
}

/** Who has this pid now; undefined when nobody has. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!hasPid(pid)) return undefined;
  const startedAt = await startTimeOf(pid);
  return startedAt === undefined ? { pid } : { pid, startedAt };
}

/** Whether that very process still runs, and not another that was given its pid. */
export async function isSameProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now !== undefined && (identity.startedAt === undefined || identity.startedAt === now.startedAt);
}

function hasPid(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's process, but there is one.
    return hasErrorCode(error, 'EPERM');
  }
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The second field is the command in brackets and may hold spaces; field 22 is the start in clock ticks after boot.
    return stat
      ?.slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .at(19);
  }
  // The C locale, so that two processes of one machine write the same moment in the same words.
  const env = { ...process.env, LC_ALL: 'C' };
  const answer = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env }).catch(() => undefined);
  return answer?.stdout.trim() || undefined;
}
