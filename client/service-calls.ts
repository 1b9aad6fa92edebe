import {
  FAILURE_TYPES,
  getStatus,
  type VerificationOutcome,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { type Client, WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import {
  TemporalUnavailableError,
  VerificationEndedError,
  VerificationError,
  VerificationFailedError,
  VerificationNotFoundError,
} from './errors.js';
import { outcomeOfFailure } from './outcome.js';
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
      return await this.within(timeoutMs, () => this.handle(workflowId).query(getStatus));
    } catch (error) {
      const status = await this.lastStatus(workflowId);
      if (status) return status;
      throw await this.explain(error, workflowId);
    }
  }

  /** How the verification ended; waits for that if it is open. Throws Temporal's errors. */
  async outcome(workflowId: string): Promise<VerificationOutcome> {
    try {
      return await this.client.workflow.getHandle<AttributeVerification>(workflowId).result();
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
      const outcome = await this.outcomeIfEnded(workflowId);
      if (outcome) return new VerificationEndedError(workflowId, outcome, outcome.status, { cause: error });
      return new VerificationNotFoundError(workflowId, { cause: error });
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

  private async lastStatus(workflowId: string): Promise<VerificationStatus | undefined> {
    return (await this.outcomeIfEnded(workflowId))?.status;
  }

  /** Undefined while the verification is open, and where its outcome cannot be read in time. */
  async outcomeIfEnded(workflowId: string): Promise<VerificationOutcome | undefined> {
    try {
      return await this.within(SERVER_TIMEOUT_MS, async () => {
        const { status } = await this.handle(workflowId).describe();
        return status.name === 'RUNNING' ? undefined : await this.outcome(workflowId);
      });
    } catch {
      // Only ever asked to say more about something that is known already.
      return undefined;
    }
  }

  private target(workflowId: string): CallTarget {
    return { workflowId, namespace: this.client.options.namespace, taskQueue: this.taskQueue };
  }
}

/** Whether a start met a run that was just closing, so that the next try starts a new one. */
export function metClosingRun(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || updateFailureType(error) === FAILURE_TYPES.verificationEnded;
}

/** The server's own word for an update that was accepted and got no answer before the workflow closed. */
function endedMeanwhile(error: unknown): boolean {
  return updateFailureType(error) === 'AcceptedUpdateCompletedWorkflow';
}

function updateFailureType(error: unknown): string | null | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}
