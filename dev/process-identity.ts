/**
 * Tells one process from another. A pid is not enough: the system uses pids again, on a busy machine within minutes. A
 * file that names a dead process must not seem to name the process that has its pid now.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { errorCode } from '../log/error-code.js';
import { childEnvironment } from './child-environment.js';

const run = promisify(execFile);

/** What identifies a process while it lives: its pid and its start time. */
export const ProcessIdentity = v.object({
  pid: v.number(),
  /** Opaque. Absent where the system does not tell it (Windows). */
  startedAt: v.optional(v.string()),
});
export type ProcessIdentity = v.InferOutput<typeof ProcessIdentity>;

/** The process that has this pid now; undefined when there is none. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  return isAlive(pid) ? { pid, startedAt: await startTimeOf(pid) } : undefined;
}

/** Whether this process still runs. Another process with the same pid does not count. */
export async function isSameProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now !== undefined && (identity.startedAt === undefined || identity.startedAt === now.startedAt);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return errorCode(error) === 'EPERM';
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
  // The C locale, so that all processes of one machine write a start time in the same words.
  const env = { ...childEnvironment(), LC_ALL: 'C' };
  const answer = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env }).catch(() => undefined);
  return answer?.stdout.trim() || undefined;
}
