/** What workers and callers have sealed last, as the history of the newest verifications has it. */
import { isSealed, type KeyRing, KeyServiceError, open } from '@cognito-verification/codec';
import { isRecord, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Payload } from '@temporalio/common';
import type { TemporalService } from './temporal-service.js';

/** A payload of a history. */
interface Sealed {
  /** The id of the key that has sealed it. */
  readonly keyId: string;
  /** Whether a key here opens it. */
  readonly opens: boolean;
}

/** What both sides have written to one verification last. */
export interface Written {
  readonly workflowId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly caller: Sealed | undefined;
  readonly worker: Sealed;
}

const NEWEST = 3;
/** A verification has some 30 events. */
const MOST_EVENTS = 500;

/** The attributes of the events that hold what a caller has sent. A worker has written the payloads of all others. */
const OF_CALLERS: ReadonlySet<string> = new Set([
  'workflowExecutionStartedEventAttributes',
  'workflowExecutionSignaledEventAttributes',
  'workflowExecutionUpdateAcceptedEventAttributes',
]);

/**
 * Opens what was written last to the newest verification to which a worker has written. Nothing of it is kept.
 * @returns undefined if there is none among the newest three
 * @throws KeyServiceError; what the service throws
 */
export async function lastWritten(temporal: TemporalService, keys: KeyRing): Promise<Written | undefined> {
  const { executions } = await temporal.callInNamespace((service, namespace) =>
    service.listWorkflowExecutions({ namespace, pageSize: NEWEST, query: `WorkflowType = '${WORKFLOW_TYPE}'` }),
  );
  for (const { execution, startTime } of executions ?? []) {
    const { history } = await temporal.callInNamespace((service, namespace) =>
      service.getWorkflowExecutionHistory({ namespace, execution: execution ?? null, maximumPageSize: MOST_EVENTS }),
    );
    const last = await lastOfEach(history?.events ?? [], keys);
    if (!last.worker) continue;
    const startedAt = new Date(Number(startTime?.seconds ?? 0) * 1_000).toISOString();
    return { workflowId: execution?.workflowId ?? '', startedAt, caller: last.caller, worker: last.worker };
  }
  return undefined;
}

async function lastOfEach(events: readonly object[], keys: KeyRing) {
  const last: { caller?: Sealed; worker?: Sealed } = {};
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at] ?? {};
    for (const [name, attributes] of Object.entries(event)) {
      const side = OF_CALLERS.has(name) ? 'caller' : 'worker';
      const payload = last[side] ? undefined : sealedIn(attributes);
      if (payload) last[side] = await opened(payload, keys);
    }
  }
  return last;
}

/** The first sealed payload anywhere in the attributes of an event. */
function sealedIn(value: unknown): Payload | undefined {
  if (Array.isArray(value)) return firstOf(value);
  if (!isRecord(value) || value instanceof Uint8Array) return undefined;
  if (isRecord(value['metadata']) && value['data'] instanceof Uint8Array && isSealed(value)) return value;
  return firstOf(Object.values(value));
}

function firstOf(values: readonly unknown[]): Payload | undefined {
  for (const value of values) {
    const payload = sealedIn(value);
    if (payload) return payload;
  }
  return undefined;
}

async function opened(payload: Payload, keys: KeyRing): Promise<Sealed> {
  const keyId = Buffer.from(payload.metadata?.['encryption-key-id'] ?? [])
    .toString()
    .slice(0, 200);
  try {
    await open(payload, keys);
    return { keyId, opens: true };
  } catch (error) {
    if (error instanceof KeyServiceError) throw error;
    return { keyId, opens: false };
  }
}
