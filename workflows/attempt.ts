import type { AttemptOutcome, SubmitCodeInput, SubmitCodeResult, VerificationFailure } from '@cognito-verification/contract';
import { type AttemptVerdict, type ReadVerdict, readAttribute, verifyCode } from './cognito-calls.js';
import { hasBecomeVerified } from './policy.js';
import type { Verification } from './verification.js';

/** What came of a code: an answer to whoever typed it, or why there is none. */
export type AttemptEnd =
  | { result: SubmitCodeResult }
  | { result: 'unavailable'; failure: VerificationFailure }
  | { result: 'failed'; failure: VerificationFailure };

/** Calls for one code: the first, and one more if its answer was lost and the attribute is not verified. */
const MOST_CALLS = 2;

/** Checks one code with Cognito. Each call is counted before it is made. */
export async function attemptCode(
  verification: Verification,
  { code, accessToken }: SubmitCodeInput,
): Promise<AttemptEnd> {
  // A token that came with the code is the only one used for it: a forged one must not spend the real user's attempts.
  const candidates = accessToken === undefined ? verification.tokens.usable(Date.now()) : [accessToken];
  for (const token of candidates) {
    const end = await attemptWith(verification, token, code);
    if (end.result !== 'accessTokenRejected') return end;
    verification.tokens.reject(token);
  }
  return { result: 'accessTokenRejected' };
}

async function attemptWith(verification: Verification, accessToken: string, code: string): Promise<AttemptEnd> {
  const { attributeName, claims } = verification.request;
  const call = { userPoolId: claims.userPoolId, accessToken, attributeName };
  // Recorded before anything can change it. Mostly the send has done so.
  if (!verification.before) {
    const before = await readAttribute(call, `Read ${attributeName} before the attempt`);
    if (before.verdict === 'read') verification.before = before.attribute;
  }
  let answerLost = false;
  for (let calls = 1; ; calls++) {
    const settle = verification.beginAttempt();
    const verdict = await verifyCode({ ...call, code }, `Check a code for ${attributeName}`);
    settle(OUTCOMES[verdict.verdict]);
    if (provesToken(verdict)) verification.tokens.accept(accessToken);
    answerLost ||= verdict.verdict === 'uncertain';
    // A consumed code answers like an expired one: only the attribute tells what a lost answer was.
    const inDoubt = verdict.verdict === 'uncertain' || (answerLost && verdict.verdict === 'codeExpired');
    if (inDoubt) {
      const now = await readAttribute(call, `Read whether ${attributeName} is verified by now`);
      if (now.verdict === 'read' && hasBecomeVerified(verification.before, now.attribute)) return { result: 'verified' };
    }
    if (verdict.verdict !== 'uncertain') return endOf(verdict);
    if (calls === MOST_CALLS || verification.attemptsLeft === 0) {
      return { result: 'unavailable', failure: verdict.failure };
    }
  }
}

const OUTCOMES: Record<AttemptVerdict['verdict'], AttemptOutcome> = {
  verified: 'verified',
  mismatch: 'mismatch',
  codeExpired: 'codeExpired',
  rateLimited: 'rateLimited',
  accessTokenRejected: 'accessTokenRejected',
  uncertain: 'uncertain',
  throttled: 'notMade',
  unreachable: 'notMade',
  failed: 'failed',
};

function endOf(verdict: Exclude<AttemptVerdict, { verdict: 'uncertain' }>): AttemptEnd {
  switch (verdict.verdict) {
    case 'verified':
    case 'mismatch':
    case 'codeExpired':
    case 'rateLimited':
    case 'accessTokenRejected':
      return { result: verdict.verdict };
    case 'throttled':
    case 'unreachable':
    case 'uncertain':
      return { result: 'unavailable', failure: verdict.failure };
    case 'failed':
      return { result: 'failed', failure: verdict.failure };
  }
}

/** Cognito looks at the token before it looks at the code. */
function provesToken({ verdict }: AttemptVerdict): boolean {
  return verdict === 'verified' || verdict === 'mismatch' || verdict === 'codeExpired';
}

/** Looks at the attribute with whichever token Cognito takes. */
export async function lookUpAttribute(verification: Verification, summary: string): Promise<ReadVerdict | undefined> {
  const { attributeName, claims } = verification.request;
  let verdict: ReadVerdict | undefined;
  for (const accessToken of verification.tokens.usable(Date.now())) {
    verdict = await readAttribute({ userPoolId: claims.userPoolId, accessToken, attributeName }, summary);
    if (verdict.verdict !== 'accessTokenRejected') return verdict;
    verification.tokens.reject(accessToken);
  }
  return verdict;
}
