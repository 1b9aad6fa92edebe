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
import { TemporalUnavailableError, type VerificationError, VerificationNotFoundError } from './errors.js';
import { explain, whyStuck } from './explaining.js';
import { type Named, type Run, Runs } from './runs.js';
import { isDeadline } from './service-errors.js';
import { type Limits, TimeLimits } from './time-limit.js';

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
  private readonly limits = new TimeLimits();
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

  /**
   * Runs one call of a caller within its limits.
   * @throws CallAbortedError
   */
  async limited<T>(limits: Limits, call: () => Promise<T>): Promise<T> {
    return await this.limits.run(limits, async (signal) =>
      signal ? await this.client.connection.withAbortSignal(signal, call) : await call(),
    );
  }

  /** Runs a part of a call. Its requests fail once the time of the call, or `mostMs`, has passed. */
  async within<T>(call: () => Promise<T>, mostMs: number = Number.POSITIVE_INFINITY): Promise<T> {
    await this.line?.settled();
    return await this.client.connection.withDeadline(this.limits.until(mostMs), call);
  }

  /**
   * As `within`, in several tries where one takes long. `call` must be safe to repeat.
   * @throws VerificationError if workers have tried for two tries on end and cannot go on with the verification: the rest of the
   * time would not help. After one, another worker may have it next, as while a release rolls out.
   */
  async inTries<T>(named: Named, call: () => Promise<T>): Promise<T> {
    const untilMs = this.limits.until(Number.POSITIVE_INFINITY);
    let wasStalled = false;
    for (;;) {
      try {
        return await this.within(call, MOST_FOR_TRY_MS);
      } catch (error) {
        if (!isDeadline(error) || this.wasAborted() || Date.now() >= untilMs) throw error;
        const stall = await this.stall(named);
        if (stall && wasStalled) throw stall;
        wasStalled = stall !== undefined;
      }
    }
  }

  /** From here on the call asks only what has become of it: for that it has kept some of its time. */
  spendReserve(): void {
    this.limits.spendReserve();
  }

  /** Half of what is left of the time of the call. */
  halfMs(): number {
    return this.limits.halfMs();
  }

  /** Whether the caller has aborted the call that runs now. */
  wasAborted(): boolean {
    return this.limits.whyAborted() !== undefined;
  }

  /**
   * Runs `call` on one verification.
   * @param challenge what the call asks
   * @throws VerificationError for everything that goes wrong.
   */
  async on<T>(named: Named, call: (handle: WorkflowHandle) => Promise<T>, challenge?: Challenge): Promise<T> {
    try {
      return await this.within(() => call(this.handle(named)));
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
    message: (stamp: Stamp) => Stamped<CodeConfirmedInput>,
  ): Promise<void> {
    const { workflowId } = named;
    const send = async ({ runId, firstRunId: run }: Pick<Run, 'runId' | 'firstRunId'>) => {
      const { stamp } = this.challenge({ kind: 'codeConfirmed', workflowId, run, proven });
      await this.client.workflow.getHandle(workflowId, runId).signal(codeConfirmed, message(stamp));
    };
    await this.on(named, async () => {
      if (named.run === undefined) return await send(await this.runs.newest(named));
      await send({ runId: named.run, firstRunId: named.run }).catch(async (error: unknown) => {
        const run = error instanceof WorkflowNotFoundError ? await this.runs.newest(named) : undefined;
        if (!run?.open) throw error;
        await send(run);
      });
    });
  }

  /** The status from the workflow. If no worker answers and the verification has ended, its last status. */
  async status(named: Named, mostMs: number = QUERY_TIMEOUT_MS): Promise<VerificationStatus> {
    try {
      return (await this.within(() => this.ask(named), mostMs)).status;
    } catch (error) {
      this.spendReserve();
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
      this.spendReserve();
      return await this.within(
        async () => {
          const { closedAtMs } = await this.runs.describe(workflowId);
          if (closedAtMs !== undefined && closedAtMs < begunAtMs) throw nothingStarted();
          return await this.ask({ workflowId });
        },
        Math.min(STATUS_AFTER_START_MS, this.halfMs()),
      );
    } catch (error) {
      const explained = await this.explain(error, { workflowId });
      throw explained instanceof VerificationNotFoundError ? nothingStarted(explained) : explained;
    }
  }

  /** @throws VerificationError for everything that goes wrong. */
  async runOf(named: Named): Promise<Run> {
    return await this.on(named, () => this.runs.newest(named));
  }

  /** The typed error for an error of Temporal's. Asks Temporal where the error alone does not say enough. */
  async explain(error: unknown, named: Named, challenge?: Challenge): Promise<VerificationError> {
    this.spendReserve();
    try {
      return this.limits.whyAborted() ?? (await explain(this, error, named, challenge));
    } catch (unexplained) {
      throw this.line?.whyClosed(unexplained) ?? unexplained;
    }
  }

  /** Why a worker that runs cannot go on with the verification. Undefined where that is not so, or could not be found out. */
  async stall(named: Named): Promise<VerificationError | undefined> {
    return await whyStuck(this, named);
  }

  /** The error for a call that ended without a connection; undefined if there is one, or the client is a caller's own. */
  whyAway(error: unknown): TemporalUnavailableError | undefined {
    return this.line?.whyAway(error);
  }
}
