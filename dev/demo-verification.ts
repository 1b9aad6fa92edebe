/** Takes one verification from its start to `verified`, as an onboarding service and its user do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerificationClient } from '@cognito-verification/client';
import type { CodeDelivery, VerificationOutcome, VerificationState } from '@cognito-verification/contract';
import type { SignedInUser } from './demo-user.js';
import type { Timeline } from './timeline.js';

/** Options of `demonstrate`. */
export interface DemoOptions {
  readonly client: VerificationClient;
  readonly user: SignedInUser;
  /** Reads the code in the newest e-mail to the user. */
  readonly newestCode: () => Promise<string | undefined>;
  readonly timeline: Timeline;
}

/** How the demonstration went. */
export interface DemoResult {
  readonly workflowId: string;
  readonly outcome: VerificationOutcome['outcome'];
}

/** The message is in the inbox before Cognito answers, but an inbox on a slow disk may show it later. */
const INBOX_LIMIT_MS = 5_000;
const END_LIMIT = '30 seconds';

const NOT_SENT: Readonly<Partial<Record<VerificationState, string>>> = {
  rateLimited: 'not yet: this user has had too many codes in the last hour, or the last one a moment ago',
  awaitingToken: 'refused: the access token is not taken any more',
};

/**
 * Runs the demonstration. When this user cannot be verified now, it cancels the verification and answers undefined: the
 * sandbox counts sends like Cognito, and a few starts in one hour use them up. The caller can try another user.
 */
export async function demonstrate({
  client,
  user,
  newestCode,
  timeline,
}: DemoOptions): Promise<DemoResult | undefined> {
  const startedAt = performance.now();
  timeline.tell(`${user.username} wants to verify an e-mail address; a verification starts`);
  const { workflowId, status } = await client.start({
    accessToken: user.accessToken,
    attributeName: 'email',
    // The user of an earlier start is verified already.
    reverify: true,
    // The stack may be started again within half a minute, and the cool-down holds over verifications.
    policy: { resendCooldown: '1 second' },
  });
  if (status.state !== 'awaitingCode') {
    timeline.tell(`asked Cognito to send a code → ${NOT_SENT[status.state] ?? status.state}`);
    await client.cancel(workflowId);
    return undefined;
  }
  timeline.tell(`asked Cognito to send a code → sent ${describeDelivery(status.delivery)}`);

  const code = await waitForCode(newestCode);
  if (code === undefined) throw new Error('the message did not get into the inbox');
  timeline.tell('the message is in the inbox');
  const { result } = await client.submitCode(workflowId, { code });
  timeline.tell(`typed the code → ${result === 'verified' ? 'Cognito accepted it' : result}`);
  if (result !== 'verified') {
    await client.cancel(workflowId);
    return undefined;
  }
  const { outcome } = await client.wait(workflowId, { timeout: END_LIMIT });
  timeline.tell(`${outcome} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return { workflowId, outcome };
}

function describeDelivery({ destination, deliveryMedium }: CodeDelivery = {}): string {
  return `to ${destination ?? 'a destination Cognito did not name'}${deliveryMedium ? ` by ${deliveryMedium}` : ''}`;
}

async function waitForCode(read: () => Promise<string | undefined>): Promise<string | undefined> {
  const deadline = performance.now() + INBOX_LIMIT_MS;
  for (;;) {
    const found = await read();
    if (found !== undefined || performance.now() > deadline) return found;
    await sleep(100);
  }
}
