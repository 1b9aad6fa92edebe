/**
 * Redacts a history for tests, and for people without the keys. The result replays as the original does. It holds no tokens, no
 * codes, no addresses and nothing else that a caller has sent. Ids stay: those of the user and the pool are part of the workflow
 * id, to which every payload is bound.
 */
import type { KeyRing } from '@cognito-verification/codec';
import { isRecord, SEARCH_ATTRIBUTES } from '@cognito-verification/contract';
import type { JSONPayload } from '../temporal/proto-json.js';
import { localActivityOf, restoreLocalActivity } from './local-activity-marker.js';
import { historyDocument, type RecordedHistory, recordedHistory } from './recorded-history.js';
import { PayloadRedactor, type Place } from './redact-payloads.js';
import { StandIns } from './stand-ins.js';

export interface RedactOptions {
  /** Opens the payloads. */
  keys: KeyRing;
  /** Seals their stand-ins. */
  sealWith: KeyRing;
}

/**
 * Redacts a history.
 * @throws UnknownKeyError, KeyServiceError
 */
export async function redactHistory(recorded: RecordedHistory, options: RedactOptions): Promise<RecordedHistory> {
  const { workflowId, runId, history } = historyDocument(recorded);
  const standIns = new StandIns();
  // Twice: a text may hold a secret that is found only in a later event.
  await new HistoryRedactor(workflowId, options, standIns).redact(history);
  const redacted = await new HistoryRedactor(workflowId, options, standIns).redact(history);
  return recordedHistory({ workflowId, runId, history: redacted });
}

/** Fields that the workflow does not read. */
const LEFT_OUT: ReadonlySet<string> = new Set(['header', 'memo', 'completionCallbacks', 'links']);
/** Fields that name a process and its machine. */
const IDENTITIES: ReadonlySet<string> = new Set(['identity', 'lastWorkerIdentity']);
/** Fields with text by people, by code that quotes it, or by anyone who may write to the namespace. */
const TEXTS: ReadonlySet<string> = new Set(['message', 'stackTrace', 'reason', 'details', 'signalName', 'type']);
/** The id of an update, and what Temporal derives from it. Callers choose it, and it may hold anything. */
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
      const one = await this.value(event, '', this.placesOf(event));
      restoreLocalActivity(one, event);
      redacted.push(one);
    }
    return { events: redacted };
  }

  /** The workflow or activities that the payloads of an event may have been sealed for. */
  private placesOf(event: Record<string, unknown>): Place[] {
    const { workflowId } = this;
    const attributes = Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1];
    const { activityId = localActivityOf(event)?.activity_id, scheduledEventId } = isRecord(attributes)
      ? attributes
      : {};
    if (typeof activityId === 'string') this.activityIds.set(event['eventId'], activityId);
    const activity = typeof activityId === 'string' ? activityId : this.activityIds.get(scheduledEventId);
    const workflow: Place = { type: 'workflow', namespace: '', workflowId };
    if (activity === undefined) return [workflow];
    return [{ type: 'activity', namespace: '', workflowId, activityId: activity, isLocal: false }, workflow];
  }

  private async value(value: unknown, name: string, places: readonly Place[]): Promise<unknown> {
    if (typeof value === 'string') return this.string(value, name);
    if (Array.isArray(value)) return await Promise.all(value.map((entry) => this.value(entry, name, places)));
    if (!isRecord(value)) return value;
    if (isPayload(value)) return await this.payloads.redact(value, places);
    if (name === 'searchAttributes') return searchAttributes(value);
    // The name of a sticky queue is the identity of a worker.
    if (value['kind'] === 'TASK_QUEUE_KIND_STICKY') return { ...value, name: 'redacted' };
    const redacted: Record<string, unknown> = {};
    for (const [field, content] of Object.entries(value)) {
      if (LEFT_OUT.has(field)) continue;
      // The cause of a cancellation is free text. Elsewhere a cause is a word of Temporal's.
      const treatedAs = name === CANCELLATION && field === 'cause' ? 'reason' : field;
      redacted[field] = await this.value(content, treatedAs, places);
    }
    return redacted;
  }

  /** Other fields are written by Temporal or by our own code, and the replay needs them. */
  private string(text: string, name: string): string {
    if (IDENTITIES.has(name)) return 'redacted';
    if (TEXTS.has(name)) return this.standIns.text(text);
    return UPDATE_IDS.has(name) ? this.updateId(text) : text;
  }

  private updateId(text: string): string {
    const [id = '', ...rest] = text.split(/(?=\/request$)/);
    return [this.standIns.updateId(id), ...rest].join('');
  }
}

/** The sender of a payload need not say how it is encoded, so metadata may be absent. */
function isPayload(value: Record<string, unknown>): value is JSONPayload & Record<string, unknown> {
  return isRecord(value['metadata']) || typeof value['data'] === 'string';
}

/** Our own search attributes, which are never sealed: state, attribute, pool. Those of others are left out. */
function searchAttributes(value: Record<string, unknown>): unknown {
  const fields = isRecord(value['indexedFields']) ? value['indexedFields'] : {};
  return {
    indexedFields: Object.fromEntries(Object.entries(fields).filter(([name]) => SHOWN_ATTRIBUTES.includes(name))),
  };
}
