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
    let before = await env.currentTimeMs();
    while ((await next()) === 'waiting') {
      const now = await env.currentTimeMs();
      if (now - before < 2 * STANDSTILL_MS) await this.setGoing(ids);
      before = now;
    }
  }

  /**
   * The server counts what blocks its clock, and once in thousands of verifications it forgets to count down: then the clock stops
   * for ever though nothing runs. This restarts the clock; if something does run, that is an error.
   */
  private async setGoing(ids: readonly string[]): Promise<void> {
    const all = await Promise.all(ids.map((id) => this.underWay(id)));
    const busy = all.filter((found) => found !== undefined);
    this.busyInARow = busy.length > 0 ? this.busyInARow + 1 : 0;
    if (this.busyInARow > MOST_BUSY_IN_A_ROW)
      throw new Error(`Time stands still on the server, for these do not go on: ${busy.join(', ')}`);
    if (busy.length > 0) return;
    this.standstills += 1;
    await this.env.connection.testService?.unlockTimeSkipping({});
  }

  /** What a verification is doing, if anything. */
  private async underWay(id: string): Promise<string | undefined> {
    const described = await this.describe(id);
    if (described?.closedAt !== undefined) return undefined;
    const { events } = await this.env.client.workflow.getHandle(id).fetchHistory();
    // An incomplete workflow task blocks the clock too.
    const last = events?.findLast((event) => Object.keys(event).some((field) => field.startsWith('workflowTask')));
    const atRest = described?.running === 0 && last?.workflowTaskCompletedEventAttributes;
    return atRest ? undefined : `${id} (${described?.running} activities, ${Object.keys(last ?? {}).at(-1)})`;
  }
}
