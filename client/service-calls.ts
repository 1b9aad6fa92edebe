import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { getStatus, type VerificationOutcome, type VerificationStatus } from '@cognito-verification/contract';
import { type Client, QueryNotRegisteredError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { expected, isOutcome, isStatus } from './answers.js';
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
import type { Stamps } from './stamps.js';
import type { AttributeVerification } from './start-operation.js';

/** A worker answers a query from its memory, or after one replay. */
const QUERY_TIMEOUT_MS = 10_000;
/** For calls that the server answers by itself, without a worker. */
const SERVER_TIMEOUT_MS = 5_000;
/** The caller has waited once already. A worker that runs has the verification in memory. */
const STATUS_AFTER_START_MS = 3_000;

/** A workflow task that is due when a query comes has mostly run after this. */
const ASK_AGAIN_MS = 300;

/** Makes calls to Temporal within a time limit, and explains their errors. */
export class ServiceCalls {
  constructor(
    readonly client: Client,
    readonly taskQueue: string,
    private readonly stamps: Stamps,
  ) {}

  /** The newest run with this id: after a finished verification another one may have been started. */
  handle(workflowId: string): WorkflowHandle {
    return this.client.workflow.getHandle(workflowId);
  }

  /** Runs `call`. Its requests fail once `timeoutMs` have passed. */
  async within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    return await this.client.connection.withDeadline(Date.now() + timeoutMs, call);
  }

  /**
   * Runs `call` on one verification.
   * @throws VerificationError for everything that goes wrong.
   */
  async on<T>(workflowId: string, timeoutMs: number, call: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await this.within(timeoutMs, () => call(this.handle(workflowId)));
    } catch (error) {
      throw await this.explain(error, workflowId);
    }
  }

  /** The status from the workflow. If no worker answers and the verification has ended, its last status. */
  async status(workflowId: string, timeoutMs: number = QUERY_TIMEOUT_MS): Promise<VerificationStatus> {
    try {
      return await this.within(timeoutMs, async () => {
        const ask = async () => {
          const stamp = this.stamps.stamp('getStatus', { nonce: randomUUID() });
          return expected(await this.handle(workflowId).query(getStatus, { stamp }), isStatus, workflowId);
        };
        // The worker refuses a query that comes before a workflow task that is due. The task has mostly run a moment later.
        return await ask().catch(async (error: unknown) => {
          if (!(error instanceof QueryNotRegisteredError)) throw error;
          await setTimeout(ASK_AGAIN_MS);
          return await ask();
        });
      });
    } catch (error) {
      const last = await this.outcomeIfEnded(workflowId);
      if (last?.status) return last.status;
      throw await this.explain(error, workflowId);
    }
  }

  /**
   * The status after a start that Temporal did not answer in time. Such a start may not have reached Temporal at all.
   * @throws TemporalUnavailableError if there is no verification.
   */
  async statusAfterStart(workflowId: string): Promise<VerificationStatus> {
    try {
      return await this.status(workflowId, STATUS_AFTER_START_MS);
    } catch (error) {
      if (!(error instanceof VerificationNotFoundError)) throw error;
      throw new TemporalUnavailableError('The Temporal Service did not take the start in time. Nothing was started.', {
        cause: error,
      });
    }
  }

  /** How the verification ended. Waits while it is open. Throws Temporal's own errors. */
  async outcome(workflowId: string, runId?: string): Promise<VerificationOutcome> {
    try {
      const outcome = await this.client.workflow.getHandle<AttributeVerification>(workflowId, runId).result();
      return expected(outcome, isOutcome, workflowId);
    } catch (error) {
      if (error instanceof WorkflowFailedError) return outcomeOfFailure(error);
      throw error;
    }
  }

  /** @throws VerificationError for everything that goes wrong. */
  async isOpen(workflowId: string): Promise<boolean> {
    const { status } = await this.on(workflowId, SERVER_TIMEOUT_MS, (handle) => handle.describe());
    return status.name === 'RUNNING';
  }

  /** The typed error for an error of Temporal's. Asks Temporal where the error alone does not say enough. */
  async explain(error: unknown, workflowId: string): Promise<VerificationError> {
    if (error instanceof WorkflowNotFoundError) {
      // If one is open, the run that was asked has ended, and somebody has started a new one since.
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
    // While the workflow ends it refuses messages, and has no result yet.
    if (explained instanceof VerificationEndedError && !explained.outcome) {
      const outcome = await this.outcomeIfEnded(workflowId);
      return new VerificationEndedError(workflowId, outcome, outcome?.status ?? explained.status, { cause: error });
    }
    return explained;
  }

  /** Finds out whether Temporal or the worker is unavailable: both show as a passed deadline. */
  private async noAnswer(workflowId: string, cause: unknown): Promise<VerificationError> {
    try {
      await this.within(SERVER_TIMEOUT_MS, () => this.client.workflowService.getSystemInfo({}));
    } catch {
      return new TemporalUnavailableError('The Temporal Service gave no answer in time.', { cause });
    }
    return workerUnavailable(this.target(workflowId), 'it took longer than this client waits', cause);
  }

  /** Undefined while the verification is open, and where its outcome could not be read in time. */
  async outcomeIfEnded(workflowId: string): Promise<VerificationOutcome | undefined> {
    const found = await this.find(workflowId);
    return typeof found === 'string' ? undefined : found;
  }

  private async find(workflowId: string): Promise<'absent' | 'open' | VerificationOutcome> {
    try {
      return await this.within(SERVER_TIMEOUT_MS, async () => {
        const { status, runId } = await this.handle(workflowId).describe();
        // The outcome of this run: a new one may have been started since, and the call would wait for its end.
        return status.name === 'RUNNING' ? 'open' : await this.outcome(workflowId, runId);
      });
    } catch (error) {
      // It was there a moment ago: callers ask only to say more about a verification that they know.
      return error instanceof WorkflowNotFoundError ? 'absent' : 'open';
    }
  }

  private target(workflowId: string): CallTarget {
    return { workflowId, namespace: this.client.options.namespace, taskQueue: this.taskQueue };
  }
}
