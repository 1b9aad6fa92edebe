/**
 * A history that may be given away, for tests and to people without the keys: it replays as the original does, and holds
 * neither tokens, codes, addresses, nor what a caller has sent along. Ids stay as they are: those of users and pools stand
 * in the workflow id, to which all else is bound.
 */
import type { KeyRing } from '@cognito-verification/codec';
import { isRecord, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import { redactText } from '../log/redact-text.js';
import type { JSONPayload } from '../temporal/proto-json.js';
import { historyDocument, type RecordedHistory, recordedHistory } from './recorded-history.js';
import { PayloadRedactor, type Place } from './redact-payloads.js';
import { StandIns } from './stand-ins.js';

export interface RedactOptions {
  /** Opens the payloads. */
  keys: KeyRing;
  /** Seals them again. */
  sealWith: KeyRing;
}

/** @throws UnknownKeyError, KeyServiceError */
export async function redactHistory(recorded: RecordedHistory, options: RedactOptions): Promise<RecordedHistory> {
  const { workflowId, runId, history } = historyDocument(recorded);
  const standIns = new StandIns();
  // Twice: what is found only later may stand in a text before it.
  await new HistoryRedactor(workflowId, options, standIns).redact(history);
  const redacted = await new HistoryRedactor(workflowId, options, standIns).redact(history);
  return recordedHistory({ workflowId, runId, history: redacted });
}

/** Nothing of the workflow reads them. */
const LEFT_OUT: ReadonlySet<string> = new Set(['header', 'memo', 'completionCallbacks', 'links']);
/** Of the process that did it, with the name of its machine. */
const IDENTITIES: ReadonlySet<string> = new Set(['identity', 'lastWorkerIdentity']);
/** Written by people, by code that quotes them, or by whoever may write to the namespace. */
const TEXTS: ReadonlySet<string> = new Set(['message', 'stackTrace', 'reason', 'details', 'signalName', 'type']);
/** The id of an update, and what Temporal derives from it. Callers choose it, and may have put anything there. */
const UPDATE_IDS: ReadonlySet<string> = new Set(['updateId', 'protocolInstanceId', 'acceptedRequestMessageId']);
const CANCELLATION = 'workflowExecutionCancelRequestedEventAttributes';
const SHOWN_ATTRIBUTES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);

class HistoryRedactor {
  private readonly payloads: PayloadRedactor;
  private readonly activityIds = new Map<unknown, string>();

  constructor(
    private readonly workflowId: string,
    options: RedactOptions,
    private readonly standIns: StandIns,
  ) {
    this.payloads = new PayloadRedactor(options, standIns);
  }

  async redact(history: unknown): Promise<unknown> {
    const events = isRecord(history) && Array.isArray(history['events']) ? history['events'].filter(isRecord) : [];
    const redacted = [];
    for (const event of events) {
      const eventTimeMs = Date.parse(String(event['eventTime']));
      redacted.push(await this.value(event, '', { places: this.placesOf(event), eventTimeMs }));
    }
    return { events: redacted };
  }

  /** For which workflow or activity the payloads of an event may have been sealed. */
  private placesOf(event: Record<string, unknown>): Place[] {
    const { workflowId } = this;
    const attributes = Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1];
    const { activityId, scheduledEventId } = isRecord(attributes) ? attributes : {};
    if (typeof activityId === 'string') this.activityIds.set(event['eventId'], activityId);
    const activity = typeof activityId === 'string' ? activityId : this.activityIds.get(scheduledEventId);
    const workflow: Place = { type: 'workflow', namespace: '', workflowId };
    if (activity === undefined) return [workflow];
    return [{ type: 'activity', namespace: '', workflowId, activityId: activity, isLocal: false }, workflow];
  }

  private async value(
    value: unknown,
    name: string,
    where: { places: readonly Place[]; eventTimeMs: number },
  ): Promise<unknown> {
    if (typeof value === 'string') return this.string(value, name);
    if (Array.isArray(value)) return await Promise.all(value.map((entry) => this.value(entry, name, where)));
    if (!isRecord(value)) return value;
    if (isPayload(value)) return await this.payloads.redact(value, where.places, where.eventTimeMs);
    if (name === 'searchAttributes') return searchAttributes(value);
    // Its name is the identity of a worker.
    if (value['kind'] === 'TASK_QUEUE_KIND_STICKY') return { ...value, name: 'redacted' };
    const redacted: Record<string, unknown> = {};
    for (const [field, content] of Object.entries(value)) {
      if (LEFT_OUT.has(field)) continue;
      // What somebody gave as the reason. Elsewhere a cause is one of Temporal's own.
      const means = name === CANCELLATION && field === 'cause' ? 'reason' : field;
      redacted[field] = await this.value(content, means, where);
    }
    return redacted;
  }

  /** All else is written by Temporal, or by our own code, and means something to the replay. */
  private string(text: string, name: string): string {
    if (IDENTITIES.has(name)) return 'redacted';
    if (TEXTS.has(name)) return this.standIns.text(text);
    return UPDATE_IDS.has(name) ? this.updateId(text) : text;
  }

  private updateId(text: string): string {
    const [id = '', ...rest] = text.split(/(?=\/request$)/);
    return [redactText(id) === id ? id : this.standIns.id(id), ...rest].join('');
  }
}

/** Nobody makes those who send one say how it is encoded. */
function isPayload(value: Record<string, unknown>): value is JSONPayload & Record<string, unknown> {
  return isRecord(value['metadata']) || typeof value['data'] === 'string';
}

/** In plain text, as always: where it stands, which attribute, which pool. Others are of somebody else's. */
function searchAttributes(value: Record<string, unknown>): unknown {
  const fields = isRecord(value['indexedFields']) ? value['indexedFields'] : {};
  return {
    indexedFields: Object.fromEntries(Object.entries(fields).filter(([name]) => SHOWN_ATTRIBUTES.includes(name))),
  };
}
