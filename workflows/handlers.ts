/**
 * The messages that a verification takes. Handlers post and await a verdict; they issue no commands, so the order of
 * the history is the order in which the lifecycle reads. Validators refuse without a trace in the history; what they
 * let through the lifecycle decides again, since two messages can pass them side by side.
 */
import {
  awaitDelivery,
  codeConfirmed,
  FAILURE_TYPES,
  getStatus,
  InvalidInputError,
  parseAwaitDelivery,
  parseCodeConfirmed,
  parseRenewAccessToken,
  parseResendCode,
  parseSubmitCode,
  renewAccessToken,
  resendCode,
  Secret,
  submitCode,
  type TokenInput,
  tokenInputOf,
} from '@cognito-verification/contract';
import { type ApplicationFailure, CancellationScope, condition, log, setHandler } from '@temporalio/workflow';
import { awaitKey } from './await-key.js';
import type { Post } from './mailbox.js';
import { countedSends, resendRefusal } from './policy.js';
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

/** Sets every handler. Must run before the workflow's first `await`: an update that finds none is refused. */
export function answerMessages(verification: Verification): void {
  const { mailbox, request, tokens, copies } = verification;

  // What reaches a handler has passed its validator. It is not checked again: a replay skips validators, and a check
  // that has changed since would tell another story than the history.
  const offer = (tokenInput: TokenInput | undefined) => {
    if (!tokenInput) return;
    tokens.offer(tokenInput, Date.now());
    mailbox.tokenOffered = true;
  };

  const takeIn = (input: unknown) => {
    awaitKey(input);
    verification.updates += 1;
    copies.note(input);
  };

  setHandler(getStatus, () => verification.status(), { description: 'Where the verification stands.' });

  setHandler(
    codeConfirmed,
    (input: unknown) => {
      awaitKey(input);
      try {
        refuseCopy(verification, input, 'codeConfirmed');
        mailbox.reference = parseCodeConfirmed(input).reference ?? mailbox.reference;
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        // A signal has nobody to refuse it to.
        log.warn(`A confirmation was left out: ${error.message}`);
        return;
      }
      copies.note(input);
      mailbox.confirmed = true;
    },
    { description: 'Cognito has accepted the code already, in a call that the sender made itself.' },
  );

  setHandler(
    awaitDelivery,
    async (input) => {
      takeIn(input);
      if (input?.alreadySent) mailbox.alreadySent = input.alreadySent;
      offer(tokenInputOf(input));
      const answerable = () => verification.firstSendSettled && !mailbox.tokenOffered && !mailbox.alreadySent;
      await settled(() => verification.ended || answerable());
      if (verification.state === 'failed') throw failureOf(verification);
      return verification.status();
    },
    {
      description: 'Answers once the first send is settled: where the code was sent, or what it waits for.',
      validator: refusing(verification, (input) => {
        refuseIfTooMany(verification);
        checkToken(verification, parseAwaitDelivery(input).tokenInput);
      }),
    },
  );

  setHandler(
    submitCode,
    async (input) => {
      takeIn(input);
      const tokenInput = tokenInputOf(input);
      const submitted = { code: new Secret(input.code), ...(tokenInput ? { tokenInput } : {}) };
      const { result, retryAt } = await verdictOf(post(mailbox.codes, submitted));
      return { result, ...(retryAt ? { retryAt } : {}), status: verification.status() };
    },
    {
      description: 'Checks the code that the user typed.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        checkToken(verification, parseSubmitCode(input, request.policy.codeFormat).tokenInput);
        if (verification.attemptsLeft === 0) throw attemptsExhausted(verification);
        // While a first send is under way its code may be in the user's hands already.
        if (countedSends(verification.sends).length === 0 && verification.state !== 'sending') throw codeNotSent();
      }),
    },
  );

  setHandler(
    resendCode,
    async (input) => {
      takeIn(input);
      offer(tokenInputOf(input));
      const clientMetadata = input?.clientMetadata;
      await verdictOf(post(mailbox.resends, clientMetadata ? { clientMetadata } : {}));
      return verification.status();
    },
    {
      description: 'Sends another code, unless in the cool-down or past the limit.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        refuseIfTooMany(verification);
        const { tokenInput } = parseResendCode(input);
        checkToken(verification, tokenInput);
        const facts = verification.resendFacts;
        const refusal = resendRefusal({ ...facts, hasToken: facts.hasToken || tokenInput !== undefined }, Date.now());
        if (refusal) throw resendNotAllowed(refusal);
      }),
    },
  );

  setHandler(
    renewAccessToken,
    async (input) => {
      takeIn(input);
      const tokenInput = tokenInputOf(input);
      if (tokenInput) tokens.renew(tokenInput, Date.now());
      mailbox.tokenOffered = true;
      await settled(() => verification.ended || !mailbox.tokenOffered);
      return verification.status();
    },
    {
      description: 'Brings a fresh access token of the same user, or a reference to one.',
      validator: refusing(verification, (input) => {
        refuseIfEnded(verification);
        refuseIfTooMany(verification);
        const given = parseRenewAccessToken(input);
        if (tokens.usable(Date.now(), { given }).length === 0) {
          throw new InvalidInputError('accessToken', 'has expired', FAILURE_TYPES.accessTokenRefused);
        }
      }),
    },
  );
}

/** Of the 2,000 updates that the server takes in a run; the rest is kept for codes. */
const MOST_UPDATES = 1_500;

/** Refuses every message with the reason for which the verification could not begin. */
export function refuseMessages(reason: ApplicationFailure): void {
  const refuse = (..._input: unknown[]): never => {
    throw reason;
  };
  setHandler(awaitDelivery, refuse, { validator: refuse });
  setHandler(submitCode, refuse, { validator: refuse });
  setHandler(resendCode, refuse, { validator: refuse });
  setHandler(renewAccessToken, refuse, { validator: refuse });
  setHandler(getStatus, refuse);
}

/** Answers everything that is still open when the verification ends. */
export function answerTheRest(verification: Verification): void {
  const { codes, resends, awaitingSend, codeUnderCheck } = verification.mailbox;
  for (const open of codeUnderCheck ? [codeUnderCheck, ...codes] : codes) {
    if (verification.state === 'verified') open.verdict = { result: 'verified' };
    else open.refusal = verification.state === 'failed' ? failureOf(verification) : ended(verification);
  }
  for (const open of [...awaitingSend, ...resends]) {
    if (verification.state === 'failed') open.refusal = failureOf(verification);
    else open.verdict = 'settled';
  }
}

function refuseIfEnded(verification: Verification): void {
  // Past the deadline only what was posted before it is still answered.
  if (verification.ended || Date.now() >= verification.expiresAtMs) throw ended(verification);
}

function refuseIfTooMany({ updates }: Verification): void {
  if (updates >= MOST_UPDATES) throw tooManyMessages();
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

/** A message that is refused leaves no trace in the history, so the log has to tell that somebody tries this. */
function refuseCopy({ copies }: Verification, input: unknown, message: string): void {
  try {
    copies.refuse(input, message);
  } catch (error) {
    log.warn(`Refused a message: ${String(error)}`);
    throw error;
  }
}

function post<Input, Verdict>(box: Post<Input, Verdict>[], input: Input): Post<Input, Verdict> {
  const posted: Post<Input, Verdict> = { input };
  box.push(posted);
  return posted;
}

async function verdictOf<Input, Verdict>(posted: Post<Input, Verdict>): Promise<Verdict> {
  await settled(() => posted.verdict !== undefined || posted.refusal !== undefined);
  if (posted.refusal) throw posted.refusal;
  return posted.verdict as Verdict;
}

/** Not cancelled with the workflow: a cancellation answers whoever waits, it does not drop them. */
function settled(condition_: () => boolean): Promise<void> {
  return CancellationScope.nonCancellable(() => condition(condition_));
}
