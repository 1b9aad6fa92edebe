import type { TokenInput } from '@cognito-verification/contract';
import { type ReadVerdict, readAttribute } from './cognito-calls.js';
import type { Verification } from './verification.js';

/** No token is left that is worth a call. */
export interface NoToken {
  verdict: 'noToken';
}

/**
 * Looks at the attribute, with whichever token Cognito takes, or with what is `given` and no other.
 * @param summary what the Web UI shows beside the activity
 */
export async function lookUp(
  verification: Verification,
  summary: string,
  { given, budget }: { given?: TokenInput; budget?: 'patient' | 'quick' } = {},
): Promise<ReadVerdict | NoToken> {
  const { attributeName, owner } = verification.request;
  const refused: TokenInput[] = [];
  for (;;) {
    // Asked anew each time: a good one may have come while a bad one was tried.
    const [tokenInput] = verification.tokens.usable(Date.now(), { given, refused });
    if (!tokenInput) return { verdict: 'noToken' };
    const verdict = await readAttribute({ owner, attributeName, tokenInput }, summary, budget);
    if (verdict.verdict === 'read') verification.tokens.accept(tokenInput);
    if (verdict.verdict !== 'accessTokenRejected') return verdict;
    verification.tokens.reject(tokenInput);
    refused.push(tokenInput);
  }
}
