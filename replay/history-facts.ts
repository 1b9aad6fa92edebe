/** What a history says of itself without a key: what it is a history of, where it stands, and which builds made it. */
import { SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { History } from './recorded-history.js';

type HistoryEvent = NonNullable<History['events']>[number];

export interface HistoryFacts {
  workflowType: string;
  /** A state of a verification, or how it was ended from outside: `terminated`, `timedOut`. */
  state: string;
  /** Release of the SDK that ran it last; undefined before a worker has taken it. */
  sdkVersion?: string;
  /** The worker's build id, shortened, that ran it last. */
  build?: string;
  events: number;
  /** False before its first workflow task: there is nothing to replay in it yet. */
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
    ...(sdkVersion ? { sdkVersion } : {}),
    ...(build ? { build: shortBuild(build) } : {}),
    events: all.length,
    begun: all.some(({ workflowTaskScheduledEventAttributes: task }) => task),
  };
}

/** The SDK's own build id is its name, its version and the digest of the whole bundle. */
export function shortBuild(buildId: string): string {
  return buildId.replace(/^@temporalio\/worker@/, '').replace(/\+([\da-f]{12})[\da-f]{52}$/, '+$1');
}

/** Search attributes are never sealed. A termination and a time-out leave them as they were. */
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
