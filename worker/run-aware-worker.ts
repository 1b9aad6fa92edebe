import { GRPC_STATUS, isRecord } from '@cognito-verification/contract';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { AHEAD } from '../workflows/interceptors/queries-ahead.js';

type Activation = Parameters<Worker['handleActivation']>[1]['activation'];

type HistoryEvent = NonNullable<
  NonNullable<
    Awaited<ReturnType<NativeConnection['workflowService']['getWorkflowExecutionHistoryReverse']>>['history']
  >['events']
>[number];

/** How Core names a query that comes by itself, and not with a workflow task. */
const QUERY_BY_ITSELF = 'legacy_query';

/** Somebody waits for the answer to the query. */
const HISTORY_TIMEOUT_MS = 2_000;

const HISTORY_UNREAD =
  'The history of a verification cannot be read, so that the first query after each task is refused (GetWorkflowExecutionHistoryReverse)';

/** The events that end a run. */
const ENDS = [
  'workflowExecutionCompletedEventAttributes',
  'workflowExecutionFailedEventAttributes',
  'workflowExecutionCanceledEventAttributes',
  'workflowExecutionTerminatedEventAttributes',
  'workflowExecutionTimedOutEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
] as const;

/** The end of a task is among so many of the newest events, unless a flood of messages has come since. */
const NEWEST_EVENTS = 50;

/** A busy machine takes as long to hand over a query, or its answer, as it took for the activation before, at most twice. */
const TIMES_AS_LONG = 2;

/** What the worker knows of a run in memory. */
interface Run {
  readonly workflowId: string;
  /** How long the newest activation took. */
  tookMs: number;
  /** Until then Core may not know that a query has ended. */
  queryUntilMs: number;
  /** The length of the history with the newest events, where nothing tells that they came with a task of this worker. */
  doubtedAt?: number | undefined;
}

/**
 * A worker that knows of which verifications it is running a workflow task, or a query, just now, and which queries are ahead of the
 * workflow tasks.
 */
export class RunAwareWorker extends Worker {
  private readonly underWay = new Set<string>();
  private readonly runs = new Map<string, Run>();
  private hasWarned = false;

  /** See `Worker.create`, which makes one of the class that it is called on. */
  static override async create(options: WorkerOptions): Promise<RunAwareWorker> {
    return (await super.create(options)) as RunAwareWorker;
  }

  /** Whether a workflow task or a query of this run is under way. The SDK has one of a run at a time. */
  isRunning(runId: string): boolean {
    return this.underWay.has(runId) || performance.now() < (this.runs.get(runId)?.queryUntilMs ?? 0);
  }

  /** In how many milliseconds after the newest activation of this run a query that comes with it has begun. */
  queryBeginsMs(runId: string): number {
    return TIMES_AS_LONG * (this.runs.get(runId)?.tookMs ?? 0);
  }

  protected override async handleActivation(
    ...args: Parameters<Worker['handleActivation']>
  ): ReturnType<Worker['handleActivation']> {
    const [, { activation }] = args;
    const { runId } = activation;
    this.underWay.add(runId);
    try {
      await this.noteAhead(activation);
      const begunMs = performance.now();
      const handled = await super.handleActivation(...args);
      this.noteEnd(activation, begunMs);
      return handled;
    } finally {
      this.underWay.delete(runId);
    }
  }

  /**
   * Marks a query that comes by itself after events of which the server does not know that this worker has handled them. An
   * activation does not tell whether it came with a task or with a query, so the history is read once for the first query after it.
   */
  private async noteAhead({ runId, jobs, isReplaying, historyLength }: Activation): Promise<void> {
    const initial = jobs.find(({ initializeWorkflow }) => initializeWorkflow)?.initializeWorkflow;
    if (initial) this.runs.set(runId, { workflowId: initial.workflowId ?? '', tookMs: 0, queryUntilMs: 0 });
    const run = this.runs.get(runId);
    if (jobs.some(({ removeFromCache }) => removeFromCache)) this.runs.delete(runId);
    if (!run) return;
    const queries = jobs.flatMap(({ queryWorkflow }) => queryWorkflow ?? []);
    if (queries.length === 0) {
      // A query by itself brings no update.
      const isOfTask = isReplaying || jobs.some(({ doUpdate }) => doUpdate);
      run.doubtedAt = isOfTask ? undefined : historyLength;
      return;
    }
    if (run.doubtedAt === undefined) return;
    const byItself = queries.filter(({ queryId }) => queryId === QUERY_BY_ITSELF);
    if (byItself.length === 0 || (await this.hasHandled(run.workflowId, runId, run.doubtedAt)))
      run.doubtedAt = undefined;
    else for (const query of byItself) query.headers = { ...query.headers, [AHEAD]: {} };
  }

  private noteEnd({ runId, jobs }: Activation, begunMs: number): void {
    const run = this.runs.get(runId);
    if (!run) return;
    const nowMs = performance.now();
    run.tookMs = nowMs - begunMs;
    if (jobs.some(({ queryWorkflow }) => queryWorkflow)) run.queryUntilMs = nowMs + this.queryBeginsMs(runId);
  }

  /** Whether the server has the end of a task that began with this event, by this worker, or that of the verification. */
  private async hasHandled(workflowId: string, runId: string, startedAt: number): Promise<boolean> {
    const { connection } = this;
    if (!connection) return true;
    try {
      const newestFirst = await this.newestEvents(connection, { workflowId, runId });
      // No task is due any more.
      if (ENDS.some((end) => newestFirst[0]?.[end])) return true;
      return newestFirst.some(
        ({ workflowTaskCompletedEventAttributes: end }) =>
          end?.startedEventId?.toNumber() === startedAt && end.identity === this.options.identity,
      );
    } catch (error) {
      if (!this.hasWarned) this.logger.warn(HISTORY_UNREAD, { error });
      this.hasWarned = true;
      return false;
    }
  }

  /** The newest events of a run, the newest first. A server that reads no history from its end, as the one that skips time, reads it whole. */
  private async newestEvents(
    connection: NativeConnection,
    execution: { workflowId: string; runId: string },
  ): Promise<HistoryEvent[]> {
    const { workflowService } = connection;
    const request = { namespace: this.options.namespace, execution };
    return await connection.withDeadline(Date.now() + HISTORY_TIMEOUT_MS, async () => {
      try {
        const newest = { ...request, maximumPageSize: NEWEST_EVENTS };
        return (await workflowService.getWorkflowExecutionHistoryReverse(newest)).history?.events ?? [];
      } catch (error) {
        if (!isRecord(error) || error['code'] !== GRPC_STATUS.UNIMPLEMENTED) throw error;
        return (await workflowService.getWorkflowExecutionHistory(request)).history?.events?.toReversed() ?? [];
      }
    });
  }
}
