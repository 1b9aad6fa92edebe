/**
 * The three calls to Cognito as the lifecycle makes them: their budgets and their priority. Nothing here throws but
 * a cancellation and the lack of a key: every other end of a call is a verdict.
 */
import {
  type AttributeName,
  CALL_FAILURE_TYPES,
  type CodeDelivery,
  cognitoTaskQueue,
  fairnessKeysOf,
  type Secret,
  TOKEN_SOURCE_TIMEOUT_MS,
  type TokenInput,
  tokenFields,
  type UserKey,
  type VerificationStatus,
} from '@cognito-verification/contract';
import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  type ActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { AttributeSnapshot, AwaitedValue } from '../activities/attribute-snapshot.js';
import type {
  AlreadyVerified,
  Answer,
  CognitoActivities,
  CognitoCall,
  NotCalled,
  SendCodeResult,
} from '../activities/cognito.js';
import type { AttemptFailure, SendFailure } from '../activities/failures.js';
import { answerTo, type FailedCall, verdictOnFailure } from './call-end.js';

/** What every call needs. */
export interface Call {
  owner: UserKey;
  attributeName: AttributeName;
  tokenInput: TokenInput;
  /** The key of the digest of the value, once an activity has made it. */
  salt: string | undefined;
}

/** A call that waits until Cognito shows this value as verified. */
interface Awaiting {
  target: AwaitedValue | undefined;
}

/** A look. */
export interface LookAt extends Call, Awaiting {
  /** This value, shown as verified, proves that a code was right. */
  proves: AwaitedValue | undefined;
  /** The value that the attribute is to get, of which the look tells the digest. */
  newValue: Secret | undefined;
}

/** How a send ended. */
export type SendVerdict =
  | {
      verdict: 'sent';
      delivery: CodeDelivery;
      attribute?: AttributeSnapshot | undefined;
      oldValue?: VerificationStatus['oldValue'];
    }
  /** Nothing was sent: the attribute was verified before. */
  | { verdict: 'alreadyVerified'; attribute: AttributeSnapshot }
  | FailedCall<SendFailure>;

/** How an attempt ended. */
export type AttemptVerdict =
  | { verdict: 'accepted'; attribute?: AttributeSnapshot | undefined; at?: string | undefined }
  | FailedCall<AttemptFailure>;

/** How a look at the attribute ended. */
export type ReadVerdict = { verdict: 'read'; attribute: AttributeSnapshot } | FailedCall<AttemptFailure>;

// "The request left, the answer did not come": Temporal would run the activity again after these time-outs, and each
// run is one more message to a person, or one more attempt. The third is how Core ends a call that a worker cuts off
// when its grace time is over; the last, an answer that could not be sealed.
const NEVER_REPEATED = [
  'TemporalTimeout:StartToClose',
  'TemporalTimeout:Heartbeat',
  'WorkerShutdown',
  'NotSealedError',
];

/** A heartbeat comes every 5 s, so that the death of a worker shows after 15 s instead of the whole time-out. */
export const HEARTBEAT_TIMEOUT = '15 seconds';

const UNREPEATABLE = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  // The delays come from the activity (`nextRetryDelay`), with a jitter that a retry policy has not.
  retry: { initialInterval: '1 second', nonRetryableErrorTypes: NEVER_REPEATED },
} satisfies ActivityOptions;

/**
 * How long a call rides out throttling and outages; a person waits for an attempt. A try that is cut off by it counts as
 * unknown. The wait for a worker has a limit of its own, so that "no worker took it" is told apart from "a worker may have had
 * it".
 */
export const SEND_BUDGET = { scheduleToCloseTimeout: '10 minutes', scheduleToStartTimeout: '9 minutes' } as const;
/** The same of an attempt, unless less is left of the answer to its code. */
export const MOST_FOR_ATTEMPT_MS = 60_000;
/** How much of the budget of an attempt may be over before a worker takes it. */
export const MOST_FOR_START = 0.75;

// The AWS SDK gives up a request after 22 s, and the look at the attribute before a send after 3 s. The guard has 2 s to answer, and 2 s
// to take back a message that did not leave.
const CALL_MS = 30_000;

// A look, the change, another look, and where the pool sends no code by itself a send.
const CHANGE_MS = 60_000;

// The activity gives up a look after 4 s.
const READ_MS = 5_000;

// The activity reads again for so long while the attribute does not show what an accepted code has done.
const AWAIT_VERIFIED_MS = 10_000;

/** How long a look at the attribute may take: a moment where a person waits for what comes after it. */
export const READ_BUDGET_MS = { patient: 20_000, quick: 5_000 } as const;

/** A code to be sent. */
export interface Send extends Call {
  recordAttribute: boolean;
  unlessVerified: boolean | undefined;
  /** The value that the attribute is to get. */
  newValue: Secret | undefined;
  replaceAtOnce: boolean | undefined;
  clientMetadata: Record<string, string> | undefined;
}

/** @param summary what the Web UI shows beside the activity */
export function sendCode(
  { recordAttribute, unlessVerified, newValue, replaceAtOnce, clientMetadata, ...call }: Send,
  summary: string,
): Promise<SendVerdict> {
  const change = { newValue: newValue?.reveal(), replaceAtOnce };
  const input = { ...inputOf(call), recordAttribute, unlessVerified, ...change, clientMetadata };
  const longer = newValue ? { startToCloseTimeout: CHANGE_MS + resolvingMs(call) } : {};
  const options = { ...UNREPEATABLE, ...SEND_BUDGET, ...ofEachSend(call), ...longer, summary };
  return verdictOf(
    input,
    () => cognitoWorker<CognitoActivities>(call.owner, 'sends', options).sendCode(input),
    newValue ? changedOf : sentOf,
  );
}

/** The verdict of a send that Cognito has taken, or that was not needed. */
export function sentOf(answer: SendCodeResult | AlreadyVerified): Exclude<SendVerdict, FailedCall<SendFailure>> {
  const { attribute } = answer;
  return 'alreadyVerified' in answer
    ? { verdict: 'alreadyVerified', attribute: answer.attribute }
    : { verdict: 'sent', delivery: answer.delivery, attribute, oldValue: answer.oldValue };
}

/** An older worker knows nothing of a new value, and sends to the old one. */
export function changedOf(answer: SendCodeResult | AlreadyVerified): SendVerdict {
  if (answer.attribute?.newValueDigest !== undefined) return sentOf(answer);
  const message =
    'The worker that made the call is too old to change a value. Deploy the workers before a start has newValue.';
  return { verdict: 'failed', failure: { type: CALL_FAILURE_TYPES.workerTooOld, message } };
}

/** What a direct send and a governed one have in common. */
export function ofEachSend(call: Call): Pick<ActivityOptions, 'startToCloseTimeout' | 'cancellationType'> {
  return {
    startToCloseTimeout: CALL_MS + resolvingMs(call),
    // The deadline cancels a send, and its message may leave while the last look is made: the list must have it.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
}

/** A code to be checked. */
export interface Attempt extends Call, Awaiting {
  code: Secret;
}

/**
 * @param summary what the Web UI shows beside the activity
 * @param withinMs how long it may take at most, if that is less than usual
 */
export function verifyCode(
  { code, target, ...call }: Attempt,
  summary: string,
  withinMs: number,
): Promise<AttemptVerdict> {
  const input = { ...inputOf(call), target, code: code.reveal() };
  const budgetMs = Math.min(MOST_FOR_ATTEMPT_MS, withinMs);
  const options = {
    ...UNREPEATABLE,
    scheduleToCloseTimeout: budgetMs,
    scheduleToStartTimeout: budgetMs * MOST_FOR_START,
    startToCloseTimeout: CALL_MS + AWAIT_VERIFIED_MS + resolvingMs(call),
    summary,
  };
  return verdictOf(
    input,
    () => cognitoWorker<CognitoActivities>(call.owner, 'attempts', options).verifyCode(input),
    ({ attribute }) => ({ verdict: 'accepted' as const, attribute }),
  );
}

/** How long a look may take. */
export interface LookBudget {
  /** Default `patient`. */
  budget?: keyof typeof READ_BUDGET_MS | undefined;
  /** At most so long. Default: as long as the budget says. */
  withinMs?: number | undefined;
}

/** The verdict of a look that has succeeded. */
export function readOf({
  verified,
  valueDigest,
  newValueDigest,
  salt,
  destination,
}: AttributeSnapshot): Extract<ReadVerdict, { verdict: 'read' }> {
  return { verdict: 'read', attribute: { verified, valueDigest, newValueDigest, salt, destination } };
}

/** @param summary what the Web UI shows beside the activity */
export function readAttribute(
  { target, proves, newValue, ...call }: LookAt,
  summary: string,
  { budget = 'patient', withinMs = Number.POSITIVE_INFINITY }: LookBudget = {},
): Promise<ReadVerdict> {
  const input = { ...inputOf(call), target, proves, newValue: newValue?.reveal() };
  const options = {
    summary,
    scheduleToCloseTimeout: Math.min(READ_BUDGET_MS[budget] + resolvingMs(call), withinMs),
    // Reading changes nothing, so Temporal repeats it after any failure.
    startToCloseTimeout: READ_MS + (target ? AWAIT_VERIFIED_MS : 0) + resolvingMs(call),
    retry: { initialInterval: '1 second' },
  } satisfies ActivityOptions;
  return verdictOf(
    input,
    () => cognitoWorker<CognitoActivities>(call.owner, 'attempts', options).readAttribute(input),
    readOf,
  );
}

/** Makes a call, and reads what came of it. */
export async function verdictOf<Result extends Answer | NotCalled, Taken, Failure extends SendFailure | AttemptFailure>(
  input: CognitoCall,
  call: () => Promise<Result>,
  taken: (answer: Result) => Taken,
): Promise<Taken | FailedCall<Failure>> {
  try {
    return taken(answerTo(input, await call()));
  } catch (error) {
    return verdictOnFailure<Failure>(error);
  }
}

/** The input as it crosses the border: the token is in plain text from here to the payload codec, and nowhere else. */
export function inputOf({ owner, attributeName, tokenInput, salt }: Call): CognitoCall {
  // The first run's id, not the current one's: a reset makes another run, and earlier answers still hold.
  const runId = workflowInfo().firstExecutionRunId;
  return { ...owner, attributeName, runId, salt, ...tokenFields(tokenInput) };
}

/** Lengthens each try, and a look. The budgets of a send and an attempt are for tries, so they stay. */
function resolvingMs({ tokenInput }: Call): number {
  return tokenInput.accessToken ? 0 : TOKEN_SOURCE_TIMEOUT_MS;
}

/** The activities of the workers that call Cognito. */
export function cognitoWorker<Activities extends object>(
  owner: UserKey,
  turn: Turn,
  options: ActivityOptions,
): ActivityInterfaceFor<Activities> {
  return proxyActivities<Activities>({
    taskQueue: cognitoTaskQueue(workflowInfo().taskQueue),
    ...turnOf(owner, turn),
    ...options,
  });
}

/** Whose turn a call takes. Looks are few, and somebody waits for most of them. */
type Turn = keyof ReturnType<typeof fairnessKeysOf>;

/** No priorities: a flood of the more urgent calls would stop all others. */
export function turnOf({ userPoolId }: UserKey, turn: Turn): Pick<ActivityOptions, 'priority'> {
  return { priority: { fairnessKey: fairnessKeysOf(userPoolId)[turn] } };
}
