/** The CPU time of a process, and a limit on it: a machine that is slower, while time is as it is. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The CPU time that all threads of a process have had so far, in milliseconds. Linux only. */
export async function cpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')),
  );
  return times.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
}

/** So often is the process looked at. */
const STEP_MS = 10;

/** What a process that had nothing to do may have in advance, as a share of a second. */
const BURST_SECONDS = 0.5;

/**
 * Lets a process have so much CPU and no more: it is stopped while it has had too much.
 * @param cores 0.1 is a tenth of a core
 * @returns ends the limit
 */
export function limitCpu(pid: number, cores: number): () => Promise<void> {
  const ending = new AbortController();
  const limiting = (async () => {
    let usedMs = await cpuMs(pid);
    let atMs = performance.now();
    let budgetMs = 0;
    let isStopped = false;
    while (!ending.signal.aborted) {
      await sleep(STEP_MS);
      const [nowUsedMs, nowMs] = [await cpuMs(pid), performance.now()];
      const earnedMs = (nowMs - atMs) * cores;
      budgetMs = Math.min(BURST_SECONDS * 1_000 * cores, budgetMs + earnedMs - (nowUsedMs - usedMs));
      [usedMs, atMs] = [nowUsedMs, nowMs];
      const mustStop = budgetMs < 0;
      if (mustStop !== isStopped) process.kill(pid, mustStop ? 'SIGSTOP' : 'SIGCONT');
      isStopped = mustStop;
    }
    process.kill(pid, 'SIGCONT');
  })();
  return async () => {
    ending.abort();
    await limiting;
  };
}
