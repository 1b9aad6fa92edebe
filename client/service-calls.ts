import { getStatus, type VerificationOutcome, type VerificationStatus } from '@cognito-verification/contract';
import { type Client, QueryNotRegisteredError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import {
  TemporalUnavailableError,
  VerificationEndedError,
  VerificationError,
  VerificationFailedError,
  VerificationNotFoundError,
} from './errors.js';
import { outcomeOfFailure } from './outcome.js';
import { endedMeanwhile } from './repeated-update.js';
import { type CallTarget, errorOfService, isDeadline, workerUnavailable } from './service-errors.js';
import type { AttributeVerification } from './start-operation.js';

/** A query is answered from the worker's memory, or after one replay. */
const QUERY_TIMEOUT_MS = 10_000;
/** What the server answers by itself, without a worker. */
const SERVER_TIMEOUT_MS = 5_000;

/** Calls on Temporal that end in time, and what their errors mean. */
export class ServiceCalls {
  constructor(
    readonly client: Client,
    readonly taskQueue: string,
  ) {}

  /** The newest run with this id: a finished verification may have been started again. */
  handle(workflowId: string): WorkflowHandle {
    return this.client.workflow.getHandle(workflowId);
  }

  /** Runs `call`, whose requests fail once `timeoutMs` have passed. */
  async within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    return await this.client.connection.withDeadline(Date.now() + timeoutMs, call);
  }

  /** @throws VerificationError whatever goes wrong. */
  async on<T>(workflowId: string, timeoutMs: number, call: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await this.within(timeoutMs, () => call(this.handle(workflowId)));
    } catch (error) {
      throw await this.explain(error, workflowId);
    }
  }

  /** The status as the workflow tells it or, where no worker is left to ask, as an ended verification told it last. */
  async status(workflowId: string, timeoutMs: number = QUERY_TIMEOUT_MS): Promise<VerificationStatus> {
    try {
      return await this.within(timeoutMs, async () => {
        const ask = () => this.handle(workflowId).query(getStatus);
        // Refused where a workflow task is due first (`queries-ahead.ts`): the next one waits for that task.
        return await ask().catch((error: unknown) => {
          if (error instanceof QueryNotRegisteredError) return ask();
          throw error;
        });
      });
    } catch (error) {
      const last = await this.outcomeIfEnded(workflowId);
      if (last?.status) return last.status;
      throw await this.explain(error, workflowId);
    }
  }

  /** How the verification ended; waits for that if it is open. Throws Temporal's errors. */
  async outcome(workflowId: string, runId?: string): Promise<VerificationOutcome> {
    try {
      return await this.client.workflow.getHandle<AttributeVerification>(workflowId, runId).result();
    } catch (error) {
      if (error instanceof WorkflowFailedError) return outcomeOfFailure(error);
      throw error;
    }
  }

  /** @throws VerificationError whatever goes wrong. */
  async isOpen(workflowId: string): Promise<boolean> {
    const { status } = await this.on(workflowId, SERVER_TIMEOUT_MS, (handle) => handle.describe());
    return status.name === 'RUNNING';
  }

  /** What an error of Temporal's means for a verification; asks Temporal where the error alone does not tell. */
  async explain(error: unknown, workflowId: string): Promise<VerificationError> {
    if (error instanceof WorkflowNotFoundError) {
      // Open means that the run which was asked has ended, and that somebody has started a new one since.
      const found = await this.find(workflowId);
      if (found === 'absent') return new VerificationNotFoundError(workflowId, { cause: error });
      const outcome = found === 'open' ? undefined : found;
      return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause: error });
    }
    if (endedMeanwhile(error)) {
      const outcome = await this.outcomeIfEnded(workflowId);
      if (outcome?.failure) return new VerificationFailedError(workflowId, outcome.failure, { cause: error });
      return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause: error });
    }
    if (isDeadline(error)) return await this.noAnswer(workflowId, error);
    const explained = errorOfService(error, this.target(workflowId));
    // The workflow refuses what comes while it ends, before it has a result to show.
    if (explained instanceof VerificationEndedError && !explained.outcome) {
      const outcome = await this.outcomeIfEnded(workflowId);
      return new VerificationEndedError(workflowId, outcome, outcome?.status ?? explained.status, { cause: error });
    }
    return explained;
  }

  /** Tells a Temporal that is away from a worker that is: both show as a deadline that passed. */
  private async noAnswer(workflowId: string, cause: unknown): Promise<VerificationError> {
    try {
      await this.within(SERVER_TIMEOUT_MS, () => this.client.workflowService.getSystemInfo({}));
    } catch {
      return new TemporalUnavailableError('The Temporal Service gave no answer in time.', { cause });
    }
    return workerUnavailable(this.target(workflowId), 'it took longer than this client waits', cause);
  }

  /** Undefined while the verification is open, and where its outcome cannot be read in time. */
  async outcomeIfEnded(workflowId: string): Promise<VerificationOutcome | undefined> {
    const found = await this.find(workflowId);
    return typeof found === 'string' ? undefined : found;
  }

  private async find(workflowId: string): Promise<'absent' | 'open' | VerificationOutcome> {
    try {
      return await this.within(SERVER_TIMEOUT_MS, async () => {
        const { status, runId } = await this.handle(workflowId).describe();
        // Of this run: a new one may have been started since, and would be waited for.
        return status.name === 'RUNNING' ? 'open' : await this.outcome(workflowId, runId);
      });
    } catch (error) {
      // What cannot be read now was there a moment ago: only ever asked to say more about something known already.
      return error instanceof WorkflowNotFoundError ? 'absent' : 'open';
    }
  }

  private target(workflowId: string): CallTarget {
    return { workflowId, namespace: this.client.options.namespace, taskQueue: this.taskQueue };
  }
}
