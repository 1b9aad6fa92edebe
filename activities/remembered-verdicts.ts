import { createHash } from 'node:crypto';
import { isRecord } from '@cognito-verification/contract';
import { ApplicationFailure } from '@temporalio/common';
import { LRUCache } from 'lru-cache';
import type { MaybeDated, NotCalled, VerifyCodeInput, VerifyCodeResult } from './cognito.js';

/**
 * Longer than Temporal tries a workflow task again on the same worker: after a time-out (10 s), an outage of the server, or a
 * signal that came at the same moment. No answer changes by being old: an update id is used once.
 */
const KEEP_MS = 10 * 60_000;

/** Cognito checks 25 codes a second for an account. */
const MOST = 20_000;

/** An attempt of this process. */
interface Attempt {
  readonly updateId: string;
  readonly at: string;
  /** A promise only while the call lasts: Node.js keeps with each one what its activity had, some 7 kB. */
  answer: Promise<VerifyCodeResult> | PromiseSettledResult<VerifyCodeResult>;
}

/**
 * The attempts of this process. That of a local activity is in no history before its workflow task has ended, and the server
 * throws a task away for a signal, a timer, a time-out or a crowd of messages. The task that follows then finds the answer here,
 * or joins the call while it lasts, and Cognito is asked nothing. If it asks about another code, it is told of the attempt first,
 * so that no guess is free.
 */
export class RememberedVerdicts {
  /** By the first run of the verification, and by what was asked. */
  private readonly verifications = new LRUCache<string, Map<string, Attempt>>({ max: MOST, ttl: KEEP_MS });

  /** @param ask asks Cognito; undefined where it may not be asked */
  async answer(
    input: VerifyCodeInput,
    ask: () => Promise<VerifyCodeResult> | undefined,
  ): Promise<VerifyCodeResult | NotCalled> {
    const { runId, updateId, counted = [], rememberedOnly = false, at = new Date().toISOString() } = input;
    const notCalled = { notCalled: true, runId } as const;
    // One that could not be opened has neither.
    if (runId === undefined || updateId === undefined) return (await ask()) ?? notCalled;
    const attempts = this.verifications.get(runId) ?? new Map<string, Attempt>();
    const key = keyOf(input);
    const known = attempts.get(key);
    if (known) return await dated(known);
    const uncounted = [...attempts.values()].filter((one) => !counted.some((other) => other.updateId === one.updateId));
    if (uncounted.length > 0) {
      const told = uncounted.map((one) => ({ updateId: one.updateId, at: one.at }));
      return { ...notCalled, uncounted: told };
    }
    const answer = rememberedOnly ? undefined : ask();
    if (!answer) return notCalled;
    const attempt: Attempt = { updateId, at, answer };
    this.verifications.set(runId, attempts.set(key, attempt));
    [attempt.answer] = await Promise.allSettled([answer]);
    return await dated(attempt);
  }
}

/**
 * The answer, with the time of its attempt, which is not that of the task that has it in the end: each replay then counts it at the same
 * time, and a later verification counts it once, also where a task was told of it.
 */
async function dated({ answer, at }: Attempt): Promise<VerifyCodeResult> {
  const [ended] = answer instanceof Promise ? await Promise.allSettled([answer]) : [answer];
  if (ended.status === 'fulfilled') return { ...ended.value, at };
  const error: unknown = ended.reason;
  const details: unknown = error instanceof ApplicationFailure ? error.details?.[0] : undefined;
  if (isRecord(details)) details['at'] = at satisfies MaybeDated['at'];
  throw error;
}

/** A digest, since code and token are secrets. With another token it is another attempt: the first may have been refused. */
function keyOf({ updateId, code, accessToken, accessTokenReference }: VerifyCodeInput): string {
  const asked = JSON.stringify([updateId, code, accessToken ?? null, accessTokenReference ?? null]);
  return createHash('sha256').update(asked).digest('base64url');
}
