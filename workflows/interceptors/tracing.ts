/**
 * The spans of a verification: its run, its updates and its signals, and for each activity the span that it belongs to.
 *
 * Replay-safe: ids are computed, times are the workflow's, a span leaves when it ends, and the SDK drops what leaves during a
 * replay. So a worker that goes on for a dead one ends the spans that the other has begun. Nothing here waits: each call of the
 * workflow has the very promise that it has without tracing, so that the order of commands is the same.
 */
import {
  spanIdOf,
  spanOfRun,
  submitCode,
  type TraceContext,
  traceOf,
  WORKFLOW_TYPE,
  withTrace,
} from '@cognito-verification/contract';
import {
  ApplicationFailure,
  isCancellation,
  proxySinks,
  type Sinks,
  TemporalFailure,
  type WorkflowInterceptorsFactory,
  workflowInfo,
} from '@temporalio/workflow';

/** A span that has ended now. It crosses to the main thread, so it is plain data. */
export interface WorkflowSpan {
  readonly name: string;
  readonly kind: 'run' | 'update' | 'signal';
  readonly spanId: string;
  /** Default: the run, whose caller began no trace; of the run itself: none. */
  readonly parent?: TraceContext | undefined;
  /** The run, where the span is of something else. Default: a run whose caller began no trace. */
  readonly run?: TraceContext | undefined;
  /** In milliseconds since the epoch, by the server's clock. */
  readonly startedAtMs: number;
  readonly updateId?: string | undefined;
  /** The name of what was thrown. */
  readonly errorType?: string | undefined;
}

/** Where spans leave the workflow. */
export interface TracingSinks extends Sinks {
  tracing: { ended(span: WorkflowSpan): void };
}

/** An update that is under way. */
interface Pending {
  readonly name: string;
  /** Undefined where nobody has begun a trace. */
  readonly context: TraceContext | undefined;
}

/** A worker that traces defines it in the first line of the bundle. */
declare const isTraced: true | undefined;

export const interceptors: WorkflowInterceptorsFactory = () => (typeof isTraced === 'undefined' ? {} : tracing());

function tracing(): ReturnType<WorkflowInterceptorsFactory> {
  const { runId, startTime } = workflowInfo();
  const { tracing: sink } = proxySinks<TracingSinks>();
  const own = spanOfRun(runId);
  const updates = new Map<string, Pending>();
  let run: TraceContext | undefined;
  let signals = 0;

  /** Tells of the span when what it is of has ended, and does not make it wait. */
  const watch = <T>(span: WorkflowSpan, work: Promise<T>, onEnd?: () => void): Promise<T> => {
    const end = (error?: unknown) => {
      onEnd?.();
      // The span has left already. And any other error fails the workflow task, which is made again.
      if (workflowInfo().unsafe.isReplaying || (error !== undefined && !(error instanceof TemporalFailure))) return;
      const isError = error !== undefined && !isCancellation(error);
      sink.ended(isError ? { ...span, errorType: typeOf(error) } : span);
    };
    work.then(() => end(), end);
    return work;
  };
  const within = (headers: Parameters<typeof traceOf>[0]) => traceOf(headers) ?? run;

  /** An attempt belongs to the update that brought its code; any other call to an update, where one alone is under way. */
  const contextOf = (activityType: string, input: unknown): TraceContext | undefined => {
    const updateId = typeof input === 'object' && input !== null ? Reflect.get(input, 'updateId') : undefined;
    const named = updates.get(String(updateId));
    const isAttempt = activityType === ATTEMPT;
    const [only, ...others] = [...updates.values()].filter(({ name }) => !isAttempt || name === submitCode.name);
    return (named ?? (others.length === 0 ? only : undefined))?.context ?? run;
  };
  const toActivity = <Input extends { activityType: string; args: unknown[]; headers: Parameters<typeof traceOf>[0] }>(
    input: Input,
  ): Input => {
    const context = contextOf(input.activityType, input.args[0]);
    return context ? { ...input, headers: withTrace(input.headers, context) } : input;
  };

  return {
    inbound: [
      {
        execute: (input, next) => {
          const parent = traceOf(input.headers);
          const { spanId } = own;
          return watch(
            { name: `RunWorkflow:${WORKFLOW_TYPE}`, kind: 'run', spanId, startedAtMs: startTime.getTime(), parent },
            next(input),
          );
        },
        handleUpdate: (input, next) => {
          const { name, updateId, headers } = input;
          const parent = within(headers);
          const spanId = spanIdOf(runId, `update ${updateId}`);
          updates.set(updateId, { name, context: parent && { ...parent, spanId } });
          return watch(
            { name: `HandleUpdate:${name}`, kind: 'update', spanId, startedAtMs: Date.now(), parent, run, updateId },
            next(input),
            () => updates.delete(updateId),
          );
        },
        handleSignal: (input, next) => {
          signals += 1;
          const spanId = spanIdOf(runId, `signal ${signals}`);
          const parent = within(input.headers);
          return watch(
            { name: `HandleSignal:${input.signalName}`, kind: 'signal', spanId, startedAtMs: Date.now(), parent, run },
            next(input),
          );
        },
      },
    ],
    internals: [
      {
        // Before the first line of the log, and before the first update.
        activate: (input, next) => {
          for (const { initializeWorkflow } of input.activation.jobs ?? []) {
            const parent = traceOf(initializeWorkflow?.headers ?? {});
            if (parent) run = { ...parent, spanId: own.spanId };
          }
          next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(toActivity(input)),
        scheduleLocalActivity: (input, next) => next(toActivity(input)),
        getLogAttributes: (input, next) => next({ ...input, trace_id: (run ?? own).traceId, span_id: own.spanId }),
      },
    ],
  };
}

/** The activity that checks a code. */
const ATTEMPT = 'verifyCode';

function typeOf(error: unknown): string {
  return (
    (error instanceof ApplicationFailure ? error.type : undefined) ?? (error instanceof Error ? error.name : 'Error')
  );
}
