/** The contents of a history, opened with its key and put in order: the basis for measuring edges. */
import { type KeyRing, open } from '@cognito-verification/codec';
import {
  type ListedState,
  SEARCH_ATTRIBUTES,
  type VerificationOutcome,
  type VerificationRequest,
} from '@cognito-verification/contract';
import type { Payload } from '@temporalio/common';
import type { History } from '../../temporal/proto-json.js';

type Event = NonNullable<History['events']>[number];
type Payloads = NonNullable<Event['workflowExecutionStartedEventAttributes']>['input'];
type ProtoFailure = NonNullable<NonNullable<Event['workflowExecutionFailedEventAttributes']>['failure']>;

/** A failure in a history, opened. */
export interface ReadFailure {
  /** The type of an `ApplicationFailure`; for a time-out `TemporalTimeout:` and the number of its kind. */
  type: string;
  message: string;
  details: readonly unknown[];
  cause?: ReadFailure;
}

/** The answer to an update or an activity. */
interface Answered {
  value?: unknown;
  failure?: ReadFailure;
}

export type Step =
  | { kind: 'task' }
  | { kind: 'call'; activity: string; call: string; input: unknown; summary: unknown }
  /** `local`: that of a local activity, which comes with its workflow task. */
  | ({ kind: 'answer'; activity: string; call: string; local?: true } & Answered)
  /** One try of an activity that was tried again. */
  | { kind: 'try'; activity: string; failure: ReadFailure }
  | { kind: 'timer'; summary: unknown }
  | { kind: 'rang'; summary: unknown }
  | { kind: 'state'; state: ListedState }
  | { kind: 'update'; name: string; id: string; input: unknown }
  | ({ kind: 'updateAnswer'; name: string; id: string } & Answered)
  /** Two with the same `sealed` are copies. */
  | { kind: 'signal'; name: string; input: unknown; sealed: string }
  | { kind: 'cancel' }
  | ({ kind: 'end'; how: 'completed' | 'failed' | 'cancelled' } & Answered);

/** A part of what Temporal's Core writes into the marker of a local activity. */
interface LocalActivity {
  activity_type: string;
}

/** One history, opened. */
export interface Reading {
  /** Undefined if it cannot be opened or is not a request. */
  request: VerificationRequest | undefined;
  steps: readonly Step[];
  /** The result of the completed workflow. */
  outcome: VerificationOutcome | undefined;
}

/**
 * Opens a history.
 * @throws what the codec throws; an input that is unreadable on purpose becomes undefined instead
 */
export async function readHistory(history: History, keys: KeyRing): Promise<Reading> {
  const events = history.events ?? [];
  const opener = new Opener(keys);
  const steps: Step[] = [];
  for (const event of events) steps.push(...(await opener.stepsOf(event)));
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const request = (await opener.input(started?.input)) as VerificationRequest | undefined;
  const end = steps.find((step) => step.kind === 'end');
  return { request, steps, outcome: end?.value as VerificationOutcome | undefined };
}

/** Opens the payloads of one history, and keeps what its later events refer to. */
class Opener {
  private readonly calls = new Map<string, { activity: string }>();
  private readonly timers = new Map<string, unknown>();
  private readonly updates = new Map<string, { name: string; id: string }>();

  constructor(private readonly keys: KeyRing) {}

  /** Returns no step for events that say nothing about the lifecycle. */
  async stepsOf(event: Event): Promise<Step[]> {
    const id = String(event.eventId);
    const summary = await this.value(event.userMetadata?.summary);
    if (event.workflowTaskCompletedEventAttributes) return [{ kind: 'task' }];
    if (event.timerStartedEventAttributes) {
      this.timers.set(id, summary);
      return [{ kind: 'timer', summary }];
    }
    if (event.timerFiredEventAttributes) {
      return [{ kind: 'rang', summary: this.timers.get(String(event.timerFiredEventAttributes.startedEventId)) }];
    }
    if (event.workflowExecutionCancelRequestedEventAttributes) return [{ kind: 'cancel' }];
    return [
      ...(await this.activitySteps(event, id, summary)),
      ...(await this.messageSteps(event, id)),
      ...(await this.ends(event)),
    ];
  }

  private async activitySteps(event: Event, id: string, summary: unknown): Promise<Step[]> {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const activity = scheduled.activityType?.name ?? '';
      this.calls.set(id, { activity });
      return [{ kind: 'call', call: id, activity, input: await this.input(scheduled.input), summary }];
    }
    const attributes = event.activityTaskStartedEventAttributes;
    if (attributes?.lastFailure) {
      const { activity } = this.callOf(attributes.scheduledEventId);
      return [{ kind: 'try', activity, failure: await this.failure(attributes.lastFailure) }];
    }
    if (event.markerRecordedEventAttributes)
      return await this.localSteps(event.markerRecordedEventAttributes, id, summary);
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) {
      const value = await this.input(completed.result);
      return [{ kind: 'answer', ...this.callOf(completed.scheduledEventId), value }];
    }
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (!failed?.failure) return [];
    const call = this.callOf(failed.scheduledEventId);
    const failure = await this.failure(failed.failure);
    // An exhausted budget has the failure of the last try as its cause.
    const last: Step[] = failure.cause ? [{ kind: 'try', activity: call.activity, failure: failure.cause }] : [];
    return [...last, { kind: 'answer', ...call, failure }];
  }

  /** The call and its answer. Where a worker did not make the call there is none. */
  private async localSteps(
    { details, failure: failed }: NonNullable<Event['markerRecordedEventAttributes']>,
    call: string,
    summary: unknown,
  ): Promise<Step[]> {
    const told = JSON.parse(Buffer.from(details?.['data']?.payloads?.[0]?.data ?? []).toString()) as LocalActivity;
    const activity = told.activity_type;
    const value = await this.input(details?.['result']);
    if ((value as { notCalled?: true } | undefined)?.notCalled) return [];
    const answer = failed ? { failure: await this.failure(failed) } : { value };
    return [
      { kind: 'call', call, activity, input: undefined, summary },
      { kind: 'answer', call, activity, local: true, ...answer },
    ];
  }

  private async messageSteps(event: Event, id: string): Promise<Step[]> {
    const accepted = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
    if (accepted) {
      const update = { name: accepted.input?.name ?? '', id: accepted.meta?.updateId ?? '' };
      this.updates.set(id, update);
      return [{ kind: 'update', ...update, input: await this.input(accepted.input?.args) }];
    }
    const answered = event.workflowExecutionUpdateCompletedEventAttributes;
    if (answered) {
      const update = this.updates.get(String(answered.acceptedEventId)) ?? { name: '', id: '' };
      const { success, failure } = answered.outcome ?? {};
      const answer = failure
        ? { failure: await this.failure(failure) }
        : { value: await this.value(success?.payloads?.[0]) };
      return [{ kind: 'updateAnswer', ...update, ...answer }];
    }
    const signaled = event.workflowExecutionSignaledEventAttributes;
    if (signaled) {
      const sealed = Buffer.from(signaled.input?.payloads?.[0]?.data ?? []).toString('base64');
      return [{ kind: 'signal', name: signaled.signalName ?? '', input: await this.input(signaled.input), sealed }];
    }
    const set = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
    const state = set?.[SEARCH_ATTRIBUTES.state];
    if (!state) return [];
    // Search attributes are never sealed.
    return [{ kind: 'state', state: JSON.parse(Buffer.from(state.data ?? []).toString()) as ListedState }];
  }

  private async ends(event: Event): Promise<Step[]> {
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) return [{ kind: 'end', how: 'completed', value: await this.value(completed.result?.payloads?.[0]) }];
    const failed = event.workflowExecutionFailedEventAttributes;
    if (failed) return [{ kind: 'end', how: 'failed', failure: await this.failure(failed.failure ?? {}) }];
    return event.workflowExecutionCanceledEventAttributes ? [{ kind: 'end', how: 'cancelled' }] : [];
  }

  private callOf(scheduledEventId: unknown): { activity: string; call: string } {
    const call = String(scheduledEventId);
    return { call, activity: this.calls.get(call)?.activity ?? '' };
  }

  /** Opens the input of a sender who may have had no key. */
  async input(payloads: Payloads): Promise<unknown> {
    return await this.value(payloads?.payloads?.[0]).catch(() => undefined);
  }

  private async value(payload: Payload | null | undefined): Promise<unknown> {
    if (!payload) return undefined;
    const { data } = await open(payload, this.keys);
    return data && data.length > 0 ? JSON.parse(Buffer.from(data).toString()) : undefined;
  }

  private async failure(failure: ProtoFailure): Promise<ReadFailure> {
    const common = (await this.value(failure.encodedAttributes)) as { message?: string } | undefined;
    const info = failure.applicationFailureInfo;
    const details = await Promise.all((info?.details?.payloads ?? []).map((one) => this.value(one)));
    const timeout = failure.timeoutFailureInfo;
    return {
      type: timeout ? `TemporalTimeout:${String(timeout.timeoutType)}` : (info?.type ?? ''),
      message: common?.message ?? failure.message ?? '',
      details,
      ...(failure.cause ? { cause: await this.failure(failure.cause) } : {}),
    };
  }
}
