/** How a handler takes in a message, posts it for the lifecycle, and waits. */
import { tokenInputOf } from '@cognito-verification/contract';
import { CancellationScope, condition } from '@temporalio/workflow';
import type { HeldToken } from './held-token.js';
import type { Post, Standing } from './mailbox.js';
import { awaitKey } from './missing-key.js';
import { tooManyMessages } from './refusals.js';
import { isChecked, standingOf } from './standing.js';
import type { Claim } from './terms.js';
import type { Verification } from './verification.js';

/**
 * Counts an update, and finds out what its word is worth.
 * @throws Error while the key of the input is missing
 */
export function takeIn(
  { mailbox, tokens }: Verification,
  input: Parameters<typeof tokenInputOf>[0],
): {
  token: HeldToken | undefined;
  standing: Standing;
} {
  awaitKey(input);
  const tokenInput = tokenInputOf(input);
  const token = tokenInput && tokens.of(tokenInput, isChecked(input));
  const standing = standingOf(token);
  mailbox.countUpdate(standing);
  return { token, standing };
}

/** Keeps a token that a message brought, with what the message asks for, and tells the lifecycle. */
export function offer(
  { tokens }: Verification,
  token: HeldToken | undefined,
  claim?: Claim,
  wantsLook?: boolean,
): void {
  if (!token) return;
  tokens.offer(token, Date.now(), claim, wantsLook);
  tokens.announce();
}

/** Posts an input, and waits for the verdict or the refusal. */
export async function verdictOn<Input, Verdict>(
  verification: Verification,
  standing: Standing,
  input: Input,
  box: Post<Input, Verdict>[],
): Promise<Verdict> {
  if (verification.mailbox.crowded(standing)) throw tooManyMessages(standing);
  const posted: Post<Input, Verdict> = { input, atMs: Date.now() };
  box.push(posted);
  await untilSettled(verification, standing, () => posted.verdict !== undefined || posted.refusal !== undefined);
  if (posted.refusal) throw posted.refusal;
  return posted.verdict as Verdict;
}

/**
 * Waits, unless another message waits in the one place that there is for those that do not count. It is not cancelled with
 * the workflow: a cancellation answers the callers that wait, it does not drop them.
 */
export async function untilSettled(
  { mailbox }: Verification,
  standing: Standing,
  condition_: () => boolean,
): Promise<void> {
  if (mailbox.crowded(standing)) return;
  await mailbox.waiting(standing, () => CancellationScope.nonCancellable(() => condition(condition_)));
}
