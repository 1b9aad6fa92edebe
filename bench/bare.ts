/**
 * The barest workflow that verifies an attribute with a code, to compare the real one with. It has the same activities, one
 * deadline and two updates, and handles no failure.
 */
import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CognitoActivities, CognitoCall } from '../activities/cognito.js';

export const awaitDelivery = defineUpdate<string | undefined>('awaitDelivery');
export const submitCode = defineUpdate<'verified', [string]>('submitCode');

const { sendCode, verifyCode } = proxyActivities<CognitoActivities>({ startToCloseTimeout: '30 seconds' });

export async function bareVerification(call: CognitoCall): Promise<'verified' | 'expired'> {
  let sent: { to: string | undefined } | undefined;
  let verified = false;
  setHandler(awaitDelivery, async () => {
    await condition(() => sent !== undefined);
    return sent?.to;
  });
  setHandler(submitCode, async (code) => {
    await verifyCode({ ...call, code });
    verified = true;
    return 'verified' as const;
  });
  const answer = await sendCode({ ...call, recordAttribute: false });
  sent = { to: 'delivery' in answer ? answer.delivery.destination : undefined };
  return (await condition(() => verified, '24 hours')) ? 'verified' : 'expired';
}
