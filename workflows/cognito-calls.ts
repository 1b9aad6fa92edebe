/**
 * The three calls to Cognito as the lifecycle makes them: their budgets, their priority, and what their failures mean.
 * Nothing here throws but a cancellation: every other end of a call is a verdict.
 */
import {
  type AttributeName,
  CALL_FAILURE_TYPES,
  type CodeDelivery,
  cognitoTaskQueue,
  type Secret,
  TOKEN_SOURCE_TIMEOUT_MS,
  type TokenInput,
  tokenFields,
  type UserKey,
  type VerificationFailure,
} from '@cognito-verification/contract';
import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { FailureDetails } from '../activities/call-failure.js';
import type { Answer, CognitoActivities, CognitoCall } from '../activities/cognito.js';
import type { AttemptFailure, SendFailure } from '../activities/failures.js';
import { awaitKey } from './missing-key.js';

/** What every call needs. */
interface Call {
  owner: UserKey;
  attributeName: AttributeName;
  tokenInput: TokenInput;
}

/** How a send ended. `attribute` is as it was before the send. */
export type SendVerdict = ({ verdict: 'sent'; delivery: CodeDelivery } | FailedCall<SendFailure>) & {
  attribute?: AttributeSnapshot | undefined;
};

/** How an attempt ended. */
export type AttemptVerdict = { verdict: 'verified' } | FailedCall<AttemptFailure>;

/** How a look at the attribute ended. */
export type ReadVerdict = { verdict: 'read'; attribute: AttributeSnapshot } | FailedCall<AttemptFailure>;

// Spread over the union, so that a verdict tells its type.
type FailedCall<Failure> = Failure extends unknown
  ? { verdict: Failure; failure: VerificationFailure; dailyEmailLimit?: true | undefined }
  : never;

// "The request left, the answer did not come": Temporal would run the activity again after these time-outs, and each
// run is one more message to a person, or one more attempt. The third is how Core ends a call that a worker cuts off
// when its grace time is over; the last, an answer that could not be sealed.
const NEVER_REPEATED = [
  'TemporalTimeout:StartToClose',
  'TemporalTimeout:Heartbeat',
  'WorkerShutdown',
  'NotSealedError',
];

const UNREPEATABLE = {
  // A heartbeat comes every 5 s, so that the death of a worker shows after 15 s instead of the whole time-out.
  heartbeatTimeout: '15 seconds',
  // The delays come from the activity (`nextRetryDelay`), with a jitter that a retry policy has not.
  retry: { initialInterval: '1 second', nonRetryableErrorTypes: NEVER_REPEATED },
} satisfies ActivityOptions;

/**
 * How long a call rides out throttling and outages; a person waits for an attempt. A try that is cut off by it counts as
 * unknown. The wait for a worker has a limit of its own, below, so that "no worker took it" is told apart from "a worker may have
 * had it".
 */
const BUDGET = {
  send: { scheduleToCloseTimeout: '10 minutes', scheduleToStartTimeout: '9 minutes' },
  attempt: { scheduleToCloseTimeout: '1 minute', scheduleToStartTimeout: '45 seconds' },
} as const;

// The AWS SDK gives up a request after 22 s, and the look at the attribute before a send after 3 s.
const CALL_MS = 30_000;

// The activity gives up a look after 4 s.
const READ_MS = 5_000;

/** How long a look at the attribute may take: a moment where a person waits for what comes after it. */
const READ_BUDGET_MS = { patient: 20_000, quick: 5_000 } as const;

/** Temporal's priority keys: 1 is the most urgent. A waiting person's attempt goes before anybody's send. */
const PRIORITY = { attempt: 1, read: 2, send: 3 } as const;

/** @param summary what the Web UI shows beside the activity */
export async function sendCode(
  {
    recordAttribute,
    clientMetadata,
    ...call
  }: Call & { recordAttribute: boolean; clientMetadata: Record<string, string> | undefined },
  summary: string,
): Promise<SendVerdict> {
  const activities = cognito(call.owner, PRIORITY.send, {
    ...UNREPEATABLE,
    ...BUDGET.send,
    startToCloseTimeout: CALL_MS + resolvingMs(call),
    summary,
  });
  try {
    const input = { ...inputOf(call), recordAttribute, clientMetadata };
    const { delivery, attribute } = answerTo(input, await activities.sendCode(input));
    return { verdict: 'sent', delivery, attribute };
  } catch (error) {
    return { ...failed<SendFailure>(error), attribute: detailsOf<SendFailure>(error)?.attribute };
  }
}

/** @param summary what the Web UI shows beside the activity */
export async function verifyCode({ code, ...call }: Call & { code: Secret }, summary: string): Promise<AttemptVerdict> {
  const activities = cognito(call.owner, PRIORITY.attempt, {
    ...UNREPEATABLE,
    ...BUDGET.attempt,
    startToCloseTimeout: CALL_MS + resolvingMs(call),
    summary,
  });
  try {
    const input = { ...inputOf(call), code: code.reveal() };
    answerTo(input, await activities.verifyCode(input));
    return { verdict: 'verified' };
  } catch (error) {
    return failed<AttemptFailure>(error);
  }
}

/** @param summary what the Web UI shows beside the activity */
export async function readAttribute(
  call: Call,
  summary: string,
  budget: keyof typeof READ_BUDGET_MS = 'patient',
): Promise<ReadVerdict> {
  const activities = cognito(call.owner, PRIORITY.read, {
    summary,
    scheduleToCloseTimeout: READ_BUDGET_MS[budget] + resolvingMs(call),
    // Reading changes nothing, so it is repeated whatever became of it.
    startToCloseTimeout: READ_MS + resolvingMs(call),
    retry: { initialInterval: '1 second' },
  });
  try {
    const input = inputOf(call);
    const { verified, valueDigest } = answerTo(input, await activities.readAttribute(input));
    return { verdict: 'read', attribute: { verified, valueDigest } };
  } catch (error) {
    return failed<AttemptFailure>(error);
  }
}

/** The input as it crosses the border: the token is in plain from here to the payload codec, and nowhere else. */
function inputOf({ owner, attributeName, tokenInput }: Call): CognitoCall {
  // Not the run's own: after a reset it is another one, and the answers of before are still true.
  const runId = workflowInfo().firstExecutionRunId;
  return { ...owner, attributeName, runId, ...tokenFields(tokenInput) };
}

/** Lengthens each try, and a look; the budgets of a send and an attempt, which are for tries, stay. */
function resolvingMs({ tokenInput }: Call): number {
  return tokenInput.accessToken ? 0 : TOKEN_SOURCE_TIMEOUT_MS;
}

function cognito({ userPoolId }: UserKey, priorityKey: number, options: ActivityOptions) {
  return proxyActivities<CognitoActivities>({
    taskQueue: cognitoTaskQueue(workflowInfo().taskQueue),
    // One flooding pool must not hold up the others.
    priority: { priorityKey, fairnessKey: userPoolId },
    ...options,
  });
}

/** The call was made, and what came back cannot be its answer. */
class AnswerLost extends Error {}

/** An activity can be completed by anyone who may write to the namespace, but with an answer of this run only by a worker. */
function answerTo<Result extends Answer>({ runId }: CognitoCall, answer: Result): Result {
  awaitKey(answer);
  if (answer instanceof Error) throw new AnswerLost(answer.message);
  if (typeof answer !== 'object' || answer === null) throw new AnswerLost('none');
  if (answer.runId !== runId) throw new AnswerLost('that of an earlier verification');
  return answer;
}

function failed<Failure extends SendFailure | AttemptFailure>(error: unknown): FailedCall<Failure> {
  if (error instanceof AnswerLost) {
    return {
      verdict: 'uncertain',
      failure: { type: CALL_FAILURE_TYPES.answerLost, message: `What came back from the call is ${error.message}.` },
    } as FailedCall<Failure>;
  }
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const details = detailsOf<Failure>(error);
  if (details && error.cause instanceof ApplicationFailure) {
    return {
      verdict: details.failure,
      failure: { type: error.cause.type ?? 'Error', message: error.cause.message },
      dailyEmailLimit: details.dailyEmailLimit,
    } as FailedCall<Failure>;
  }
  if (error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START') {
    const queue = cognitoTaskQueue(workflowInfo().taskQueue);
    return {
      verdict: 'unreachable',
      failure: {
        type: CALL_FAILURE_TYPES.noWorker,
        message: `No worker took the call from the task queue ${queue} in time.`,
      },
    } as FailedCall<Failure>;
  }
  // A time-out while a worker had it, a dead worker, or an error of ours in the activity: it may have had its effect.
  return {
    verdict: 'uncertain',
    failure: { type: error.cause?.name ?? 'Error', message: error.cause?.message ?? error.message },
  } as FailedCall<Failure>;
}

function detailsOf<Failure>(error: unknown): FailureDetails<Failure> | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const details = cause instanceof ApplicationFailure ? awaitKey(cause.details?.[0]) : undefined;
  return details && typeof details === 'object' && 'failure' in details
    ? (details as FailureDetails<Failure>)
    : undefined;
}
