/** Reads the calls of one earlier run from its history. */
import {
  awaitDelivery,
  type CountedCall,
  type EarlierCalls,
  errorName,
  GRPC_STATUS,
  isRecord,
  mayBeCopy,
  POLICY_FIELDS,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import { FORMS } from '@cognito-verification/contract/fields';
import type { Payload, SerializationContext } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { AttemptFailure, SendFailure } from './failures.js';
import { OwnMessages } from './own-messages.js';

type Event = NonNullable<History['events']>[number];
type Failure = NonNullable<Event['activityTaskFailedEventAttributes']>['failure'];

/** The histories of the namespace. */
export interface EarlierRuns {
  /** The events of one run, oldest first. Throws where there are none, or not in time. */
  events(run: { workflowId: string; runId: string }): AsyncIterable<Event>;
  /** The newest runs of a workflow, at most this many, as far as the server lists them by now. Throws where it cannot tell. */
  list(workflowId: string, most: number): Promise<ListedRun[]>;
  /** What a payload holds. Throws where it does not open, or is of another place. */
  open(payload: Payload, place: SerializationContext): Promise<unknown>;
}

/** A run that the server lists. */
interface ListedRun {
  runId: string;
  /** ISO 8601; undefined while it is open. */
  endedAt?: string | undefined;
}

/** The workflow id of all of them, as payloads are sealed for it. */
export type Place = Extract<SerializationContext, { type: 'workflow' }>;

/** What one run has used, and which came before it. */
export interface EarlierRun extends EarlierCalls {
  startedAt: string;
  previousRunId?: string | undefined;
  /** Its request may be that of an earlier run, and so not name the one before. */
  mayBeCopy: boolean;
  /** What it has counted of the runs before it. Absent where it counted none, or not all could be read. */
  before?: EarlierCalls | undefined;
}

/** Whether another try may read what could not be read now: the server or the key service is not there, or has no time. */
export function mayPass(error: unknown): boolean {
  if (errorName(error) === 'KeyServiceError') return true;
  return isRecord(error) && PASSING.has(error['code']);
}

const { CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE } = GRPC_STATUS;
/** A passed deadline may show as a cancellation. */
const PASSING: ReadonlySet<unknown> = new Set([CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE]);

type CountedKind = Exclude<keyof EarlierCalls, 'endedVerified'>;

/** A call that the run has scheduled, until its end is read. */
interface ScheduledCall {
  /** `looks` do not count; `before` is the run's own count of the runs before it. */
  kind: CountedKind | 'looks' | 'before';
  place: SerializationContext;
}

/** The calls to Cognito, and the count. */
const KINDS = new Map<unknown, ScheduledCall['kind']>([
  ['sendCode', 'sends'],
  ['verifyCode', 'attempts'],
  ['readAttribute', 'looks'],
  ['countEarlierCalls', 'before'],
]);
/** As the workflow counts its own (`send-records.ts`, `countedAttempts`). */
const COUNTS: { sends: Record<SendFailure, boolean>; attempts: Record<AttemptFailure, boolean> } = {
  sends: {
    uncertain: true,
    throttled: false,
    unreachable: false,
    rateLimited: false,
    accessTokenRejected: false,
    undeliverable: false,
    blocked: false,
    failed: false,
  },
  attempts: {
    uncertain: true,
    rateLimited: true,
    mismatch: true,
    codeExpired: true,
    failed: true,
    throttled: false,
    unreachable: false,
    accessTokenRejected: false,
    blocked: false,
  },
};

/** Whether a call with this failure counts. One that is not known counts. */
function counts(kind: CountedKind, failure: unknown): boolean {
  const known: Record<string, boolean | undefined> = COUNTS[kind];
  return known[String(failure)] !== false;
}

/** How Temporal's Core calls the marker of a local activity. */
const LOCAL_ACTIVITY = 'core_local_activity';

/** `TIMEOUT_TYPE_SCHEDULE_TO_START`: no worker had the call. */
const NOT_STARTED = 2;

/** Each call to Cognito leaves one of these, and so does each message that was taken in. */
function hasDoneSomething(event: Event): boolean {
  return Boolean(
    event.activityTaskScheduledEventAttributes ??
      event.markerRecordedEventAttributes ??
      event.workflowExecutionUpdateAcceptedEventAttributes,
  );
}

/** Reads one run, event by event. What it reads is only believed where the seal opens. */
export class RunReader {
  private readonly calls = { sends: [] as CountedCall[], attempts: [] as CountedCall[] };
  /** The times of attempts of lost tasks, until these have their answers. */
  private readonly lost = new Set<unknown>();
  private readonly open = new Map<string, ScheduledCall>();
  private readonly own: OwnMessages;
  private started: Pick<EarlierRun, 'startedAt' | 'previousRunId' | 'mayBeCopy'> | undefined;
  /** Why the request does not open. A run that has done nothing counts nothing all the same: the caller may have had a wrong key. */
  private unopened: unknown;
  private newest = '';
  private endedVerified: true | undefined;
  private before: EarlierCalls | undefined;

  constructor(
    private readonly runs: EarlierRuns,
    private readonly place: Place,
    private readonly runId: string,
  ) {
    this.own = new OwnMessages(runId);
  }

  /** Throws unless the whole history was read. */
  get run(): EarlierRun {
    if (!this.started) throw new Error('a history without its start');
    // A call without an end was cut off by the end of the run, and may have had its effect.
    const cutOff = (kind: CountedKind) =>
      [...this.open.values()].filter((call) => call.kind === kind).map(() => ({ at: this.newest }));
    return {
      ...this.started,
      sends: [...this.calls.sends, ...this.own.calls, ...cutOff('sends')],
      attempts: [...this.calls.attempts, ...cutOff('attempts')],
      endedVerified: this.endedVerified,
      before: this.before,
    };
  }

  async take(event: Event): Promise<void> {
    this.newest = new Date(tsToMs(event.eventTime)).toISOString();
    if (this.unopened !== undefined && hasDoneSomething(event)) throw this.unopened;
    if (event.workflowExecutionStartedEventAttributes) await this.takeStart(event);
    if (event.workflowExecutionUpdateAcceptedEventAttributes) await this.takeUpdate(event);
    await this.takeAnswer(event);
    if (event.activityTaskScheduledEventAttributes) this.takeCall(event);
    await this.takeEnd(event);
    await this.takeDirectCall(event);
  }

  private async takeStart({ workflowExecutionStartedEventAttributes: started }: Event): Promise<void> {
    if (started?.workflowType?.name !== WORKFLOW_TYPE) throw new Error('another workflow');
    // What came after the point of a reset is in another history.
    if ((started.originalExecutionRunId || this.runId) !== this.runId) throw new Error('a run that a reset has made');
    const request = await this.opened(started.input?.payloads?.[0]).catch((error: unknown): Record<string, unknown> => {
      if (mayPass(error)) throw error;
      this.unopened = error;
      return {};
    });
    const { previousRunId, stamp } = request;
    const isRunId = typeof previousRunId === 'string' && FORMS.uuid.test(previousRunId);
    this.started = {
      startedAt: this.newest,
      previousRunId: isRunId ? previousRunId : undefined,
      mayBeCopy: mayBeCopy(Date.parse(this.newest), isRecord(stamp) ? stamp['at'] : undefined),
    };
    this.own.takeRequest(request, this.newest);
  }

  /** A start that joined may have told of a code that Cognito had sent by itself. */
  private async takeUpdate({
    eventId,
    workflowExecutionUpdateAcceptedEventAttributes: accepted,
  }: Event): Promise<void> {
    const input = accepted?.acceptedRequest?.input;
    if (input?.name !== awaitDelivery.name) return;
    this.own.takeStart(String(eventId), await this.opened(input.args?.payloads?.[0]), this.newest);
  }

  /** The answer to an update, or the end of the run: what it says of the sends so far. */
  private async takeAnswer(event: Event): Promise<void> {
    const { workflowExecutionUpdateCompletedEventAttributes: answered } = event;
    const failure = answered?.outcome?.failure ?? event.workflowExecutionFailedEventAttributes?.failure;
    const told = [
      ...(answered?.outcome?.success?.payloads ?? []),
      ...(event.workflowExecutionCompletedEventAttributes?.result?.payloads ?? []),
      ...(failure?.applicationFailureInfo?.details?.payloads ?? []),
    ];
    const eventId = answered ? String(answered.acceptedEventId) : undefined;
    for (const payload of told) {
      const answer = await this.openedIf(payload, this.place);
      this.own.takeAnswer(answer, eventId);
      const outcome = isRecord(answer) ? answer['outcome'] : undefined;
      if (outcome === 'verified' || outcome === 'alreadyVerified') this.endedVerified = true;
    }
  }

  private takeCall({ eventId, activityTaskScheduledEventAttributes: scheduled }: Event): void {
    const kind = KINDS.get(scheduled?.activityType?.name);
    const activityId = scheduled?.activityId ?? '';
    const place = { ...this.place, type: 'activity', activityId, isLocal: false } as const;
    if (kind) this.open.set(String(eventId), { kind, place });
  }

  private async takeEnd(event: Event): Promise<void> {
    const { activityTaskCompletedEventAttributes: completed, activityTaskFailedEventAttributes: failed } = event;
    const { activityTaskTimedOutEventAttributes: timedOut, activityTaskCanceledEventAttributes: canceled } = event;
    const id = String((completed ?? failed ?? timedOut ?? canceled)?.scheduledEventId);
    const call = this.open.get(id);
    if (!call) return;
    this.open.delete(id);
    const answer = completed && (await this.answerOfThisRun(completed.result?.payloads?.[0], call.place));
    if (call.kind === 'before') {
      this.before = answer ? countOf(answer) : undefined;
      return;
    }
    if (answer?.['notCalled'] === true) return;
    if (completed) this.own.tokenTaken();
    // Nothing was sent.
    if (call.kind === 'looks' || answer?.['alreadyVerified'] === true) return;
    if (failed && !counts(call.kind, await this.failureOf(failed.failure, call.place))) return;
    if (Number(timedOut?.failure?.timeoutFailureInfo?.timeoutType) === NOT_STARTED) return;
    if (canceled && !Number(canceled.startedEventId ?? 0)) return;
    this.calls[call.kind].push({ at: this.newest });
  }

  /** A local activity leaves one event, with its answer. */
  private async takeDirectCall({ markerRecordedEventAttributes: marker }: Event): Promise<void> {
    if (marker?.markerName !== LOCAL_ACTIVITY) return;
    const told: unknown = JSON.parse(Buffer.from(marker.details?.['data']?.payloads?.[0]?.data ?? []).toString());
    const { activity_type: type, activity_id: activityId } = Object(told) as Record<string, unknown>;
    const kind = KINDS.get(type);
    if (!kind || kind === 'before') return;
    const place = { ...this.place, type: 'activity', activityId: String(activityId), isLocal: true } as const;
    const { failure } = marker;
    const result = failure ? detailsOf(failure) : marker.details?.['result']?.payloads?.[0];
    const answer = result && (await this.openedIf(result, place));
    if (!failure) {
      if (isRecord(answer) && this.isOfThisRun(answer) && answer['notCalled'] === true) {
        // Attempts of lost tasks, which were counted then.
        const uncounted: unknown[] = Array.isArray(answer['uncounted']) ? answer['uncounted'] : [];
        for (const { at } of uncounted.filter(isRecord)) {
          this.lost.add(at);
          this.calls.attempts.push({ at: String(at) });
        }
        return;
      }
      this.own.tokenTaken();
    }
    if (kind === 'looks') return;
    if (failure && !counts(kind, isRecord(answer) ? answer['failure'] : undefined)) return;
    // The answer of an attempt whose task was lost, which was told of then. Another attempt may begin as the task of one before it ends.
    if (isRecord(answer) && this.lost.delete(answer['at'])) return;
    if (Number(failure?.timeoutFailureInfo?.timeoutType) === NOT_STARTED) return;
    this.calls[kind].push({ at: this.newest });
  }

  private async answerOfThisRun(
    result: Payload | null | undefined,
    place: SerializationContext,
  ): Promise<Record<string, unknown> | undefined> {
    const answer = result && (await this.openedIf(result, place));
    return isRecord(answer) && this.isOfThisRun(answer) ? answer : undefined;
  }

  /** The answer of an earlier run would not do: the workflow takes it for a lost one. */
  private isOfThisRun(answer: Record<string, unknown>): boolean {
    return answer['runId'] === this.runId;
  }

  /** What a failure means; undefined, which counts, where that cannot be read. */
  private async failureOf(failure: Failure, place: SerializationContext): Promise<unknown> {
    const details = detailsOf(failure);
    const opened = details && (await this.openedIf(details, place));
    return isRecord(opened) ? opened['failure'] : undefined;
  }

  /** Undefined for what does not open. */
  private async openedIf(payload: Payload, place: SerializationContext): Promise<unknown> {
    return await this.runs.open(payload, place).catch((error: unknown) => {
      if (mayPass(error)) throw error;
      return undefined;
    });
  }

  private async opened(payload: Payload | null | undefined): Promise<Record<string, unknown>> {
    const value = payload && (await this.runs.open(payload, this.place));
    if (!isRecord(value)) throw new Error('a message that is no object');
    return value;
  }
}

/**
 * What a run has counted of the runs before it; undefined where some counted as used up, since another look may read them, or
 * where it is no count.
 */
function countOf({ sends, attempts, endedVerified }: Record<string, unknown>): EarlierCalls | undefined {
  if (!areCalls(sends) || !areCalls(attempts) || sends.length >= POLICY_FIELDS.maxSends.most) return undefined;
  return { sends, attempts, endedVerified: endedVerified === true || undefined };
}

function areCalls(value: unknown): value is CountedCall[] {
  return Array.isArray(value) && value.every((call) => isRecord(call) && !Number.isNaN(Date.parse(String(call['at']))));
}

/** Sealed. */
function detailsOf(failure: Failure): Payload | undefined {
  return failure?.applicationFailureInfo?.details?.payloads?.[0];
}
