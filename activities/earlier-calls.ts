/** Counts the sends and attempts of earlier verifications of one user and attribute, from their histories. */
import {
  allUsedUp,
  awaitDelivery,
  type CountedCall,
  type EarlierCalls,
  errorName,
  FAILURE_TYPES,
  isRecord,
  LIMITS_WINDOW_MS,
  RUN_ID_FORM,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import { activityInfo, log } from '@temporalio/activity';
import type { Payload, SerializationContext } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { Answer } from './cognito.js';
import type { AttemptFailure, SendFailure } from './failures.js';

type Event = NonNullable<History['events']>[number];
type Failure = NonNullable<Event['activityTaskFailedEventAttributes']>['failure'];

export interface CountEarlierCallsInput extends Answer {
  /** The run before this verification. */
  previousRunId: string;
  /** When this verification was started, ISO 8601: every earlier one has ended by then. */
  startedAt: string;
}

export interface CountEarlierCallsResult extends Answer, EarlierCalls {}

/** What the workflow knows of other executions. */
export interface EarlierCallsActivities {
  /**
   * Reads the calls of the last hour in the run before this verification, in the one before that, and so on. Where a run
   * cannot be read, everything counts as used up at the last moment at which it can have been open.
   */
  countEarlierCalls(input: CountEarlierCallsInput): Promise<CountEarlierCallsResult>;
}

/** The histories of the namespace. */
export interface EarlierRuns {
  /** The events of one run, oldest first. Throws where there are none, or not in time. */
  events(run: { workflowId: string; runId: string }): AsyncIterable<Event>;
  /** What a payload holds. Throws where it does not open, or is of another place. */
  open(payload: Payload, place: SerializationContext): Promise<unknown>;
}

/** More runs than this within an hour are not read. */
const MOST_RUNS = 10;

/** Makes the activity. */
export function createEarlierCalls(runs: EarlierRuns): EarlierCallsActivities {
  return {
    async countEarlierCalls({ runId, previousRunId, startedAt }) {
      const { workflowExecution, namespace } = activityInfo();
      const place = { type: 'workflow', namespace, workflowId: workflowExecution?.workflowId ?? '' } as const;
      return { runId, ...(await countCalls(runs, place, { previousRunId, startedAt })) };
    },
  };
}

type Place = Extract<SerializationContext, { type: 'workflow' }>;

async function countCalls(
  runs: EarlierRuns,
  place: Place,
  { previousRunId, startedAt }: CountEarlierCallsInput,
): Promise<EarlierCalls> {
  const sinceMs = Date.parse(startedAt) - LIMITS_WINDOW_MS;
  const counted: { sends: CountedCall[]; attempts: CountedCall[] } = { sends: [], attempts: [] };
  const add = ({ sends, attempts }: EarlierCalls) => {
    counted.sends.push(...sends.filter(({ at }) => Date.parse(at) > sinceMs));
    counted.attempts.push(...attempts.filter(({ at }) => Date.parse(at) > sinceMs));
  };
  let runId: string | undefined = previousRunId;
  // The run in question has ended by then.
  let endedBy = startedAt;
  for (let read = 0; runId !== undefined && Date.parse(endedBy) > sinceMs; read += 1) {
    const run: EarlierRun | undefined = read < MOST_RUNS ? await readRun(runs, place, runId) : undefined;
    add(run ?? allUsedUp(endedBy));
    runId = run?.previousRunId;
    endedBy = run?.startedAt ?? endedBy;
  }
  return counted;
}

interface EarlierRun extends EarlierCalls {
  startedAt: string;
  previousRunId?: string | undefined;
}

async function readRun(runs: EarlierRuns, place: Place, runId: string): Promise<EarlierRun | undefined> {
  try {
    const reader = new RunReader(runs, place);
    for await (const event of runs.events({ workflowId: place.workflowId, runId })) await reader.take(event);
    return reader.run;
  } catch (error) {
    log.warn('An earlier run of this verification cannot be read, so that its limits count as used up', {
      earlierRunId: runId,
      reason: errorName(error),
    });
    return undefined;
  }
}

/** A call that the run has scheduled, until its end is read. */
interface ScheduledCall {
  kind: keyof EarlierCalls;
  place: SerializationContext;
}

/** The activities that count, and the failures after which a call does not count. */
const KINDS = new Map<unknown, keyof EarlierCalls>([
  ['sendCode', 'sends'],
  ['verifyCode', 'attempts'],
]);
const COUNTS: Record<keyof EarlierCalls, (failure: unknown) => boolean> = {
  sends: (failure) => !NO_MESSAGE.has(failure as SendFailure),
  attempts: (failure) => !NO_ATTEMPT.has(failure as AttemptFailure),
};
const NO_MESSAGE: ReadonlySet<SendFailure> = new Set<SendFailure>([
  'throttled',
  'unreachable',
  'rateLimited',
  'accessTokenRejected',
  'undeliverable',
  'blocked',
  'failed',
]);
const NO_ATTEMPT: ReadonlySet<AttemptFailure> = new Set<AttemptFailure>([
  'throttled',
  'unreachable',
  'accessTokenRejected',
  'blocked',
]);

/** `TIMEOUT_TYPE_SCHEDULE_TO_START`: no worker had the call. */
const NOT_STARTED = 2;

/** Reads one run, event by event. What it reads is only believed where the seal opens. */
class RunReader {
  private readonly calls = { sends: [] as CountedCall[], attempts: [] as CountedCall[] };
  private readonly open = new Map<string, ScheduledCall>();
  /** Messages of Cognito's own that starts have told of, by the event of the update. */
  private readonly told = new Map<string, CountedCall>();
  private started: { at: string; previousRunId?: string | undefined } | undefined;
  /** The start says its own delivery a second time, in its update. */
  private saidAlready: unknown;
  private newest = '';

  constructor(
    private readonly runs: EarlierRuns,
    private readonly place: Place,
  ) {}

  /** Throws unless the whole history was read. */
  get run(): EarlierRun {
    if (!this.started) throw new Error('a history without its start');
    // A call without an end was cut off by the end of the run, and may have had its effect.
    const cutOff = (kind: keyof EarlierCalls) =>
      [...this.open.values()].filter((call) => call.kind === kind).map(() => ({ at: this.newest }));
    return {
      startedAt: this.started.at,
      previousRunId: this.started.previousRunId,
      sends: [...this.calls.sends, ...this.told.values(), ...cutOff('sends')],
      attempts: [...this.calls.attempts, ...cutOff('attempts')],
    };
  }

  async take(event: Event): Promise<void> {
    this.newest = new Date(tsToMs(event.eventTime)).toISOString();
    if (event.workflowExecutionStartedEventAttributes) await this.takeStart(event);
    if (event.workflowExecutionUpdateAcceptedEventAttributes) await this.takeUpdate(event);
    if (event.workflowExecutionUpdateCompletedEventAttributes) this.takeAnswer(event);
    if (event.activityTaskScheduledEventAttributes) this.takeCall(event);
    await this.takeEnd(event);
  }

  private async takeStart({ workflowExecutionStartedEventAttributes: started }: Event): Promise<void> {
    if (started?.workflowType?.name !== WORKFLOW_TYPE) throw new Error('another workflow');
    const request = await this.opened(started.input?.payloads?.[0]);
    const { previousRunId, alreadySent } = request;
    const isRunId = typeof previousRunId === 'string' && RUN_ID_FORM.test(previousRunId);
    this.started = { at: this.newest, previousRunId: isRunId ? previousRunId : undefined };
    this.saidAlready = alreadySent ?? undefined;
    if (this.saidAlready) this.calls.sends.push({ at: this.newest });
  }

  /** A start that joined may have told of a code that Cognito had sent by itself. */
  private async takeUpdate({
    eventId,
    workflowExecutionUpdateAcceptedEventAttributes: accepted,
  }: Event): Promise<void> {
    const input = accepted?.acceptedRequest?.input;
    if (input?.name !== awaitDelivery.name) return;
    const { alreadySent } = await this.opened(input.args?.payloads?.[0]);
    const isSaidTwice = isSame(alreadySent, this.saidAlready);
    this.saidAlready = undefined;
    if (alreadySent && !isSaidTwice) this.told.set(String(eventId), { at: this.newest });
  }

  /** A start that has ended a verification without attempts left tells its message to the next one. */
  private takeAnswer({ workflowExecutionUpdateCompletedEventAttributes: answered }: Event): void {
    const isRefused = answered?.outcome?.failure?.applicationFailureInfo?.type === FAILURE_TYPES.verificationEnded;
    if (isRefused) this.told.delete(String(answered?.acceptedEventId));
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
    if (failed && !COUNTS[call.kind](await this.failureOf(failed.failure, call.place))) return;
    if (Number(timedOut?.failure?.timeoutFailureInfo?.timeoutType) === NOT_STARTED) return;
    if (canceled && !Number(canceled.startedEventId ?? 0)) return;
    this.calls[call.kind].push({ at: this.newest });
  }

  /** What a failure means; undefined, which counts, where that cannot be read. */
  private async failureOf(failure: Failure, place: SerializationContext): Promise<unknown> {
    const details = failure?.applicationFailureInfo?.details?.payloads?.[0];
    const opened = details && (await this.runs.open(details, place).catch(() => undefined));
    return isRecord(opened) ? opened['failure'] : undefined;
  }

  private async opened(payload: Payload | null | undefined): Promise<Record<string, unknown>> {
    const value = payload && (await this.runs.open(payload, this.place));
    if (!isRecord(value)) throw new Error('a message that is no object');
    return value;
  }
}

function isSame(one: unknown, other: unknown): boolean {
  return (
    isRecord(one) &&
    isRecord(other) &&
    one['destination'] === other['destination'] &&
    one['deliveryMedium'] === other['deliveryMedium']
  );
}
