/** The part of Temporal's service that `VerificationClient` asks, over executions in this process. */
import { GRPC_STATUS, SEARCH_ATTRIBUTES, WORKFLOW_TYPE } from '@cognito-verification/contract';
import { DefaultFailureConverter, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { grpcError, type Service } from './connection.js';
import { type End, Execution, endOf, type Host } from './execution.js';

interface Payloads {
  readonly payloads?: readonly Payload[] | null;
}
interface Target {
  readonly workflowId: string;
  readonly runId?: string | null;
}
interface StartRequest {
  readonly workflowId: string;
  readonly taskQueue: { readonly name: string };
  readonly requestId: string;
  readonly input: Payloads;
  readonly searchAttributes: { readonly indexedFields: Record<string, Payload> };
}
interface UpdateRequest {
  readonly workflowExecution: Target;
  readonly firstExecutionRunId?: string | null;
  readonly request: { readonly meta: { readonly updateId: string }; readonly input: { name: string; args: Payloads } };
}

/** `WorkflowExecutionStatus` of Temporal's API. */
const STATUS = { running: 1, completed: 2, failed: 3, cancelled: 4, terminated: 5 } as const;
const NAMES = { COMPLETED: 2, FAILED: 3, CANCELED: 4, TERMINATED: 5, RUNNING: 1 };
/** `UpdateWorkflowExecutionLifecycleStage` of Temporal's API. */
const COMPLETED = 3;
/** `HistoryEventFilterType` of Temporal's API: only the event that ends it. */
const CLOSE_EVENT = 2;

const failures = new DefaultFailureConverter();
const failureOf = (error: unknown) => failures.errorToFailure(error, defaultPayloadConverter);
const payloadsOf = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });
const inputOf = ({ payloads }: Payloads): unknown => payloads?.[0] && defaultPayloadConverter.fromPayload(payloads[0]);
const missing = () => grpcError('NOT_FOUND', 'workflow not found for ID');
const closed = () => grpcError('NOT_FOUND', 'workflow execution already completed');

/** The executions of one fake, by workflow id, oldest first. */
export class Executions {
  private readonly runs = new Map<string, Execution[]>();

  constructor(
    private readonly host: Host,
    private readonly workflow: (input: never) => Promise<unknown>,
    private readonly settled: () => Promise<void>,
  ) {}

  of(workflowId: string): readonly Execution[] {
    return this.runs.get(workflowId) ?? [];
  }

  get all(): Execution[] {
    return [...this.runs.values()].flat();
  }

  /** The methods of the service. */
  get service(): Service {
    return {
      getSystemInfo: () => ({}),
      executeMultiOperation: (request: {
        operations: [{ startWorkflow: StartRequest }, { updateWorkflow: UpdateRequest }];
      }) => this.startWithUpdate(request.operations[0].startWorkflow, request.operations[1].updateWorkflow),
      updateWorkflowExecution: async (request: UpdateRequest) =>
        await this.update(this.find(request.workflowExecution, request.firstExecutionRunId), request),
      queryWorkflow: (request: { execution: Target; query: { queryType: string; queryArgs: Payloads } }) =>
        this.query(request.execution, request.query),
      signalWorkflowExecution: (request: { workflowExecution: Target; signalName: string; input: Payloads }) =>
        this.signal(request.workflowExecution, request.signalName, request.input),
      requestCancelWorkflowExecution: async (request: { workflowExecution: Target; firstExecutionRunId?: string }) => {
        this.find(request.workflowExecution, request.firstExecutionRunId).cancel();
        await this.settled();
        return {};
      },
      terminateWorkflowExecution: (request: { workflowExecution: Target }) => {
        this.find(request.workflowExecution).terminate();
        return {};
      },
      describeWorkflowExecution: (request: { execution: Target }) => ({
        workflowExecutionInfo: infoOf(this.find(request.execution)),
        executionConfig: {},
      }),
      getWorkflowExecutionHistory: (request: HistoryRequest) => history(this.find(request.execution), request),
      getWorkflowExecutionHistoryReverse: () => ({ history: { events: [] } }),
      listWorkflowExecutions: (request: { query: string; pageSize?: number }) => ({
        executions: this.all
          .map(infoOf)
          .filter(matching(request.query))
          .sort((a, b) => a.status - b.status || b.atMs - a.atMs),
        nextPageToken: new Uint8Array(),
      }),
      describeTaskQueue: () => ({ pollers: [{ identity: 'fake' }] }),
    };
  }

  private find({ workflowId, runId }: Target, firstRunId?: string | null): Execution {
    const runs = this.of(workflowId);
    const wanted = runId || firstRunId;
    // By the first run id a caller means that one and no later one, and the server looks at the newest only.
    const run = wanted ? runs.find((one) => one.runId === wanted) : runs.at(-1);
    if (!run || (firstRunId && run !== runs.at(-1))) throw run ? closed() : missing();
    return run;
  }

  private async startWithUpdate(start: StartRequest, update: UpdateRequest): Promise<object> {
    const { workflowId, requestId } = start;
    const newest = this.of(workflowId).at(-1);
    const meets =
      newest !== undefined &&
      (endOf(newest) === undefined ||
        newest.started.requestId === requestId ||
        newest.updates.has(update.request.meta.updateId));
    const run = meets ? newest : this.start(start);
    return { responses: [{ startWorkflow: { runId: run.runId } }, { updateWorkflow: await this.update(run, update) }] };
  }

  private start({ workflowId, requestId, taskQueue, input, searchAttributes }: StartRequest): Execution {
    const started = {
      workflowId,
      requestId,
      taskQueue: taskQueue.name,
      searchAttributes: searchAttributes.indexedFields,
    };
    const run = new Execution(this.host, started);
    this.runs.set(workflowId, [...this.of(workflowId), run]);
    run.start(this.workflow, inputOf(input));
    return run;
  }

  private async update(run: Execution, { request }: UpdateRequest): Promise<object> {
    const { updateId } = request.meta;
    if (endOf(run) && !run.updates.has(updateId)) throw closed();
    const end = await run.update(request.input.name, updateId, inputOf(request.input.args));
    const updateRef = { updateId, workflowExecution: { workflowId: run.started.workflowId, runId: run.runId } };
    return { updateRef, stage: COMPLETED, outcome: outcomeOf(end) };
  }

  private async query(target: Target, { queryType, queryArgs }: { queryType: string; queryArgs: Payloads }) {
    await this.settled();
    try {
      return { queryResult: payloadsOf(this.find(target).query(queryType, inputOf(queryArgs))) };
    } catch (error) {
      if (isGrpc(error)) throw error;
      throw grpcError('INVALID_ARGUMENT', error instanceof Error ? error.message : 'failed');
    }
  }

  private async signal(target: Target, name: string, input: Payloads): Promise<object> {
    const run = this.find(target);
    if (endOf(run)) throw closed();
    run.signal(name, inputOf(input));
    await this.settled();
    return {};
  }
}

const isGrpc = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 5 || Object.values(GRPC_STATUS).includes(error.code as 1));

function outcomeOf(end: End): object {
  return 'result' in end ? { success: payloadsOf(end.result) } : { failure: failureOf(end.error) };
}

interface HistoryRequest {
  readonly execution: Target;
  readonly waitNewEvent?: boolean;
  readonly nextPageToken?: Uint8Array | null;
  readonly historyEventFilterType?: number;
}

/** Waits for events after the token, or for the one that ends it. */
async function history(run: Execution, request: HistoryRequest): Promise<object> {
  const { waitNewEvent, nextPageToken, historyEventFilterType } = request;
  const seen = Number(Buffer.from(nextPageToken ?? []).toString() || 0);
  const wantsEnd = historyEventFilterType === CLOSE_EVENT;
  const isNews = () => endOf(run) !== undefined || (!wantsEnd && run.events > seen);
  if (waitNewEvent && !isNews()) {
    await new Promise<void>((resolve) => {
      const stop = run.watch(() => {
        if (!isNews()) return;
        stop();
        resolve();
      });
    });
  }
  const ended = endOf(run) !== undefined;
  if (wantsEnd) return { history: { events: ended ? [closeEvent(run)] : [] }, nextPageToken: new Uint8Array() };
  const events = Array.from({ length: run.events - seen }, () => ({}));
  return { history: { events }, nextPageToken: ended ? new Uint8Array() : Buffer.from(String(run.events)) };
}

function closeEvent(run: Execution): object {
  const { end } = run;
  if (end === 'terminated' || end === undefined) return { workflowExecutionTerminatedEventAttributes: {} };
  if ('result' in end) return { workflowExecutionCompletedEventAttributes: { result: payloadsOf(end.result) } };
  if (endOf(run) === 'cancelled') return { workflowExecutionCanceledEventAttributes: {} };
  return { workflowExecutionFailedEventAttributes: { failure: failureOf(end.error) } };
}

function infoOf(run: Execution) {
  const { runId, started, startedAtMs, closedAtMs, searchAttributes, events } = run;
  return {
    execution: { workflowId: started.workflowId, runId },
    firstRunId: runId,
    type: { name: WORKFLOW_TYPE },
    taskQueue: started.taskQueue,
    status: STATUS[endOf(run) ?? 'running'],
    historyLength: { toNumber: () => events },
    startTime: msToTs(startedAtMs),
    closeTime: closedAtMs === undefined ? undefined : msToTs(closedAtMs),
    searchAttributes: { indexedFields: searchAttributes as Record<string, Payload> },
    atMs: closedAtMs ?? startedAtMs,
  };
}

/** Which executions a query of the client's list names: clauses that are joined by AND. */
function matching(query: string): (info: ReturnType<typeof infoOf>) => boolean {
  const clauses = [...query.matchAll(/(\w+) (!?=|IN) (?:\(([^)]*)\)|'([^']*)')/g)];
  return ({ status, searchAttributes: { indexedFields } }) =>
    clauses.every(([, name = '', operator, list, value]) => {
      const wanted = list === undefined ? [value] : [...list.matchAll(/'([^']*)'/g)].map(([, one]) => one);
      const found =
        name === 'ExecutionStatus'
          ? status === NAMES.RUNNING
            ? 'Running'
            : 'Closed'
          : (Object.values(SEARCH_ATTRIBUTES) as string[]).includes(name)
            ? textOf(indexedFields[name])
            : WORKFLOW_TYPE;
      return wanted.includes(found) === (operator !== '!=');
    });
}

function textOf(payload: Payload | undefined): string {
  return payload?.data ? String(JSON.parse(Buffer.from(payload.data).toString())) : '';
}
