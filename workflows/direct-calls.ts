/**
 * The three calls to Cognito as the workflow's own worker makes them, past the task queue of calls: once each. Each
 * ends with a verdict, as the calls in cognito-calls.ts do, or with `notCalled`; then one of those takes over.
 */
import { isRecord } from '@cognito-verification/contract';
import {
  type ActivityOptions,
  ApplicationFailure,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { DirectActivities, UncountedAttempt } from '../activities/cognito.js';
import type { AttemptFailure, SendFailure } from '../activities/failures.js';
import {
  type Attempt,
  type AttemptVerdict,
  HEARTBEAT_TIMEOUT,
  inputOf,
  type LookAt,
  ofEachSend,
  type ReadVerdict,
  readOf,
  type Send,
  type SendVerdict,
  sentOf,
  turnOf,
  verdictOf,
} from './cognito-calls.js';
import { iso } from './policy.js';

/**
 * A direct call is made once, and soon: what waits longer goes by the task queue of calls. A message that arrives meanwhile waits
 * for it, since it is a part of the workflow task.
 */
const DIRECT = {
  scheduleToStartTimeout: '1 second',
  startToCloseTimeout: '3 seconds',
  scheduleToCloseTimeout: '4 seconds',
  retry: { maximumAttempts: 1 },
} satisfies LocalActivityOptions;

/** So long an attempt by a local activity takes at most, with a moment for the way. */
export const LONGEST_DIRECT_MS = 5_000;

/** A direct send is made once. If it does not begin soon, no worker had it, and the task queue of calls takes over. */
const DIRECT_SEND = {
  scheduleToStartTimeout: '5 seconds',
  scheduleToCloseTimeout: '1 minute',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { maximumAttempts: 1 },
} satisfies ActivityOptions;

/**
 * Sends a code directly: by an activity on the workflow's own task queue, which the worker starts together with the end of the
 * workflow task. It is made once, and a lost answer counts as for any other send.
 * @param summary what the Web UI shows beside the activity
 */
export function sendCodeDirectly(
  { recordAttribute, unlessVerified, clientMetadata, ...send }: Send,
  summary: string,
): Promise<SendVerdict | NotMade> {
  // A change is never made directly.
  const { newValue: _, replaceAtOnce: __, ...call } = send;
  const input = { ...inputOf(call), recordAttribute, unlessVerified, clientMetadata };
  const options = { ...DIRECT_SEND, ...ofEachSend(call), ...turnOf(call.owner, 'sends'), summary };
  return verdictOf<Awaited<ReturnType<DirectActivities['sendCode']>>, DirectSend, SendFailure>(
    input,
    () => proxyActivities<DirectActivities>(options).sendCode(input),
    (answer) => ('notCalled' in answer ? NOT_MADE : sentOf(answer)),
  );
}

type DirectSend = NotMade | ReturnType<typeof sentOf>;

/** What a direct attempt is asked with besides. */
interface DirectAttempt extends Attempt {
  /** The update that brought the code. */
  updateId: string;
  /** The updates whose attempts are counted. */
  counted: readonly string[];
  /** Cognito is not to be asked, only what the worker process knows. */
  rememberedOnly: boolean;
}

/**
 * Checks a code directly: by a local activity, whose answer is stored only together with the end of the workflow task. So the
 * call may be repeated without anybody knowing.
 * @returns `notCalled` where it certainly had no effect, so that the task queue of calls takes over, unless there are attempts to
 *   be counted first
 */
export async function verifyCodeDirectly(
  { code, target, updateId, counted, rememberedOnly, ...call }: DirectAttempt,
  summary: string,
): Promise<AttemptVerdict | NotMade> {
  const ids = counted.map((id) => ({ updateId: id }));
  const at = iso(Date.now());
  const input = { ...inputOf(call), target, code: code.reveal(), updateId, at, counted: ids, rememberedOnly };
  const verdict = await verdictOf<Awaited<ReturnType<DirectActivities['verifyCode']>>, DirectVerdict, AttemptFailure>(
    input,
    () => inTime(proxyLocalActivities<DirectActivities>({ ...DIRECT, summary }).verifyCode(input)),
    (answer) =>
      'notCalled' in answer
        ? { ...NOT_MADE, uncounted: answer.uncounted }
        : { verdict: 'accepted', attribute: answer.attribute, at: answer.at },
  );
  return verdict.verdict === 'throttled' || verdict.verdict === 'unreachable' ? NOT_MADE : verdict;
}

/** No direct call was made, or one that had no effect. */
interface NotMade {
  verdict: 'notCalled';
  /** Attempts of lost workflow tasks. */
  uncounted?: readonly UncountedAttempt[] | undefined;
}
const NOT_MADE: NotMade = { verdict: 'notCalled' };
type DirectVerdict = NotMade | Extract<AttemptVerdict, { verdict: 'accepted' }>;

/**
 * Looks at the attribute directly, by a local activity.
 * @param summary what the Web UI shows beside the activity
 * @returns `notCalled` where the look did not succeed, and the task queue of calls takes over
 */
export async function readAttributeDirectly(
  { target, proves, newValue, ...call }: LookAt,
  summary: string,
): Promise<Extract<ReadVerdict, { verdict: 'read' | 'accessTokenRejected' }> | NotMade> {
  const input = { ...inputOf(call), target, proves, newValue: newValue?.reveal() };
  const verdict = await verdictOf<Awaited<ReturnType<DirectActivities['readAttribute']>>, DirectLook, AttemptFailure>(
    input,
    () => inTime(proxyLocalActivities<DirectActivities>({ ...DIRECT, summary }).readAttribute(input)),
    (answer) => ('notCalled' in answer ? NOT_MADE : readOf(answer)),
  );
  return verdict.verdict === 'read' || verdict.verdict === 'accessTokenRejected' ? verdict : NOT_MADE;
}

type DirectLook = NotMade | Extract<ReadVerdict, { verdict: 'read' }>;

/**
 * Hands the end of a local activity on in the workflow task that will hold what comes of it. Core (of SDK 1.24) hands an end to the
 * workflow a task late if a query was under way. If that task is lost, every replay has the end a task earlier, and loses the answer to
 * an update that is given with it: the server then takes no workflow task of this verification any more. A second local activity ends
 * in the right task, unless there is a query in that one too: then another one follows.
 */
async function inTime<Result>(ending: Promise<Result>): Promise<Result> {
  let [end]: PromiseSettledResult<unknown>[] = await Promise.allSettled([ending]);
  for (let notes = 0; isLate(end) && notes < MOST_NOTES; notes++) {
    const { noteEnd } = proxyLocalActivities<DirectActivities>({ ...DIRECT, summary: 'Notes the end' });
    [end] = await Promise.allSettled([noteEnd()]);
  }
  return await ending;
}

/** Each stands for a query in one more task in a row. */
const MOST_NOTES = 10;

/** A time-out says nothing, so that it counts as late. */
function isLate(end: PromiseSettledResult<unknown> | undefined): boolean {
  if (!end) return false;
  if (end.status === 'fulfilled') return isRecord(end.value) && end.value['late'] === true;
  const { reason } = end;
  const details: unknown = reason instanceof ApplicationFailure ? reason.details?.[0] : undefined;
  return !isRecord(details) || details['late'] === true;
}
