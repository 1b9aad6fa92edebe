/** Worker processes of several builds, each restarted by its supervisor whenever it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardChild } from '../../dev/child-guard.js';

const MOST_STARTS = 1_000;
const OUTPUT_KEPT = 20_000;

/** One place in the fleet: the build that runs there, and its settings. */
export interface Place {
  /** See `makeBuild`. */
  build: string;
  /** Added to the settings of the fleet. */
  settings?: NodeJS.ProcessEnv;
}

export class Fleet {
  kills = 0;
  /** How workers ended that were not killed. */
  readonly ended: string[] = [];
  private readonly running = new Map<Place, ChildProcess>();
  private readonly polling = new Set<ChildProcess>();
  private readonly supervisors: Promise<void>[];
  private stopping = false;
  private readonly killed = new WeakSet<ChildProcess>();
  private restartAfterMs = 0;

  constructor(
    private readonly places: readonly Place[],
    private readonly settings: NodeJS.ProcessEnv,
  ) {
    this.supervisors = places.map((place) => this.supervise(place));
  }

  /** Kills one of the running workers at any moment, even before it polls. */
  kill(choose: (candidates: readonly [ChildProcess, ...ChildProcess[]]) => ChildProcess, awayMs: number): void {
    const [first, ...others] = this.running.values();
    if (!first) return;
    this.restartAfterMs = awayMs;
    this.strike(choose([first, ...others]));
  }

  /** Waits, within a limit, until every worker polls. */
  async whole(withinMs: number, giveUp: () => boolean = () => false): Promise<void> {
    const until = Date.now() + withinMs;
    while (this.polling.size < this.places.length && Date.now() < until && !giveUp()) await sleep(100);
  }

  /** Kills all workers at once. */
  killAll(awayMs: number): void {
    this.restartAfterMs = awayMs;
    for (const child of this.running.values()) this.strike(child);
  }

  /** Tells all workers to stop, or stops and continues their processes. */
  signalAll(signal: 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    for (const child of this.running.values()) child.kill(signal);
  }

  private strike(victim: ChildProcess): void {
    // A worker that is already dying dies only once.
    if (this.killed.has(victim)) return;
    this.killed.add(victim);
    if (victim.kill('SIGKILL')) this.kills += 1;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const child of this.running.values()) child.kill('SIGKILL');
    await Promise.all(this.supervisors);
  }

  private async supervise(place: Place): Promise<void> {
    for (let starts = 0; !this.stopping && starts < MOST_STARTS; starts++) {
      const child = spawn(process.execPath, [join(place.build, 'dist/program/main.cjs'), 'worker'], {
        cwd: place.build,
        env: { PATH: process.env['PATH'], HOME: place.build, ...this.settings, ...place.settings },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A session of its own, as in a container: on a system that divides CPU time among sessions the worker gets a share,
        // and on Ctrl-C its guard ends it.
        detached: true,
      });
      const release = child.pid === undefined ? () => undefined : guardChild(child.pid);
      this.running.set(place, child);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_KEPT)));
      // The worker prints this once it polls.
      child.stdout.once('data', () => this.polling.add(child));
      const [code] = (await once(child, 'close')) as [number | null];
      release();
      this.running.delete(place);
      this.polling.delete(child);
      if (this.stopping) return;
      if (!this.killed.has(child)) this.ended.push(`exit code ${code}: ${output.slice(-2_000)}`);
      await sleep(this.killed.has(child) ? this.restartAfterMs : 1_000);
    }
  }
}
