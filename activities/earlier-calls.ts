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
  previousRunId: string;
  /** When this verification was started, ISO 8601: every earlier one has ended by then. */
  startedAt: string;
}

/** The calls of the last hour. */
export interface CountEarlierCallsResult extends Answer, EarlierCalls {}

/** What the workflow knows of other executions. */
export interface EarlierCallsActivities {
  /**
   * Reads the calls of the last hour in the run before this verification, in the one before that, and so on. Where a run
   * cannot be read, everything counts as used up at the last moment at which it can have been open. Throws where another try
   * may read it.
   */
  countEarlierCalls(input: CountEarlierCallsInput): Promise<CountEarlierCallsResult>;
}

/** More runs than this within an hour are not read. */
const MOST_RUNS = 10;

/** Makes the activity. */
export function createEarlierCalls(runs: EarlierRuns): EarlierCallsActivities {
  return {
    async countEarlierCalls({ runId, previousRunId, startedAt }) {
      const { workflowExecution, namespace } = activityInfo();
      const place = { type: 'workflow', namespace, workflowId: workflowExecution?.workflowId ?? '' } as const;
      return { runId, ...(await countCalls(runs, place, { previousRunId, startedAt })) };
    },
  };
}

async function countCalls(
  runs: EarlierRuns,
  place: Place,
  { previousRunId, startedAt }: CountEarlierCallsInput,
): Promise<EarlierCalls> {
  const sinceMs = Date.parse(startedAt) - LIMITS_WINDOW_MS;
  const counted: { sends: CountedCall[]; attempts: CountedCall[] } = { sends: [], attempts: [] };
  const add = ({ sends, attempts }: EarlierCalls) => {
    counted.sends.push(...sends.filter(({ at }) => Date.parse(at) > sinceMs));
    counted.attempts.push(...attempts.filter(({ at }) => Date.parse(at) > sinceMs));
  };
  let runId: string | undefined = previousRunId;
  // The run in question has ended by then.
  let endedBy = startedAt;
  for (let read = 0; runId !== undefined && Date.parse(endedBy) > sinceMs; read += 1) {
    const run: EarlierRun | undefined = read < MOST_RUNS ? await readRun(runs, place, runId) : undefined;
    add(run ?? allUsedUp(endedBy));
    runId = run?.previousRunId;
    endedBy = run?.startedAt ?? endedBy;
  }
  return counted;
}

async function readRun(runs: EarlierRuns, place: Place, runId: string): Promise<EarlierRun | undefined> {
  try {
    const reader = new RunReader(runs, place, runId);
    for await (const event of runs.events({ workflowId: place.workflowId, runId })) await reader.take(event);
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
