/** Counts the sends and attempts of earlier verifications of one user and attribute, from their histories. */
import {
  allUsedUp,
  type CountedCall,
  type EarlierCalls,
  errorName,
  LIMITS_WINDOW_MS,
} from '@cognito-verification/contract';
import { activityInfo, log } from '@temporalio/activity';
import type { Answer } from './cognito.js';
import { type EarlierRun, type EarlierRuns, mayPass, type Place, RunReader } from './run-reader.js';

/** Where to begin to read. */
export interface CountEarlierCallsInput extends Answer {
  /** The run before this verification. */
  previousRunId?: string | undefined;
  /** The request may be that of an earlier run, so that there may be runs which it does not name. */
  mayBeCopy?: true | undefined;
  /** When this verification was started, ISO 8601: every earlier one has ended by then. */
  startedAt: string;
}

/** The calls of the last hour. */
export interface CountEarlierCallsResult extends Answer, EarlierCalls {}

/** What the workflow knows of other executions. */
export interface EarlierCallsActivities {
  /**
   * Reads the calls of the last hour in the run before this verification, in the one before that, and so on; where a request
   * on this way may be a copy, in all runs that the server lists. A run that was not needed hands on its own count. Where a run
   * cannot be read, everything counts as used up at the last moment at which it can have been open. Throws where another try may read it.
   */
  countEarlierCalls(input: CountEarlierCallsInput): Promise<CountEarlierCallsResult>;
}

/** More runs than these within an hour are not read. `idle`: found the attribute verified, as each load of a page does. */
const MOST_RUNS = { used: 10, idle: 50 };

/** Makes the activity. */
export function createEarlierCalls(runs: EarlierRuns): EarlierCallsActivities {
  return {
    async countEarlierCalls(input) {
      const { workflowExecution, namespace } = activityInfo();
      const place = { type: 'workflow', namespace, workflowId: workflowExecution?.workflowId ?? '' } as const;
      const count = new Count(runs, place, input, workflowExecution?.runId);
      return { runId: input.runId, ...(await count.made()) };
    },
  };
}

/** One count, run by run. */
class Count {
  private readonly counted: { sends: CountedCall[]; attempts: CountedCall[]; endedVerified?: true } = {
    sends: [],
    attempts: [],
  };
  private readonly sinceMs: number;
  /** Each run counts once, and this one not here. */
  private readonly met: Set<string | undefined>;
  private readonly unread: { runId: string; endedBy: string }[] = [];
  private listed = false;

  constructor(
    private readonly runs: EarlierRuns,
    private readonly place: Place,
    private readonly input: CountEarlierCallsInput,
    ownRunId: string | undefined,
  ) {
    this.sinceMs = Date.parse(input.startedAt) - LIMITS_WINDOW_MS;
    this.met = new Set([ownRunId, input.runId]);
  }

  async made(): Promise<EarlierCalls> {
    const { previousRunId, mayBeCopy: isDoubtful, startedAt } = this.input;
    this.meet(previousRunId, startedAt);
    if (isDoubtful) await this.list();
    const read = { used: 0, idle: 0 };
    for (let next = this.unread.shift(); next; next = this.unread.shift()) {
      const { runId, endedBy } = next;
      const isOneTooMany = read.used >= MOST_RUNS.used || read.idle >= MOST_RUNS.idle;
      const run = isOneTooMany ? undefined : await this.read(runId);
      const handsOn = run !== undefined && isIdle(run);
      read[handsOn ? 'idle' : 'used'] += 1;
      this.add(run ?? allUsedUp(endedBy));
      if (run?.mayBeCopy) await this.list();
      // Of the runs that are listed each is read, so that none counts twice.
      if (handsOn && run.before && !this.listed) this.add(run.before);
      else if (run) this.meet(run.previousRunId, run.startedAt);
    }
    return this.counted;
  }

  /** @param endedBy the run in question has ended by then, ISO 8601 */
  private meet(runId: string | undefined, endedBy: string): void {
    if (runId === undefined || this.met.has(runId) || Date.parse(endedBy) <= this.sinceMs) return;
    this.met.add(runId);
    this.unread.push({ runId, endedBy });
  }

  private add({ sends, attempts, endedVerified }: EarlierCalls): void {
    if (endedVerified) this.counted.endedVerified = true;
    this.counted.sends.push(...sends.filter(({ at }) => Date.parse(at) > this.sinceMs));
    this.counted.attempts.push(...attempts.filter(({ at }) => Date.parse(at) > this.sinceMs));
  }

  /** Meets the runs that the server lists. Its list may lack what began a moment ago: nobody can tell a copy that young either. */
  private async list(): Promise<void> {
    if (this.listed) return;
    this.listed = true;
    const { startedAt } = this.input;
    try {
      // This run is among them, and of the others one more shows that there are too many.
      const runs = await this.runs.list(this.place.workflowId, MOST_RUNS.used + MOST_RUNS.idle + 2);
      for (const { runId, endedAt = startedAt } of runs) this.meet(runId, endedAt);
    } catch (error) {
      if (mayPass(error)) throw error;
      log.warn('The earlier runs of this verification cannot be listed, so that its limits count as used up', {
        reason: errorName(error),
      });
      this.add(allUsedUp(startedAt));
    }
  }

  private async read(runId: string): Promise<EarlierRun | undefined> {
    try {
      const reader = new RunReader(this.runs, this.place, runId);
      for await (const event of this.runs.events({ workflowId: this.place.workflowId, runId }))
        await reader.take(event);
      return reader.run;
    } catch (error) {
      if (mayPass(error)) throw error;
      log.warn('An earlier run of this verification cannot be read, so that its limits count as used up', {
        earlierRunId: runId,
        reason: errorName(error),
      });
      return undefined;
    }
  }
}

/** It has used nothing up. */
function isIdle({ sends, attempts, endedVerified }: EarlierRun): boolean {
  return endedVerified === true && sends.length === 0 && attempts.length === 0;
}
