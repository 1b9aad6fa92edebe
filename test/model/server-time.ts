/** The clock of the time-skipping server, and a way out of its standstills. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** The progress of a verification on the server. */
export interface Described {
  /** The number of events in its history. */
  events: number;
  /** Activities that a worker has, or is about to get. */
  running: number;
  /** Activities that wait for a retry. */
  retrying: number;
  closedAt?: number;
}

/** In real time: how often it looks whether the clock still goes. */
const STANDSTILL_MS = 20_000;
/**
 * Nothing that runs here takes longer than so many looks. A workflow task that the worker has dropped comes again after ten
 * seconds, and on a busy machine that may happen twice.
 */
const MOST_BUSY_IN_A_ROW = 3;
/** So many tell what a verification did last. */
const NEWEST_EVENTS = 8;

/** The clock stood because a workflow task or an activity never ended. The stories that shared it show nothing. */
export class Standstill extends Error {
  override readonly name = 'Standstill';
}

export class ServerTime {
  /** How often the clock stopped for no reason. */
  standstills = 0;
  private busyInARow = 0;

  constructor(
    private readonly env: TestWorkflowEnvironment,
    private readonly describe: (workflowId: string) => Promise<Described | undefined>,
  ) {}

  /**
   * Lets time pass. Running activities block the clock, so everything that was due gets done.
   * @param ids of the workflows that may be under way
   * @throws Standstill if it had to end them, lest the clock stand for ever
   */
  async pass(ms: number, ids: readonly string[]): Promise<void> {
    const { env } = this;
    const slept = env.sleep(ms).then(() => env.sleep(20));
    const next = () =>
      Promise.race([
        slept.then(() => 'over' as const),
        sleep(STANDSTILL_MS, undefined, { ref: false }).then(() => 'waiting' as const),
      ]);
    this.busyInARow = 0;
    let stuck: string | undefined;
    let before = await env.currentTimeMs();
    while ((await next()) === 'waiting') {
      const now = await env.currentTimeMs();
      // Also after an end: the server may have forgotten to count down.
      const ended = now - before < 2 * STANDSTILL_MS ? await this.setGoing(ids) : undefined;
      stuck ??= ended;
      before = now;
    }
    if (stuck) throw new Standstill(stuck);
  }

  /**
   * The server counts what blocks its clock, and once in thousands of verifications it forgets to count down: then the clock stops
   * for ever though nothing runs. This restarts the clock; where something runs for too long, it ends all of them, whose callers
   * would wait for ever.
   * @returns what ran for too long, in words
   */
  private async setGoing(ids: readonly string[]): Promise<string | undefined> {
    const all = await Promise.all(ids.map((id) => this.underWay(id)));
    const busy = all.filter((found) => found !== undefined);
    this.busyInARow = busy.length > 0 ? this.busyInARow + 1 : 0;
    if (busy.length === 0) {
      this.standstills += 1;
      await this.env.connection.testService?.unlockTimeSkipping({});
    }
    if (this.busyInARow <= MOST_BUSY_IN_A_ROW) return undefined;
    this.busyInARow = 0;
    // Those that have ended refuse it.
    await Promise.allSettled(ids.map((id) => this.env.client.workflow.getHandle(id).terminate('the clock stood')));
    return `Time stood still on the server, for these did not go on: ${busy.map(({ doing }) => doing).join('; ')}`;
  }

  /** What a verification is doing, if anything. */
  private async underWay(id: string): Promise<{ id: string; doing: string } | undefined> {
    const described = await this.describe(id);
    if (described?.closedAt !== undefined) return undefined;
    const { events } = await this.env.client.workflow.getHandle(id).fetchHistory();
    // An incomplete workflow task blocks the clock too.
    const last = events?.findLast((event) => Object.keys(event).some((field) => field.startsWith('workflowTask')));
    if (described?.running === 0 && last?.workflowTaskCompletedEventAttributes) return undefined;
    const newest = events
      ?.slice(-NEWEST_EVENTS)
      .map((event) => Object.keys(event).at(-1)?.replace('EventAttributes', ''));
    return { id, doing: `${id} (${described?.running} activities, ${newest?.join(', ')})` };
  }
}
