/** Events of a history in words, so that a person can find them in the code. They hold nothing of a payload. */
import type { History } from './recorded-history.js';

type HistoryEvent = NonNullable<History['events']>[number];

/** The event with this id, in words. */
export function eventIn({ events }: History, eventId: number): string {
  const event = events?.find((candidate) => Number(candidate.eventId) === eventId);
  return event ? eventInWords(event, events ?? []) : 'an event';
}

function eventInWords(event: HistoryEvent, events: readonly HistoryEvent[]): string {
  const {
    activityTaskScheduledEventAttributes: activity,
    timerStartedEventAttributes: timer,
    timerCanceledEventAttributes: cancelled,
    timerFiredEventAttributes: fired,
    workflowExecutionUpdateAcceptedEventAttributes: accepted,
    workflowExecutionUpdateCompletedEventAttributes: answered,
    upsertWorkflowSearchAttributesEventAttributes: upserted,
  } = event;
  if (activity) return `a call of the activity ${activity.activityType?.name}`;
  if (timer) return `the start of timer ${timer.timerId} (${Number(timer.startToFireTimeout?.seconds ?? 0)} s)`;
  if (cancelled) return `the end of timer ${cancelled.timerId}, cancelled`;
  if (fired) return `the end of timer ${fired.timerId}`;
  if (accepted) return `an update ${accepted.acceptedRequest?.input?.name}, accepted`;
  if (answered) return `an update ${updateName(events, answered.acceptedEventId)}, answered`;
  if (upserted) return 'a change of search attributes';
  if (event.workflowExecutionStartedEventAttributes) return 'the start of the workflow';
  if (event.workflowExecutionCompletedEventAttributes) return 'the end of the workflow, completed';
  if (event.workflowExecutionFailedEventAttributes) return 'the end of the workflow, failed';
  if (event.workflowExecutionCanceledEventAttributes) return 'the end of the workflow, cancelled';
  const attributes = Object.keys(event).find((name) => name.endsWith('EventAttributes')) ?? 'unknown';
  return `the event ${attributes.replace(/EventAttributes$/, '')}`;
}

function updateName(events: readonly HistoryEvent[], acceptedEventId: unknown): string {
  const accepted = events[Number(acceptedEventId) - 1]?.workflowExecutionUpdateAcceptedEventAttributes;
  return accepted?.acceptedRequest?.input?.name ?? '';
}
