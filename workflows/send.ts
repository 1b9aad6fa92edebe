import { type SendVerdict, sendCode } from './cognito-calls.js';
import { messages } from './policy.js';
import type { Verification } from './verification.js';

/** Asks Cognito to send a code, with whichever token it takes; undefined where no token is left to ask with. */
export async function sendWithUsableToken(
  verification: Verification,
  clientMetadata: Record<string, string> | undefined,
): Promise<SendVerdict | undefined> {
  const { attributeName, claims, policy } = verification.request;
  const ordinal = messages(verification.sends).length + 1;
  for (const accessToken of verification.tokens.usable(Date.now())) {
    const verdict = await sendCode(
      {
        userPoolId: claims.userPoolId,
        accessToken,
        attributeName,
        recordAttribute: verification.before === undefined,
        ...(clientMetadata ? { clientMetadata } : {}),
      },
      `Send ${ordinal} of at most ${policy.maxSends}: ${attributeName}`,
    );
    if (verdict.verdict !== 'accessTokenRejected') {
      if (verdict.verdict === 'sent') verification.tokens.accept(accessToken);
      verification.before ??= verdict.attribute;
      return verdict;
    }
    verification.tokens.reject(accessToken);
    verification.recordSend('accessTokenRejected', { reason: verdict.failure.type });
  }
  return undefined;
}
