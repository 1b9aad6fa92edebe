/**
 * Histories as files keep them, together with the workflow id. No payload opens without the workflow id, and a history of an
 * older server does not hold it.
 */
import { isRecord } from '@cognito-verification/contract';
import { type History, historyFromJSON, historyToJSON } from '../temporal/proto-json.js';

export type { History };

/** A history with the ids of its run. */
export interface RecordedHistory {
  workflowId: string;
  runId?: string | undefined;
  history: History;
}

/** What our files hold. `history` is in the form that `temporal workflow show --output json` prints. */
export interface HistoryDocument {
  workflowId: string;
  runId?: string | undefined;
  history: unknown;
}

/** A document is no history, or one that cannot be replayed. The message says what is wrong with it. */
export class UnreadableHistoryError extends Error {
  override readonly name = 'UnreadableHistoryError';
  readonly code = 'UnreadableHistory';
}

/**
 * Reads a document of ours, or a history as Temporal's tools write it.
 * @param known the ids, where they are known from elsewhere. The workflow id must agree with what the document says
 * @throws UnreadableHistoryError
 */
export function recordedHistory(
  document: unknown,
  known: { workflowId?: string | undefined; runId?: string | undefined } = {},
): RecordedHistory {
  if (!isRecord(document)) throw new UnreadableHistoryError('is no history, which would be a JSON object');
  const own = isRecord(document['history']);
  const history = readHistory(own ? document['history'] : document);
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  const workflowId = onlyWorkflowId([own ? document['workflowId'] : undefined, started?.workflowId, known.workflowId]);
  const runId = [own ? document['runId'] : undefined, known.runId, started?.originalExecutionRunId].find(isName);
  if (workflowId === undefined) {
    throw new UnreadableHistoryError(
      'does not say its workflow id, to which every payload in it is bound: give it with --workflow-id, or keep it beside the history as {"workflowId", "runId", "history"}',
    );
  }
  return { workflowId, runId, history };
}

/** The document of a history, to write into a file. */
export function historyDocument({ workflowId, runId, history }: RecordedHistory): HistoryDocument {
  const json: unknown = JSON.parse(historyToJSON(history));
  return { workflowId, runId, history: json };
}

/** Reads a history that is complete from its first event on. It may end at any event. */
function readHistory(json: unknown): History {
  if (!isRecord(json) || !Array.isArray(json['events']) || json['events'].length === 0) {
    throw new UnreadableHistoryError('is no history, which would have "events"');
  }
  let history: History;
  try {
    history = historyFromJSON(json);
  } catch {
    // The parser's message would quote the event that it cannot read.
    throw new UnreadableHistoryError('has events that cannot be read');
  }
  const events = history.events ?? [];
  if (!events[0]?.workflowExecutionStartedEventAttributes) {
    throw new UnreadableHistoryError('does not begin with the start of a workflow');
  }
  const { workflowType, taskQueue } = events[0].workflowExecutionStartedEventAttributes;
  if (!workflowType?.name || !taskQueue?.name) {
    throw new UnreadableHistoryError('does not say which workflow was started, or on which task queue');
  }
  const gap = events.findIndex(({ eventId }, index) => Number(eventId) !== index + 1);
  if (gap >= 0) throw new UnreadableHistoryError(`is not whole: event ${gap + 1} is missing`);
  const cut = events.findIndex((event, index) => index > 0 && isTaskStarted(events[index - 1]) && !endsTask(event));
  if (cut > 0) throw new UnreadableHistoryError(`is not whole: the workflow task of event ${cut} has no end`);
  return history;
}

type HistoryEvent = NonNullable<History['events']>[number];

function isTaskStarted(event: HistoryEvent | undefined): boolean {
  return Boolean(event?.workflowTaskStartedEventAttributes);
}

/** Whether the native core takes this event for the end of a workflow task. It waits for ever where it finds another event. */
function endsTask(event: HistoryEvent): boolean {
  return Boolean(
    event.workflowTaskCompletedEventAttributes ??
      event.workflowTaskFailedEventAttributes ??
      event.workflowTaskTimedOutEventAttributes ??
      event.workflowExecutionTerminatedEventAttributes,
  );
}

/** The one workflow id that all say. With a wrong one, nothing in the history would open. */
function onlyWorkflowId(candidates: readonly unknown[]): string | undefined {
  const [first, ...others] = [...new Set(candidates.filter(isName))];
  if (others.length > 0) {
    throw new UnreadableHistoryError(
      `has two workflow ids, ${[first, ...others].map((id) => JSON.stringify(id)).join(' and ')}: one of them is wrong`,
    );
  }
  return first;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
