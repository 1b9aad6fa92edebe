/** What one verification costs in whole numbers, read from its history. Every run on every machine gives the same. */
import type { Client } from '@temporalio/client';

/** The actions that Temporal Cloud bills and a history shows. Queries and refused updates are billed and leave no event. */
interface Actions {
  starts: number;
  updates: number;
  signals: number;
  activityAttempts: number;
  /** All local activities of one workflow task are one. */
  localActivityTasks: number;
  timers: number;
  searchAttributeUpserts: number;
}

/** The counts of one history. */
export interface Counts {
  /** The number of events by type, in the order in which the types first appear. */
  events: Record<string, number>;
  totalEvents: number;
  workflowTasks: number;
  actions: Actions;
  totalActions: number;
  /** By the server's count, which differs by some bytes from run to run. */
  historyBytes: number;
}

interface Event {
  activityTaskStartedEventAttributes?: { attempt?: number | null } | null;
  markerRecordedEventAttributes?: { workflowTaskCompletedEventId?: unknown } | null;
}

/** Counts the events of a workflow's newest run. */
export async function countWorkflow(client: Client, workflowId: string): Promise<Counts> {
  const handle = client.workflow.getHandle(workflowId);
  const [{ events }, { historySize }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  return { ...countEvents(events ?? []), historyBytes: historySize ?? 0 };
}

/** Counts the events of one history. */
export function countEvents(history: readonly Event[]): Omit<Counts, 'historyBytes'> {
  const events: Record<string, number> = {};
  for (const event of history) events[typeOf(event)] = (events[typeOf(event)] ?? 0) + 1;
  const count = (type: string) => events[type] ?? 0;
  const actions: Actions = {
    starts: count('WorkflowExecutionStarted'),
    updates: count('WorkflowExecutionUpdateAccepted'),
    signals: count('WorkflowExecutionSignaled'),
    // Only the last attempt leaves an event; its number is the number of attempts.
    activityAttempts: history.reduce(
      (sum, { activityTaskStartedEventAttributes: started }) => sum + (started ? (started.attempt ?? 1) : 0),
      0,
    ),
    localActivityTasks: new Set(
      history.flatMap(({ markerRecordedEventAttributes: marker }) =>
        marker ? [String(marker.workflowTaskCompletedEventId)] : [],
      ),
    ).size,
    timers: count('TimerStarted'),
    searchAttributeUpserts: count('UpsertWorkflowSearchAttributes'),
  };
  return {
    events,
    totalEvents: history.length,
    workflowTasks: count('WorkflowTaskCompleted'),
    actions,
    totalActions: Object.values(actions).reduce((sum, n) => sum + n, 0),
  };
}

/** The event has its type as a number; the name of the field with its attributes has it as a word. */
function typeOf(event: object): string {
  const suffix = 'EventAttributes';
  const field = Object.entries(event).find(([name, value]) => name.endsWith(suffix) && value != null)?.[0];
  if (field === undefined) return 'Unknown';
  return field.charAt(0).toUpperCase() + field.slice(1, -suffix.length);
}
