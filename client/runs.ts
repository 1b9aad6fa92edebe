import { type VerificationOutcome, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { expected, isOutcome } from './answers.js';
import type { Asking, Challenge } from './challenge.js';
import { UnexpectedAnswerError } from './errors.js';
import { END_BY_TEMPORAL, outcomeOfFailure } from './outcome.js';
import type { AttributeVerification, NewestRun } from './start-operation.js';

/** For calls that the server answers by itself, without a worker. */
export const SERVER_TIMEOUT_MS = 5_000;

/** A verification as its caller names it. */
export interface Named {
  readonly workflowId: string;
  /** The first run id, if the caller holds it. Default: the newest verification with this workflow id is meant. */
  readonly run?: string | undefined;
}

/** A run as the server describes it. */
export interface Run extends NewestRun {
  /** Another one where a reset has made the run. */
  readonly firstRunId: string;
  readonly open: boolean;
  /** Whose workers go on with it. */
  readonly taskQueue: string;
}

/** What the runs need of the calls to Temporal. */
interface Calls {
  readonly client: Client;
  challenge(asking: Asking): Challenge;
  within<T>(call: () => Promise<T>, mostMs: number): Promise<T>;
}

/** The runs of verifications as the server knows them, and how they ended. */
export class Runs {
  constructor(private readonly calls: Calls) {}

  /** How the verification ended. Waits while it is open. Throws Temporal's own errors. */
  async outcome(named: Named): Promise<VerificationOutcome> {
    let run = await this.newest(named);
    for (;;) {
      const outcome = await this.outcomeOf(named, run);
      if (outcome.failure?.type !== END_BY_TEMPORAL.terminated) return outcome;
      // A reset ends a run that is open, and goes on with another one.
      const next = await this.newest(named);
      if (next.runId === run.runId || next.firstRunId !== run.firstRunId) return outcome;
      run = next;
    }
  }

  private async outcomeOf({ workflowId, run }: Named, { runId, firstRunId }: Run): Promise<VerificationOutcome> {
    const held = run !== undefined;
    const challenge = this.calls.challenge({ kind: WORKFLOW_TYPE, workflowId, run: run ?? firstRunId, held });
    try {
      const handle = this.calls.client.workflow.getHandle<AttributeVerification>(workflowId, runId);
      const outcome = expected(await handle.result(), isOutcome, workflowId);
      if (!outcome.status) throw new UnexpectedAnswerError(workflowId, 'has no status');
      return { ...outcome, status: challenge.take(outcome.status).status };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return outcomeOfFailure(error, challenge);
      throw error;
    }
  }

  /** The newest run of the verification. Throws Temporal's own errors. */
  async newest({ workflowId, run }: Named): Promise<Run> {
    const newest = await this.describe(workflowId);
    return run === undefined || newest.firstRunId === run ? newest : await this.describe(workflowId, run);
  }

  /** The run before one that is about to be started; undefined if there is none. Throws Temporal's own errors. */
  async before(workflowId: string): Promise<Run | undefined> {
    try {
      return await this.describe(workflowId);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  /** The run with this id; without one the newest. Throws Temporal's own errors. */
  async describe(workflowId: string, run?: string): Promise<Run> {
    const { runId, status, closeTime, taskQueue, raw } = await this.calls.client.workflow
      .getHandle(workflowId, run)
      .describe();
    return {
      runId,
      firstRunId: raw.workflowExecutionInfo?.firstRunId || runId,
      open: status.name === 'RUNNING',
      taskQueue,
      closedAtMs: closeTime?.getTime(),
    };
  }

  /** Undefined while the verification is open, and where its outcome could not be read in time. */
  async outcomeIfEnded(named: Named): Promise<VerificationOutcome | undefined> {
    const found = await this.find(named);
    return typeof found === 'string' ? undefined : found;
  }

  /** Whether it is there and open, or how it ended. */
  async find(named: Named): Promise<'absent' | 'open' | VerificationOutcome> {
    try {
      return await this.calls.within(async () => {
        const run = await this.newest(named);
        // The outcome of this run: a new one may have been started since, and the call would wait for its end.
        return run.open ? 'open' : await this.outcomeOf(named, run);
      }, SERVER_TIMEOUT_MS);
    } catch (error) {
      // It was there a moment ago: callers ask only to say more about a verification that they know.
      return error instanceof WorkflowNotFoundError ? 'absent' : 'open';
    }
  }
}
