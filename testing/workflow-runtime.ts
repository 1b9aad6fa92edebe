/**
 * What the bundled lifecycle gets in place of `@temporalio/workflow` and `@temporalio/activity`: the same functions, for an
 * `Execution` of this process and on its clock.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { type ActivityCall, type Execution, running } from './execution.js';

export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  noopMetricMeter as metricMeter,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
export { isCancellation, Scope as CancellationScope } from './scope.js';

function current(): Execution {
  const execution = running.getStore()?.execution;
  if (!execution) throw new Error('outside of a workflow');
  return execution;
}

/** In place of `Date.now`. */
export const now = (): number => running.getStore()?.execution.clock.now() ?? Date.now();

export const condition = (met: () => boolean): Promise<void> => current().until(met);
export const sleep = (ms: number): Promise<void> => current().sleep(ms);
export const allHandlersFinished = (): boolean => current().handlersFinished;
export const setCurrentDetails = (): void => undefined;
const quiet = (): void => undefined;
export const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export function currentUpdateInfo(): { id: string } | undefined {
  const id = running.getStore()?.updateId;
  return id === undefined ? undefined : { id };
}

export function workflowInfo(): object {
  const { runId, started, startedAtMs, searchAttributes } = current();
  const { workflowId, taskQueue } = started;
  const typedSearchAttributes = { get: ({ name }: { name: string }) => decoded(searchAttributes[name]) };
  const startTime = new Date(startedAtMs);
  return { workflowId, runId, firstExecutionRunId: runId, taskQueue, startTime, typedSearchAttributes };
}

function decoded(payload: unknown): unknown {
  const data = (payload as { data?: Uint8Array } | undefined)?.data;
  return data && (JSON.parse(Buffer.from(data).toString()) as unknown);
}

export function upsertSearchAttributes(pairs: Parameters<typeof encodeUnifiedSearchAttributes>[1] & object): void {
  Object.assign(current().searchAttributes, encodeUnifiedSearchAttributes(undefined, pairs));
}

export function setHandler(
  { name }: { name: string },
  handle: (input: unknown) => unknown,
  options: { validator?: (input: unknown) => void } = {},
): void {
  current().handlers.set(name, { handle, validate: options.validator });
}

export const ActivityCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED' } as const;

const proxy = (local: boolean, options: { cancellationType?: string }) =>
  new Proxy<Record<string, (input?: unknown) => Promise<unknown>>>(
    {},
    {
      get: (_, name) => (input?: unknown) =>
        current().activity(String(name), input, { local, waits: options.cancellationType !== undefined }),
    },
  );
export const proxyActivities = (options: { cancellationType?: string }) => proxy(false, options);
export const proxyLocalActivities = (options: object) => proxy(true, options);

/** The activity that runs now. */
export const acting = new AsyncLocalStorage<ActivityCall & { readonly attempt: number }>();
export const activityInfo = () => ({
  attempt: acting.getStore()?.attempt ?? 1,
  scheduledTimestampMs: 0,
  currentAttemptScheduledTimestampMs: 0,
  scheduleToCloseTimeoutMs: 60_000,
});
export const cancellationSignal = (): AbortSignal => acting.getStore()?.signal ?? new AbortController().signal;
export const cancellationDetails = () => (acting.getStore()?.signal.aborted ? { cancelRequested: true } : undefined);
export const heartbeat = (): void => undefined;
