import { setTimeout } from 'node:timers/promises';
import {
  type CodeConfirmedInput,
  codeConfirmed,
  defined,
  getStatus,
  type Stamp,
  type Stamped,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { type Client, QueryNotRegisteredError, type WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { expected, isStatus } from './answers.js';
import { type Asking, Challenge } from './challenge.js';
import { type SettingsClient, settingsClientOf } from './connection.js';
import {
  TemporalUnavailableError,
  VerificationEndedError,
  VerificationError,
  VerificationFailedError,
  VerificationNotFoundError,
  WorkerUnavailableError,
} from './errors.js';
import { endedMeanwhile } from './repeated-update.js';
import { type Named, type Run, Runs, SERVER_TIMEOUT_MS } from './runs.js';
import { type CallTarget, errorOfService, isDeadline, isUnavailable, workerUnavailable } from './service-errors.js';
import { whyStalled, whyUnopened } from './stalled.js';

/**
 * A start that meets a run which is just closing is refused for a while, and the SDK asks again and again with the same
 * request. A fresh one sees the run as closed, and starts the next.
 */
const MOST_FOR_TRY_MS = 3_000;

/** A worker answers a query from its memory, or after one replay. */
const QUERY_TIMEOUT_MS = 10_000;
/** The caller has waited once already. A worker that runs has the verification in memory. */
const STATUS_AFTER_START_MS = 3_000;

/** A workflow task that is due when a query comes has mostly run after the first wait; each is twice as long as the one before. */
const ASK_AGAIN_MS = { first: 300, longest: 1_200 } as const;

/** Makes calls to Temporal within a time limit, and explains their errors. */
export class ServiceCalls {
  readonly runs = new Runs(this);
  private readonly line: SettingsClient | undefined;

  /** @param now the time in milliseconds since the epoch */
  constructor(
    readonly client: Client,
    readonly taskQueue: string,
    readonly now: () => number,
  ) {
    this.line = settingsClientOf(client);
  }

  /** Closes the connection, if this package has made it. */
  async close(): Promise<void> {
    await this.line?.close();
  }

  /** One message, and the answer that fits it. */
  challenge(asking: Asking): Challenge {
    return new Challenge(asking, this.now);
  }

  /** The newest run of the verification; after a reset that is not the first. The server refuses a call for another one. */
  private handle({ workflowId, run }: Named): WorkflowHandle {
    return this.client.workflow.getHandle(workflowId, undefined, defined({ firstExecutionRunId: run }));
  }

  /** Runs `call`. Its requests fail once `timeoutMs` have passed. */
  async within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    await this.line?.settled();
    return await this.client.connection.withDeadline(Date.now() + timeoutMs, call);
  }

  /** As `within`, in several tries where one takes long. `call` must be safe to repeat. */
  async withinTries<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      try {
        return await this.within(Math.min(MOST_FOR_TRY_MS, untilMs - Date.now()), call);
      } catch (error) {
        if (!isDeadline(error) || Date.now() >= untilMs) throw error;
      }
    }
  }

  /**
   * Runs `call` on one verification.
   * @param challenge what the call asks
   * @throws VerificationError for everything that goes wrong.
   */
  async on<T>(
    named: Named,
    timeoutMs: number,
    call: (handle: WorkflowHandle) => Promise<T>,
    challenge?: Challenge,
  ): Promise<T> {
    try {
      return await this.within(timeoutMs, () => call(this.handle(named)));
    } catch (error) {
      throw await this.explain(error, named, challenge);
    }
  }

  /**
   * Signals `codeConfirmed` to the verification, which may trust it: so the message names the run, and if the caller does not,
   * the server is asked first which one is the newest.
   * @param message makes the payload
   * @throws VerificationError for everything that goes wrong.
   */
  async signal(
    { proven, ...named }: Named & Pick<Asking, 'proven'>,
    timeoutMs: number,
    message: (stamp: Stamp) => Stamped<CodeConfirmedInput>,
  ): Promise<void> {
    const { workflowId } = named;
    const send = async ({ runId, firstRunId: run }: Pick<Run, 'runId' | 'firstRunId'>) => {
      const { stamp } = this.challenge({ kind: 'codeConfirmed', workflowId, run, proven });
      await this.client.workflow.getHandle(workflowId, runId).signal(codeConfirmed, message(stamp));
    };
    await this.on(named, timeoutMs, async () => {
      if (named.run === undefined) return await send(await this.runs.newest(named));
      await send({ runId: named.run, firstRunId: named.run }).catch(async (error: unknown) => {
        const run = error instanceof WorkflowNotFoundError ? await this.runs.newest(named) : undefined;
        if (!run?.open) throw error;
        await send(run);
      });
    });
  }

  /** The status from the workflow. If no worker answers and the verification has ended, its last status. */
  async status(named: Named, timeoutMs: number = QUERY_TIMEOUT_MS): Promise<VerificationStatus> {
    try {
      return (await this.within(timeoutMs, () => this.ask(named))).status;
    } catch (error) {
      const last = await this.runs.outcomeIfEnded(named);
      if (last?.status) return last.status;
      throw await this.explain(error, named);
    }
  }

  private async ask(named: Named): Promise<{ status: VerificationStatus; run: string }> {
    const { workflowId, run } = named;
    const ask = async (runId?: string) => {
      const challenge = this.challenge({ kind: 'getStatus', workflowId, run });
      const handle = this.client.workflow.getHandle(workflowId, runId);
      return challenge.take(expected(await handle.query(getStatus, { stamp: challenge.stamp }), isStatus, workflowId));
    };
    // The worker refuses a query that comes before a workflow task that is due. The task has mostly run a moment later.
    for (let waitMs = ASK_AGAIN_MS.first; ; waitMs *= 2) {
      // From the second refusal on: perhaps the newest verification refuses it, because the question names an earlier one.
      const runIds = run === undefined || waitMs === ASK_AGAIN_MS.first ? [undefined] : [undefined, run];
      for (const runId of runIds) {
        try {
          return await ask(runId);
        } catch (error) {
          const isLast = waitMs > ASK_AGAIN_MS.longest && runId === runIds.at(-1);
          if (isLast || !(error instanceof QueryNotRegisteredError)) throw error;
        }
      }
      await setTimeout(waitMs);
    }
  }

  /**
   * The status after a start that Temporal did not answer in time. Such a start may not have reached Temporal at all.
   * @param begunAtMs when the start was begun: a verification that had ended by then is another one
   * @throws TemporalUnavailableError if there is no verification.
   */
  async statusAfterStart(workflowId: string, begunAtMs: number): Promise<{ status: VerificationStatus; run: string }> {
    const nothingStarted = (cause?: unknown) =>
      new TemporalUnavailableError('The Temporal Service did not take the start in time. Nothing was started.', {
        cause,
      });
    try {
      return await this.within(STATUS_AFTER_START_MS, async () => {
        const { closedAtMs } = await this.runs.describe(workflowId);
        if (closedAtMs !== undefined && closedAtMs < begunAtMs) throw nothingStarted();
        return await this.ask({ workflowId });
      });
    } catch (error) {
      const explained = await this.explain(error, { workflowId });
      throw explained instanceof VerificationNotFoundError ? nothingStarted(explained) : explained;
    }
  }

  /** @throws VerificationError for everything that goes wrong. */
  async runOf(named: Named): Promise<Run> {
    return await this.on(named, SERVER_TIMEOUT_MS, () => this.runs.newest(named));
  }

  /** The typed error for an error of Temporal's. Asks Temporal where the error alone does not say enough. */
  async explain(error: unknown, named: Named, challenge?: Challenge): Promise<VerificationError> {
    const { workflowId } = named;
    if (error instanceof WorkflowNotFoundError) {
      // If one is open, the run that was asked has ended, and somebody has started a new one since.
      const found = await this.runs.find(named);
      if (found === 'absent') {
        const missing =
          named.run !== undefined && (await this.runs.find({ workflowId })) !== 'absent' ? named.run : undefined;
        return new VerificationNotFoundError(workflowId, { cause: error }, missing);
      }
      const outcome = found === 'open' ? undefined : found;
      return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause: error });
    }
    if (endedMeanwhile(error)) {
      const outcome = await this.runs.outcomeIfEnded(named);
      if (outcome?.failure) return new VerificationFailedError(workflowId, outcome.failure, { cause: error });
      return new VerificationEndedError(workflowId, outcome, outcome?.status, { cause: error });
    }
    if (isDeadline(error)) return await this.noAnswer(named, error);
    const away = isUnavailable(error) ? this.line?.whyAway(error) : undefined;
    if (away) return away;
    const explained = errorOfService(error, this.target(workflowId), challenge);
    // While the workflow ends it refuses messages, and has no result yet.
    if (explained instanceof VerificationEndedError && !explained.outcome) {
      const outcome = await this.runs.outcomeIfEnded(named);
      return new VerificationEndedError(workflowId, outcome, outcome?.status ?? explained.status, { cause: error });
    }
    if (!(explained instanceof WorkerUnavailableError)) return explained;
    const stall = await this.stall(named);
    if (stall || !(error instanceof QueryNotRegisteredError)) return stall ?? explained;
    return (await this.onRun(named, whyUnopened)) ?? explained;
  }

  /** Finds out whether Temporal or the worker is unavailable: both show as a passed deadline. */
  private async noAnswer(named: Named, cause: unknown): Promise<VerificationError> {
    try {
      await this.within(SERVER_TIMEOUT_MS, () => this.client.workflowService.getSystemInfo({}));
    } catch {
      return new TemporalUnavailableError('The Temporal Service gave no answer in time.', { cause });
    }
    const { workflowId } = named;
    return (
      (await this.stall(named)) ??
      workerUnavailable(this.target(workflowId), 'it took longer than this client waits', cause)
    );
  }

  /** Why a worker that runs cannot go on with the verification. Undefined where that is not so, or could not be found out. */
  async stall(named: Named): Promise<VerificationError | undefined> {
    return await this.onRun(named, whyStalled);
  }

  /** What `find` finds about the run, if it is open. Undefined where that fails: it only says more about another error. */
  private async onRun<T>(
    named: Named,
    find: (client: Client, run: CallTarget & { runId: string }) => Promise<T>,
  ): Promise<T | undefined> {
    const { workflowId } = named;
    try {
      return await this.within(SERVER_TIMEOUT_MS, async () => {
        const { runId, open } = await this.runs.newest(named);
        return open ? await find(this.client, { ...this.target(workflowId), runId }) : undefined;
      });
    } catch {
      return undefined;
    }
  }

  private target(workflowId: string): CallTarget {
    return { workflowId, namespace: this.client.options.namespace, taskQueue: this.taskQueue };
  }
}
