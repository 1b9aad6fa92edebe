import { type ReadVerdict, readAttribute } from './cognito-calls.js';
import type { Verification } from './verification.js';

/** No token is left that is worth a call. */
export interface NoToken {
  verdict: 'noToken';
}

/**
 * Looks at the attribute, with whichever token Cognito takes, or with the one that is `given` and no other.
 * @param summary what the Web UI shows beside the activity
 */
export async function lookUp(
  verification: Verification,
  summary: string,
  { given, budget }: { given?: string; budget?: 'patient' | 'quick' } = {},
): Promise<ReadVerdict | NoToken> {
  const { attributeName, claims } = verification.request;
  const refused = new Set<string>();
  for (;;) {
    // Asked anew each time: a good one may have come while a bad one was tried.
    const accessToken = verification.tokens.usable(Date.now(), given).find((token) => !refused.has(token));
    if (accessToken === undefined) return { verdict: 'noToken' };
    const verdict = await readAttribute({ userPoolId: claims.userPoolId, accessToken, attributeName }, summary, budget);
    if (verdict.verdict === 'read') verification.tokens.accept(accessToken);
    if (verdict.verdict !== 'accessTokenRejected') return verdict;
    verification.tokens.reject(accessToken);
    refused.add(accessToken);
  }
}
