/**
 * The three calls to Cognito as the lifecycle makes them: their budgets, their priority, and what their failures mean.
 * Nothing here throws but a cancellation: every other end of a call is a verdict.
 */
import { type CodeDelivery, cognitoTaskQueue, type VerificationFailure } from '@cognito-verification/contract';
import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  AttributeSnapshot,
  CognitoActivities,
  CognitoCall,
  FailureDetails,
  SendCodeInput,
  VerifyCodeInput,
} from '../activities/cognito.js';
import type { AttemptFailure, SendFailure } from '../activities/failures.js';

/** How a send ended. `attribute` is as it was before the send. */
export type SendVerdict = ({ verdict: 'sent'; delivery: CodeDelivery } | FailedCall<SendFailure>) & {
  attribute?: AttributeSnapshot;
};

/** How an attempt ended. */
export type AttemptVerdict = { verdict: 'verified' } | FailedCall<AttemptFailure>;

/** How a look at the attribute ended. */
export type ReadVerdict = { verdict: 'read'; attribute: AttributeSnapshot } | FailedCall<AttemptFailure>;

interface FailedCall<Failure> {
  verdict: Failure;
  failure: VerificationFailure;
  dailyEmailLimit?: true;
}

// The AWS SDK gives up a request after 22 s, and the look at the attribute before a send after 3 s. A heartbeat comes
// every 5 s, so that the death of a worker shows after 15 s instead of the whole time-out.
const START_TO_CLOSE = '30 seconds';
const HEARTBEAT_TIMEOUT = '15 seconds';

// "The request left, the answer did not come": Temporal would run the activity again after these time-outs, and each
// run is one more message to a person, or one more attempt.
const NEVER_REPEATED = ['TemporalTimeout:StartToClose', 'TemporalTimeout:Heartbeat'];

// The delays come from the activity (`nextRetryDelay`), with a jitter that a retry policy has not.
const RETRY = { initialInterval: '1 second', nonRetryableErrorTypes: NEVER_REPEATED } as const;

/** How long a send rides out throttling and outages. What runs into it has sent nothing. */
const SEND_BUDGET = '10 minutes';

/** A person waits for this one. */
const ATTEMPT_BUDGET = '1 minute';

/** How long a look at the attribute may take: a moment where a person waits for what comes after it. */
const READ_BUDGET = { patient: '20 seconds', quick: '5 seconds' } as const;

/** Temporal's priority keys: 1 is the most urgent. A waiting person's attempt goes before anybody's send. */
const PRIORITY = { attempt: 1, read: 2, send: 3 } as const;

/** @param summary what the Web UI shows beside the activity */
export async function sendCode(input: SendCodeInput, summary: string): Promise<SendVerdict> {
  const { sendCode: call } = cognito(input.userPoolId, PRIORITY.send, {
    summary,
    // Its own limit, so that "no worker took it" is told apart from "a worker may have sent it".
    scheduleToStartTimeout: SEND_BUDGET,
    scheduleToCloseTimeout: '11 minutes',
  });
  try {
    const { delivery, attribute } = await call(input);
    return { verdict: 'sent', delivery, ...(attribute ? { attribute } : {}) };
  } catch (error) {
    const details = detailsOf<SendFailure>(error);
    return { ...failed<SendFailure>(error), ...(details?.attribute ? { attribute: details.attribute } : {}) };
  }
}

/** @param summary what the Web UI shows beside the activity */
export async function verifyCode(input: VerifyCodeInput, summary: string): Promise<AttemptVerdict> {
  const { verifyCode: call } = cognito(input.userPoolId, PRIORITY.attempt, {
    summary,
    scheduleToStartTimeout: ATTEMPT_BUDGET,
    scheduleToCloseTimeout: '90 seconds',
  });
  try {
    await call(input);
    return { verdict: 'verified' };
  } catch (error) {
    return failed<AttemptFailure>(error);
  }
}

/** @param summary what the Web UI shows beside the activity */
export async function readAttribute(
  input: CognitoCall,
  summary: string,
  budget: keyof typeof READ_BUDGET = 'patient',
): Promise<ReadVerdict> {
  const { readAttribute: call } = cognito(input.userPoolId, PRIORITY.read, {
    summary,
    scheduleToCloseTimeout: READ_BUDGET[budget],
    // Reading changes nothing, so it may be repeated whatever became of it.
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '1 second' },
  });
  try {
    return { verdict: 'read', attribute: await call(input) };
  } catch (error) {
    return failed<AttemptFailure>(error);
  }
}

function cognito(userPoolId: string, priorityKey: number, options: ActivityOptions) {
  return proxyActivities<CognitoActivities>({
    taskQueue: cognitoTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: START_TO_CLOSE,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    retry: RETRY,
    // One flooding pool must not hold up the others.
    priority: { priorityKey, fairnessKey: userPoolId },
    ...options,
  });
}

function failed<Failure extends SendFailure | AttemptFailure>(error: unknown): FailedCall<Failure> {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const details = detailsOf<Failure>(error);
  if (details && error.cause instanceof ApplicationFailure) {
    return {
      verdict: details.failure,
      failure: { type: error.cause.type ?? 'Error', message: error.cause.message },
      ...(details.dailyEmailLimit ? { dailyEmailLimit: true } : {}),
    };
  }
  if (error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START') {
    const queue = cognitoTaskQueue(workflowInfo().taskQueue);
    return {
      verdict: 'unreachable' as Failure,
      failure: { type: 'NoWorker', message: `No worker took the call from the task queue ${queue} in time.` },
    };
  }
  // A time-out while a worker had it, a dead worker, or an error of ours in the activity: it may have had its effect.
  return {
    verdict: 'uncertain' as Failure,
    failure: { type: error.cause?.name ?? 'Error', message: error.cause?.message ?? error.message },
  };
}

function detailsOf<Failure>(error: unknown): FailureDetails<Failure> | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const details = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
  return details && typeof details === 'object' && 'failure' in details
    ? (details as FailureDetails<Failure>)
    : undefined;
}
