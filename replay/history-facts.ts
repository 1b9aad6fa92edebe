/** What a history says without a key: its workflow type, its state, and which build ran it. */
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { History } from './recorded-history.js';

type HistoryEvent = NonNullable<History['events']>[number];

export interface HistoryFacts {
  workflowType: string;
  /** A state of a verification, or how it was ended from outside: `terminated`, `timedOut`. `unknown` for other workflows. */
  state: string;
  /** The release of the SDK that ran it last. Undefined before a worker has taken it. */
  sdkVersion?: string | undefined;
  /** The shortened build id of the worker that ran it last. */
  build?: string | undefined;
  events: number;
  /** False before its first workflow task: there is nothing to replay yet. */
  begun: boolean;
}

export function historyFacts({ events }: History): HistoryFacts {
  const all = events ?? [];
  const started = all[0]?.workflowExecutionStartedEventAttributes;
  const tasks = all.flatMap(({ workflowTaskCompletedEventAttributes: task }) => (task ? [task] : []));
  const sdkVersion = tasks.map(({ sdkMetadata }) => sdkMetadata?.sdkVersion).findLast(Boolean);
  const build = tasks
    .map(({ deploymentVersion, workerVersion }) => deploymentVersion?.buildId || workerVersion?.buildId)
    .findLast(Boolean);
  return {
    workflowType: started?.workflowType?.name ?? 'unknown',
    state: stateOf(all),
    sdkVersion: sdkVersion || undefined,
    build: build ? shortBuild(build) : undefined,
    events: all.length,
    begun: all.some(({ workflowTaskScheduledEventAttributes: task }) => task),
  };
}

/** Shortens the SDK's own build id, which is the SDK's name, its version and the digest of the whole bundle. */
function shortBuild(buildId: string): string {
  return buildId.replace(/^@temporalio\/worker@/, '').replace(/\+([\da-f]{12})[\da-f]{52}$/, '+$1');
}

/** The state in the search attributes, which are never sealed. A termination and a time-out do not change them. */
function stateOf(events: readonly HistoryEvent[]): string {
  const last = events.at(-1);
  if (last?.workflowExecutionTerminatedEventAttributes) return 'terminated';
  if (last?.workflowExecutionTimedOutEventAttributes) return 'timedOut';
  if (last?.workflowExecutionFailedEventAttributes) return 'failed';
  if (last?.workflowExecutionCanceledEventAttributes) return 'cancelled';
  const listed = events
    .map(
      ({ workflowExecutionStartedEventAttributes: started, upsertWorkflowSearchAttributesEventAttributes: upserted }) =>
        (upserted ?? started)?.searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTES.state]?.data,
    )
    .findLast((data) => data !== null && data !== undefined);
  try {
    const state: unknown = listed && JSON.parse(Buffer.from(listed).toString());
    return typeof state === 'string' ? state : 'unknown';
  } catch {
    return 'unknown';
  }
}
