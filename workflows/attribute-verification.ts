/**
 * The lifecycle of one verification, top to bottom. It waits in one place, takes one thing at a time in the order that
 * `nextEvent` gives, and starts every timer, send, attempt and look there is; handlers.ts only leaves messages for it.
 * What it has started runs beside it: a call or an `await` more in sending.ts, attempting.ts or look-up.ts changes
 * histories as much as one here.
 */
import { isKeyMissing } from '@cognito-verification/codec/provenance';
import {
  getStatus,
  InvalidInputError,
  type ParsedRequest,
  parseRequest,
  type VerificationOutcome,
  type VerificationRequest,
  workflowIdFor,
} from '@cognito-verification/contract';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { Alarm } from './alarm.js';
import { Attempting } from './attempting.js';
import { awaitKey } from './await-key.js';
import { Confirming } from './confirming.js';
import { answerMessages, answerTheRest, refuseMessages } from './handlers.js';
import { nextEvent } from './policy.js';
import { failureOf, refused } from './refusals.js';
import { Sending } from './sending.js';
import { Verification } from './verification.js';

/** See `VerificationRequest` and `VerificationOutcome`; fails with Cognito's exception name where a person must look. */
export async function attributeVerification(request: VerificationRequest): Promise<VerificationOutcome> {
  const verification = openVerification(request);
  answerMessages(verification);
  try {
    const ending = await lifecycle(verification);
    verification.enter(ending.outcome);
    await finish(verification);
    return { ...ending, status: verification.status() };
  } catch (error) {
    const cancelled = isCancellation(error);
    // Anything else is a bug of ours: the task is tried again until a deploy mends it, and nothing is lost.
    if (!cancelled && !(error instanceof ApplicationFailure)) throw error;
    verification.enter(cancelled ? 'cancelled' : 'failed');
    await finish(verification);
    throw cancelled ? error : failureOf(verification);
  }
}

/** Refuses a request that nobody checked, as one that was typed into the Web UI. */
function openVerification(request: unknown): Verification {
  try {
    whileKeyIsMissing(request);
    awaitKey(request);
    const startedAtMs = workflowInfo().startTime.getTime();
    const parsed = parseRequest(request);
    refuseUnderOtherId(parsed);
    return new Verification(parsed, startedAtMs, request);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    setCurrentDetails(`**Refused**\n\n${error.message}.\n\n**Next:** start it again with a request that is right.`);
    const reason = refused(error.type, error.message, { field: error.field });
    refuseMessages(reason);
    throw reason;
  }
}

/** Whoever asks meanwhile is told what is missing. */
function whileKeyIsMissing(request: unknown): void {
  if (!isKeyMissing(request)) return;
  setCurrentDetails(`**Waiting for a key**\n\n${request.message}`);
  setHandler(getStatus, () => {
    throw new Error(request.message);
  });
}

/**
 * A request that was moved to another workflow would verify one user under the name of another; one that is started
 * under an id of its own would run beside the one open verification that there may be.
 */
function refuseUnderOtherId({ owner, attributeName }: ParsedRequest): void {
  const workflowId = workflowIdFor({ ...owner, attributeName });
  if (workflowInfo().workflowId === workflowId) return;
  throw new InvalidInputError('request', `belongs to the workflow id ${workflowId} and to no other`);
}

/** Nobody who waits for an answer is left without one, on whichever path it ends. */
async function finish(verification: Verification): Promise<void> {
  answerTheRest(verification);
  verification.show();
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
}

type Ending = Pick<VerificationOutcome, 'confirmedBy' | 'reference'> & { outcome: 'verified' | 'expired' };

async function lifecycle(verification: Verification): Promise<Ending> {
  const { mailbox, request } = verification;
  const deadline = new Alarm();
  deadline.set(verification.expiresAtMs, 'The verification expires');
  const confirming = new Confirming(verification);
  const sending = new Sending(verification);
  const attempting = new Attempting(verification);

  let lateCodeTaken = false;
  let deadlinePassed = false;

  const next = () =>
    nextEvent({
      confirmed: mailbox.confirmed,
      confirmation: request.policy.confirmation,
      lookup: confirming.state,
      attempt: attempting.state,
      send: sending.state,
      codesSubmitted: mailbox.codes.length,
      resendsRequested: mailbox.resends.length,
      deadlinePassed: deadlinePassed || deadline.rang,
      lateCodeTaken,
      codeAlreadySent: mailbox.alreadySent !== undefined,
      tokenOffered: mailbox.tokenOffered,
      sendDue: sending.due,
    });

  const verified = (confirmedBy: NonNullable<Ending['confirmedBy']>): Ending => ({
    outcome: 'verified',
    confirmedBy,
    ...(mailbox.reference ? { reference: mailbox.reference } : {}),
  });

  for (;;) {
    verification.show();
    await condition(() => next() !== undefined);
    // By the clock too: when no worker ran until after it, nothing is sent any more. But never in the condition, which a
    // message that its validator refuses has evaluated as well: that leaves no trace, and a replay would not come by here.
    deadlinePassed ||= deadline.rang || Date.now() >= verification.expiresAtMs;
    switch (next()) {
      case 'confirmed':
        if (request.policy.confirmation === 'trust') return verified('codeConfirmed');
        confirming.check();
        break;

      case 'attributeRead':
        if (confirming.settle()) return verified('codeConfirmed');
        break;

      case 'codeSubmitted':
        lateCodeTaken = deadlinePassed;
        attempting.take();
        break;

      case 'attemptSettled':
        if (attempting.settle()) return verified('submitCode');
        break;

      case 'sendDue':
        sending.start();
        break;

      case 'sendSettled':
        sending.settle();
        break;

      case 'resendRequested':
        sending.takeResend();
        break;

      case 'codeAlreadySent':
        sending.takeAlreadySent();
        break;

      case 'tokenOffered':
        mailbox.tokenOffered = false;
        if (verification.tokens.usable(Date.now()).length === 0) break;
        confirming.resume();
        sending.resume();
        break;

      case 'deadline':
        sending.cancel();
        if (await confirming.foundLate()) return verified('readAttribute');
        // It may have come while we looked.
        if (mailbox.confirmed && request.policy.confirmation === 'trust') return verified('codeConfirmed');
        return { outcome: 'expired' };
    }
  }
}
