import type { BroughtToken } from '@cognito-verification/contract';
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
  { given, budget }: { given?: BroughtToken; budget?: 'patient' | 'quick' } = {},
): Promise<ReadVerdict | NoToken> {
  const { attributeName, owner } = verification.request;
  const refused: BroughtToken[] = [];
  for (;;) {
    // Asked anew each time: a good one may have come while a bad one was tried.
    const [brought] = verification.tokens.usable(Date.now(), { given, refused });
    if (!brought) return { verdict: 'noToken' };
    const verdict = await readAttribute({ owner, attributeName, brought }, summary, budget);
    if (verdict.verdict === 'read') verification.tokens.accept(brought);
    if (verdict.verdict !== 'accessTokenRejected') return verdict;
    verification.tokens.reject(brought);
    refused.push(brought);
  }
}
