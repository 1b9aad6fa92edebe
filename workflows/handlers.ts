/**
 * The messages that a verification takes. Handlers post and await a verdict. They issue no commands, so the order of the
 * history is the order in which the lifecycle reads. Validators refuse without a trace in the history. The lifecycle
 * decides again on what they let through, since two messages can pass them side by side.
 */
import {
  awaitDelivery,
  codeConfirmed,
  deliveryTold,
  FAILURE_TYPES,
  getStatus,
  InvalidInputError,
  isRecord,
  parseAwaitDelivery,
  parseCodeConfirmed,
  parseRenewAccessToken,
  parseResendCode,
  parseSubmitCode,
  type ResendCodeInput,
  renewAccessToken,
  resendCode,
  Secret,
  submitCode,
  type TokenInput,
  tokenInputOf,
} from '@cognito-verification/contract';
import { type ApplicationFailure, CancellationScope, condition, log, setHandler } from '@temporalio/workflow';
import { resendRefusal } from './limits.js';
import type { Post } from './mailbox.js';
import { awaitKey } from './missing-key.js';
import { type Ending } from './policy.js';
import {
  attemptsExhausted,
  codeNotSent,
  ended,
  failureOf,
  refused,
  resendNotAllowed,
  tooManyMessages,
} from './refusals.js';
import type { Verification } from './verification.js';

/**
 * Sets every handler. Must run before the workflow's first `await`: an update that finds none is refused.
 *
 * A validator has checked what reaches a handler. The handler does not check it again: a replay skips validators, and a
 * check that has changed since would tell another story than the history.
 */
export function answerMessages(verification: Verification): void {
  setHandler(getStatus, () => verification.status(), { description: 'Where the verification stands.' });
  takeCodeConfirmed(verification);
  answerAwaitDelivery(verification);
  answerSubmitCode(verification);
  answerResendCode(verification);
  answerRenewAccessToken(verification);
}

function takeCodeConfirmed(verification: Verification): void {
  const { mailbox, copies } = verification;
  setHandler(
    codeConfirmed,
    (input: unknown) => {
      awaitKey(input);
      // The sender of a signal cannot be told.
      const leftOut = (what: string, error: unknown) => {
        if (!(error instanceof InvalidInputError)) throw error;
        log.warn(`${what} was left out: ${error.message}`);
      };
      try {
        refuseCopy(verification, input, 'codeConfirmed');
        const { reference, tokenInput, ignored } = parseCodeConfirmed(input);
        copies.note(input);
        mailbox.reference = reference ?? mailbox.reference;
        mailbox.confirmed = true;
        if (ignored) leftOut('The access token of a confirmation', ignored);
        offer(verification, tokenInput);
      } catch (error) {
        leftOut(mailbox.confirmed ? 'The access token of a confirmation' : 'A confirmation', error);
      }
    },
    { description: 'Cognito has accepted the code already, in a call that the sender made itself.' },
  );
}

function answerAwaitDelivery(verification: Verification): void {
  const { mailbox, tokens, earlier, sends, attempts, looks } = verification;
  setHandler(
    awaitDelivery,
    async (input) => {
      takeIn(verification, input);
      // Of a recorded message too, only what a status may hold.
      const sent = input?.alreadySent && deliveryTold(input.alreadySent.destination, input.alreadySent.deliveryMedium);
      // The start tells it to the verification that it then opens.
      if (attempts.usedUp && !looks.codeAccepted) mailbox.startedAgain = true;
      else if (sent && !sends.saidTwice(sent)) mailbox.alreadySent = sent;
      offer(verification, tokenInputOf(input));
      const taken = () => !tokens.announced && !mailbox.alreadySent && !mailbox.startedAgain;
      const answerable = () => sends.firstSettled && earlier.state === 'none' && taken();
      await settled(() => verification.ended || answerable());
      const status = verification.status();
      if (status.reason === 'AttemptsExhausted') throw ended(status);
      if (status.failure) throw failureOf(status);
      return status;
    },
    {
      description: 'Answers once the first send is settled: where the code was sent, or what it waits for.',
      validator: refusing(verification, (input) => {
        if (mailbox.full) throw tooManyMessages();
        checkToken(verification, parseAwaitDelivery(input).tokenInput);
      }),
    },
  );
}

function answerSubmitCode(verification: Verification): void {
  const { mailbox, request, sends, attempts, looks } = verification;
  setHandler(
    submitCode,
    async (input) => {
      takeIn(verification, input);
      const submitted = { code: new Secret(input.code), tokenInput: tokenInputOf(input) };
      const { result, retryAt } = await verdictOn(submitted, mailbox.codes);
      return { result, retryAt, status: verification.status() };
    },
    {
      description: 'Checks the code that the user typed.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        checkToken(verification, parseSubmitCode(input, request.policy.codeFormat).tokenInput);
        if (attempts.usedUp && !looks.codeAccepted) throw attemptsExhausted(request.policy, verification.status());
        // While a first send is under way its code may be in the user's hands already.
        if (sends.records.counted.length === 0 && !sends.sending) throw codeNotSent();
      }),
    },
  );
}

function answerResendCode(verification: Verification): void {
  const { mailbox } = verification;
  setHandler(
    resendCode,
    async (input) => {
      takeIn(verification, input);
      offer(verification, tokenInputOf(input));
      await verdictOn({ clientMetadata: metadataOf(input) }, mailbox.resends);
      return verification.status();
    },
    {
      description: 'Sends another code, unless in the cool-down or past the limit.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        if (mailbox.full) throw tooManyMessages();
        const { tokenInput } = parseResendCode(input);
        checkToken(verification, tokenInput);
        const facts = verification.resendFacts;
        const refusal = resendRefusal({ ...facts, hasToken: facts.hasToken || tokenInput !== undefined }, Date.now());
        if (refusal) throw resendNotAllowed(refusal);
      }),
    },
  );
}

/** The entries that are texts: other languages write `null` for an entry that is not set. */
function metadataOf(input: ResendCodeInput | undefined): Record<string, string> | undefined {
  if (!isRecord(input?.clientMetadata)) return undefined;
  return Object.fromEntries(Object.entries(input.clientMetadata).filter(([, entry]) => typeof entry === 'string'));
}

function answerRenewAccessToken(verification: Verification): void {
  const { mailbox, tokens } = verification;
  setHandler(
    renewAccessToken,
    async (input) => {
      takeIn(verification, input);
      const tokenInput = tokenInputOf(input);
      if (tokenInput) tokens.renew(tokenInput, Date.now());
      tokens.announce();
      await settled(() => verification.ended || !tokens.announced);
      return verification.status();
    },
    {
      description: 'Brings a fresh access token of the same user, or a reference to one.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        if (mailbox.full) throw tooManyMessages();
        const given = parseRenewAccessToken(input);
        if (tokens.usable(Date.now(), { given }).length === 0) {
          throw new InvalidInputError('accessToken', 'has expired', FAILURE_TYPES.accessTokenRefused);
        }
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

function takeIn({ mailbox, copies }: Verification, input: unknown): void {
  awaitKey(input);
  mailbox.countUpdate();
  copies.note(input);
}

function offer({ tokens }: Verification, tokenInput: TokenInput | undefined): void {
  if (!tokenInput) return;
  tokens.offer(tokenInput, Date.now());
  tokens.announce();
}

function refuseIfEnded(verification: Verification): void {
  // Past the deadline only what was posted before it is still answered.
  if (verification.ended || Date.now() >= verification.deadline.atMs) throw ended(verification.status());
}

function checkToken({ tokens }: Verification, tokenInput: TokenInput | undefined): void {
  if (tokenInput) tokens.check(tokenInput);
}

/** Turns what the contract's parsers throw into what may leave a handler. */
function refusing(verification: Verification, check: (input: unknown) => void): (input?: unknown) => void {
  return (input) => {
    try {
      check(input);
      refuseCopy(verification, input, 'input');
    } catch (error) {
      throw error instanceof InvalidInputError ? refused(error.type, error.message, { field: error.field }) : error;
    }
  };
}

/** A refused message leaves no trace in the history, so the log tells of the try. */
function refuseCopy({ copies }: Verification, input: unknown, message: string): void {
  try {
    copies.refuse(input, message);
  } catch (error) {
    log.warn(`Refused a message: ${String(error)}`);
    throw error;
  }
}

/** Posts an input, and waits for the verdict or the refusal. */
async function verdictOn<Input, Verdict>(input: Input, box: Post<Input, Verdict>[]): Promise<Verdict> {
  const posted: Post<Input, Verdict> = { input, atMs: Date.now() };
  box.push(posted);
  await settled(() => posted.verdict !== undefined || posted.refusal !== undefined);
  if (posted.refusal) throw posted.refusal;
  return posted.verdict as Verdict;
}

/** Not cancelled with the workflow: a cancellation answers the callers that wait, it does not drop them. */
function settled(condition_: () => boolean): Promise<void> {
  return CancellationScope.nonCancellable(() => condition(condition_));
}
