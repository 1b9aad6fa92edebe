import { type SendVerdict, sendCode } from './cognito-calls.js';
import type { NoToken } from './look-up.js';
import { countedSends } from './policy.js';
import type { Verification } from './verification.js';

/** A send for which Cognito took the token, or of which nobody knows; or none, for lack of a token. */
export type TakenSend = Exclude<SendVerdict, { verdict: 'accessTokenRejected' }> | NoToken;

/** Asks Cognito to send a code, with whichever token it takes. */
export async function sendWithUsableToken(
  verification: Verification,
  clientMetadata: Record<string, string> | undefined,
): Promise<TakenSend> {
  const { attributeName, owner, policy } = verification.request;
  const ordinal = countedSends(verification.sends).length + 1;
  for (;;) {
    // Asked anew each time: a good one may have come while a bad one was tried.
    const [tokenInput] = verification.tokens.usable(Date.now());
    if (!tokenInput) return { verdict: 'noToken' };
    const verdict = await sendCode(
      {
        owner,
        attributeName,
        tokenInput,
        recordAttribute: verification.before === undefined,
        ...(clientMetadata ? { clientMetadata } : {}),
      },
      `Send ${ordinal} of at most ${policy.maxSends}: ${attributeName}`,
    );
    verification.before ??= verdict.attribute;
    if (verdict.verdict !== 'accessTokenRejected') {
      if (PROVES_TOKEN.has(verdict.verdict)) verification.tokens.accept(tokenInput);
      return verdict;
    }
    verification.tokens.reject(tokenInput);
    verification.recordSend('accessTokenRejected', { reason: verdict.failure.type });
  }
}

/** Answers that Cognito gives only to a token it has taken. */
const PROVES_TOKEN: ReadonlySet<SendVerdict['verdict']> = new Set(['sent', 'rateLimited', 'undeliverable']);
