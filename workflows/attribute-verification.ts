/**
 * The lifecycle of one verification, top to bottom. It waits in one place, takes one thing at a time in the order that
 * `nextEvent` gives, and starts every timer, send, attempt and look; handlers.ts only leaves messages for it. What it has
 * started runs beside it: a call or an `await` more in sends.ts, attempts.ts or looks.ts changes histories as much as one
 * here.
 */
import {
  InvalidInputError,
  type ParsedRequest,
  parseRequest,
  unstamped,
  type VerificationOutcome,
  type VerificationRequest,
  workflowIdFor,
} from '@cognito-verification/contract';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { answerMessages, answerTheRest, refuseMessages } from './handlers.js';
import { countEnd } from './metrics.js';
import { awaitKeyOfRequest } from './missing-key.js';
import { type Ending, nextEvent } from './policy.js';
import { failureOf, refused } from './refusals.js';
import { Stamps } from './stamps.js';
import { isChecked } from './standing.js';
import { Verification } from './verification.js';

/** See `VerificationRequest` and `VerificationOutcome`; fails with Cognito's exception name where a person must look. */
export async function attributeVerification(request: VerificationRequest): Promise<VerificationOutcome> {
  const verification = openVerification(request);
  answerMessages(verification);
  let ending: Ending;
  try {
    ending = await lifecycle(verification);
  } catch (error) {
    // Anything else is a bug of ours: Temporal tries the task again until a deploy mends it, and nothing is lost.
    if (!isCancellation(error)) throw error;
    ending = { outcome: 'cancelled', cancellation: error };
  }
  return await end(verification, ending);
}

async function lifecycle(verification: Verification): Promise<Ending> {
  const { deadline, looks, sends, attempts } = verification;
  verification.begin();
  for (;;) {
    verification.show();
    await condition(() => nextEvent(verification.facts) !== undefined);
    deadline.noteByClock();
    const event = nextEvent(verification.facts);
    let ending: Ending | undefined;
    // biome-ignore format: one line for each event, in the order in which `nextEvent` takes them
    switch (event) {
      case 'confirmed':       ending = looks.confirm();                   break; // trusted it ends, else a look is due
      case 'earlierCounted':  verification.takeEarlierCount();            break; // what they leave limits this one
      case 'attributeRead':   ending = looks.settle();                    break;
      case 'attemptSettled':  ending = attempts.settle();                 break;
      case 'codeSubmitted':   attempts.take(deadline.passed);             break;
      case 'sendSettled':     ending = sends.settle();                    break;
      case 'deadline':        ending = await verification.conclude();     break; // one last look, then `expired`
      case 'requestCounts':   verification.takeRequest();                 break; // its terms are in force, or tighten them
      case 'startedAgain':    ending = await verification.makeWay();      break; // `expired`, and the start opens another
      case 'lookDue':         looks.start();                              break;
      case 'codeAlreadySent': sends.takeAlreadySent();                    break;
      case 'tokenOffered':    verification.takeToken();                   break; // what waits for one goes on
      case 'resendRequested': sends.takeResend();                         break;
      case 'sendDue':         sends.start();                              break;
      case undefined:                                                     break; // past the deadline a call is awaited
      default:                event satisfies never;
    }
    if (ending) return ending;
  }
}

/**
 * Ends a verification, in whichever way, once every caller that still waits has its answer, and no value is with Cognito.
 * @throws ApplicationFailure when it failed, and the cancellation when it was cancelled
 */
async function end(verification: Verification, ending: Ending): Promise<VerificationOutcome> {
  const { reference } = verification.mailbox;
  verification.end(ending);
  answerTheRest(verification, ending);
  verification.show();
  await CancellationScope.nonCancellable(() => condition(() => allHandlersFinished() && !verification.changing));
  // With what has settled since.
  verification.show();
  const status = { ...verification.status(), stamp: verification.stamps.outcome };
  countEnd(verification, ending);
  switch (ending.outcome) {
    case 'verified':
      return { ...ending, reference, status };
    case 'alreadyVerified':
      return { outcome: ending.outcome, value: ending.value, reference, status };
    case 'expired':
      return { outcome: ending.outcome, reason: ending.reason, status };
    case 'failed':
      throw failureOf(status);
    case 'cancelled':
      throw ending.cancellation;
  }
}

/** Opens a verification, or refuses a request that was never checked, such as one that was typed into the Web UI. */
function openVerification(request: unknown): Verification {
  try {
    awaitKeyOfRequest(request);
    const run = workflowInfo();
    const parsed = parseRequest(unstamped(request).message);
    refuseUnderOtherId(parsed);
    refuseUncheckedChange(parsed, request);
    const stamps = new Stamps(request, run);
    if (stamps.wrongClock) log.warn(stamps.wrongClock);
    return new Verification(parsed, run.startTime.getTime(), stamps, request);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    setCurrentDetails(`**Refused**\n\n${error.message}.\n\n**Next:** start it again with a request that is right.`);
    const reason = refused(error.type, error.message, { field: error.field });
    refuseMessages(reason);
    throw reason;
  }
}

/** A stranger with a token of their own making would have the real user's token change the address to theirs. */
function refuseUncheckedChange({ newValue }: ParsedRequest, request: unknown): void {
  if (!newValue || isChecked(request)) return;
  throw new InvalidInputError(
    'newValue',
    'needs an access token whose signature the sender has checked (stamp.proven)',
  );
}

/**
 * A request that was moved to another workflow would verify one user under the name of another. One that is started under an
 * id of its own would run beside the one open verification that there may be.
 */
function refuseUnderOtherId({ owner, attributeName }: ParsedRequest): void {
  const workflowId = workflowIdFor({ ...owner, attributeName });
  if (workflowInfo().workflowId === workflowId) return;
  throw new InvalidInputError('request', `belongs to the workflow id ${workflowId} and to no other`);
}
