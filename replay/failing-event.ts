import { Worker } from '@temporalio/worker';
import type { ReplayProblem } from './problem.js';
import type { History, RecordedHistory } from './recorded-history.js';

type HistoryEvent = NonNullable<History['events']>[number];

/** The event at which a history stops replaying, if only one event fits what the SDK said. */
export function onlyEventMeant(problem: ReplayProblem, { events }: History): number | undefined {
  const [only, ...others] = (events ?? []).filter((event) => isMeant(problem, event));
  return only && others.length === 0 ? Number(only.eventId) : undefined;
}

/**
 * Finds the event at which a history stops replaying, where the SDK does not say it. It replays the beginnings of the history,
 * each longer by one workflow task than the one before.
 */
export async function failingEvent(
  options: Parameters<typeof Worker.runReplayHistories>[0],
  { workflowId, history }: RecordedHistory,
  problem: ReplayProblem,
): Promise<number | undefined> {
  const events = history.events ?? [];
  const ends = events.flatMap(({ workflowTaskScheduledEventAttributes: task }, index) => (task ? [index + 1] : []));
  // A beginning ends where the next task is scheduled: that shows the SDK that the task before is complete.
  const beginnings = [...new Set([...ends.slice(1), events.length])].map((end) => events.slice(0, end));
  const histories = beginnings.map((beginning) => ({ workflowId, history: { events: beginning } }));
  let fits = 0;
  for await (const { error } of Worker.runReplayHistories(options, histories)) {
    if (error) return eventOf(problem, (beginnings[fits] ?? []).slice(beginnings[fits - 1]?.length ?? 0));
    fits += 1;
  }
  return undefined;
}

/** The event that the problem means among those of one task. Default: the task itself. */
function eventOf(problem: ReplayProblem, part: readonly HistoryEvent[]): number | undefined {
  const meant = part.find((event) => isMeant(problem, event));
  const task = part.find(({ workflowTaskStartedEventAttributes: started }) => started);
  const id = (meant ?? task ?? part[0])?.eventId;
  return id === undefined || id === null ? undefined : Number(id);
}

function isMeant(
  { expected }: ReplayProblem,
  { activityTaskScheduledEventAttributes: activity }: HistoryEvent,
): boolean {
  if (!activity || expected === undefined) return false;
  return [`activity type ${activity.activityType?.name}`, `activity id ${activity.activityId}`].includes(expected);
}
