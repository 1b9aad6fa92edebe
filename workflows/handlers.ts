/**
 * The messages that a verification takes. Handlers post and await a verdict. They issue no commands, so the order of the
 * history is the order in which the lifecycle reads. Validators refuse without a trace in the history. The lifecycle
 * decides again on what they let through, since two messages can pass them side by side.
 */
import {
  awaitDelivery,
  codeConfirmed,
  getStatus,
  InvalidInputError,
  parseAwaitDelivery,
  parseCodeConfirmed,
  parseRenewAccessToken,
  parseResendCode,
  parseSubmitCode,
  policyOf,
  renewAccessToken,
  resendCode,
  Secret,
  submitCode,
  unstamped,
} from '@cognito-verification/contract';
import { type ApplicationFailure, currentUpdateInfo, log, setHandler } from '@temporalio/workflow';
import { answering, refusing } from './answering.js';
import { resendRefusal } from './limits.js';
import { awaitKey } from './missing-key.js';
import type { Ending } from './policy.js';
import { offer, takeIn, untilSettled, verdictOn } from './posting.js';
import { attemptsExhausted, codeNotSent, ended, failureOf, resendNotAllowed, tooManyMessages } from './refusals.js';
import { checkToken, isChecked, refuseTooMany, standingOf } from './standing.js';
import { claimOf, metadataOf } from './terms.js';
import type { Verification } from './verification.js';

/**
 * Sets every handler. Must run before the workflow's first `await`: an update that finds none is refused.
 *
 * A validator has checked what reaches a handler. The handler does not check it again: a replay skips validators, and a
 * check that has changed since would tell another story than the history.
 */
export function answerMessages(verification: Verification): void {
  answerGetStatus(verification);
  takeCodeConfirmed(verification);
  answerAwaitDelivery(verification);
  answerSubmitCode(verification);
  answerResendCode(verification);
  answerRenewAccessToken(verification);
}

function answerGetStatus(verification: Verification): void {
  const { stamps } = verification;
  setHandler(
    getStatus,
    (input: unknown) => {
      stamps.check(input, 'getStatus');
      return { ...verification.status(), stamp: stamps.answerTo(input, 'getStatus') };
    },
    { description: 'Where the verification stands.' },
  );
}

function takeCodeConfirmed(verification: Verification): void {
  const { mailbox, terms, stamps } = verification;
  setHandler(
    codeConfirmed,
    (input: unknown) => {
      awaitKey(input);
      let taking = 'A confirmation';
      // The sender of a signal cannot be told.
      const leftOut = (error: unknown) => {
        if (!(error instanceof InvalidInputError)) throw error;
        log.warn(`${taking} was left out: ${error.message}`);
      };
      try {
        const { runId } = stamps.check(input, 'codeConfirmed');
        if (runId === undefined && terms.policy.confirmation === 'trust') {
          throw new InvalidInputError('stamp.runId', 'is missing: a confirmation that is trusted must name its run');
        }
        const { reference, tokenInput, ignored } = parseCodeConfirmed(unstamped(input).message);
        stamps.refuseCopy(input);
        mailbox.reference = reference ?? mailbox.reference;
        mailbox.confirmed = true;
        taking = 'The access token of a confirmation';
        if (ignored) leftOut(ignored);
        offer(verification, tokenInput && verification.tokens.of(tokenInput, isChecked(input)));
      } catch (error) {
        leftOut(error);
      }
    },
    { description: 'Cognito has accepted the code already, in a call that the sender made itself.' },
  );
}

function answerAwaitDelivery(verification: Verification): void {
  const { mailbox, earlier, tokens, sends, terms, opening } = verification;
  const { attributeName } = verification.request;
  setHandler(
    awaitDelivery,
    answering(verification, awaitDelivery, async (input) => {
      const { token, standing } = takeIn(verification, input);
      const opened = opening.cameWith(input);
      // The update that comes with the request only repeats it.
      const claim = opened === true ? undefined : claimOf(input, attributeName, Date.now());
      // It has ended, and stays open only until a value that is with Cognito is settled.
      const isLate = claim !== undefined && verification.ended;
      // Nothing is sent or checked any more that would tell whether the token counts, and only then the next one may begin.
      const wantsLook = claim !== undefined && (verification.exhausted || verification.isOfAnotherValue(claim));
      offer(verification, token, claim, wantsLook);
      const counting = () => (token && tokens.counts(token) ? claim : undefined);
      if (isLate && counting()) verification.takeLateRequest(claim);
      const makesWay = () => mailbox.startedAgain || mailbox.superseded;
      const taken = () => !verification.tokenAwaitsItsTurn && !mailbox.alreadySent && !makesWay();
      const isSettled = () => sends.firstSettled && earlier.state === 'none' && taken();
      const isOver = () => verification.ended && !verification.changing;
      await untilSettled(verification, standing, () => isOver() || (!verification.ended && isSettled()));
      const status = verification.status();
      if (verification.makesWayFor(counting(), isLate)) throw ended(status);
      if (status.failure) throw failureOf(status);
      return { ...status, joined: opened === undefined ? undefined : !opened, policy: policyOf(terms.policy) };
    }),
    {
      description: 'Answers once the first send is settled: where the code was sent, or what it waits for.',
      validator: refusing(verification, 'awaitDelivery', (input, checked) => {
        const { tokenInput } = parseAwaitDelivery(input, attributeName);
        checkToken(tokens, tokenInput);
        refuseTooMany(verification, tokenInput, checked);
      }),
    },
  );
}

function answerSubmitCode(verification: Verification): void {
  const { mailbox, tokens, sends, terms } = verification;
  setHandler(
    submitCode,
    answering(verification, submitCode, async (input) => {
      const { token, standing } = takeIn(verification, input);
      const updateId = currentUpdateInfo()?.id ?? '';
      const submitted = { code: new Secret(input.code), updateId, given: token };
      const { result, retryAt } = await verdictOn(verification, standing, submitted, mailbox.codes);
      return { result, retryAt, status: verification.status() };
    }),
    {
      description: 'Checks the code that the user typed.',
      validator: refusing(verification, 'submitCode', (input, checked) => {
        refuseIfEnded(verification);
        const { tokenInput } = parseSubmitCode(input, terms.policy.codeFormat);
        if (tokenInput) tokens.check(tokenInput);
        const standing = standingOf(tokenInput && tokens.of(tokenInput, checked));
        if (mailbox.spent(standing) || mailbox.crowded(standing)) throw tooManyMessages(standing);
        const isLost = verification.attempts.isLost(currentUpdateInfo()?.id);
        if (verification.exhausted && !isLost) throw attemptsExhausted(terms.policy, verification.status());
        // While a first send is under way its code may be in the user's hands already.
        if (sends.records.nothingSent && !sends.sending) throw codeNotSent(sends.facts.retryAtMs);
      }),
    },
  );
}

function answerResendCode(verification: Verification): void {
  const { mailbox, tokens } = verification;
  setHandler(
    resendCode,
    answering(verification, resendCode, async (input) => {
      const { token, standing } = takeIn(verification, input);
      offer(verification, token);
      const wanted = { clientMetadata: token && metadataOf(input), given: token };
      await verdictOn(verification, standing, wanted, mailbox.resends);
      return verification.status();
    }),
    {
      description: 'Sends another code, unless in the cool-down or past the limit.',
      validator: refusing(verification, 'resendCode', (input, checked) => {
        refuseIfEnded(verification);
        const { tokenInput, clientMetadata } = parseResendCode(input);
        if (clientMetadata && !tokenInput) throw new InvalidInputError('clientMetadata', METADATA_NEEDS_TOKEN);
        checkToken(tokens, tokenInput);
        refuseTooMany(verification, tokenInput, checked);
        if (tokenInput && mailbox.crowded(standingOf(tokens.of(tokenInput, checked))))
          throw tooManyMessages('unproven');
        const facts = verification.resendFacts;
        const refusal = resendRefusal({ ...facts, hasToken: facts.hasToken || tokenInput !== undefined }, Date.now());
        if (refusal) throw resendNotAllowed(refusal);
      }),
    },
  );
}

const METADATA_NEEDS_TOKEN =
  'needs an accessToken or an accessTokenReference beside it, since it goes out with that one only. The clientMetadata of a start goes out with every send';

function answerRenewAccessToken(verification: Verification): void {
  const { tokens } = verification;
  setHandler(
    renewAccessToken,
    answering(verification, renewAccessToken, async (input) => {
      const { token, standing } = takeIn(verification, input);
      if (token) tokens.renew(token, Date.now());
      tokens.announce();
      await untilSettled(verification, standing, () => verification.ended || !verification.tokenAwaitsItsTurn);
      return verification.status();
    }),
    {
      description: 'Brings a fresh access token of the same user, or a reference to one.',
      validator: refusing(verification, 'renewAccessToken', (input, checked) => {
        refuseIfEnded(verification);
        const tokenInput = parseRenewAccessToken(input);
        checkToken(tokens, tokenInput);
        refuseTooMany(verification, tokenInput, checked);
      }),
    },
  );
}

/** Refuses every message with the reason for which the verification could not begin. */
export function refuseMessages(reason: ApplicationFailure): void {
  const refuse = (..._input: unknown[]): never => {
    throw reason;
  };
  for (const update of [awaitDelivery, submitCode, resendCode, renewAccessToken]) {
    setHandler(update, refuse, { validator: refuse });
  }
  setHandler(getStatus, refuse);
}

/** Answers everything that is still open when the verification has ended. */
export function answerTheRest(verification: Verification, { outcome }: Ending): void {
  const status = verification.status();
  for (const open of verification.attempts.unanswered) {
    if (outcome === 'verified') open.verdict = { result: 'verified' };
    else open.refusal = outcome === 'failed' ? failureOf(status) : ended(status);
  }
  for (const open of verification.sends.unanswered) {
    if (outcome === 'failed') open.refusal = failureOf(status);
    else open.verdict = 'settled';
  }
}

function refuseIfEnded(verification: Verification): void {
  // Past the deadline only what was posted before it is still answered.
  if (verification.ended || Date.now() >= verification.deadline.atMs) throw ended(verification.status());
}
