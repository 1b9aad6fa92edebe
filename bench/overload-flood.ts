/** The flood of one pool, the quiet pool beside it, and what of both is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type StartedVerification,
  type VerificationClient,
  VerificationEndedError,
} from '@cognito-verification/client';
import type { SandboxUser } from '../sandbox/index.js';
import type { OverloadStand } from './overload-stand.js';

/** How long the users of the quiet pool waited, in ms. */
interface Waits {
  readonly sent: number[];
  readonly submit: number[];
}

/** Users who arrive one after the other. None waits for the users before. */
export interface Crowd {
  readonly users: readonly SandboxUser[];
  readonly perSecond: number;
  /** Wrong codes that each types before the right one. */
  readonly wrongCodes: number;
  /** All of them give up. */
  readonly giveUp: AbortSignal;
}

const LOOKS_INTO_INBOX_MS = 1_000;
/** Who is told that it takes longer tries again after a while. */
const WAIT_BETWEEN_TRIES_MS = 10_000;
const MOST_TRIES = 50;
/** As long as a send waits for its turn. */
const MOST_WAIT_MS = 540_000;

/** Makes users of a pool who are signed in. */
export async function signIn(stand: OverloadStand, pool: keyof OverloadStand['pools'], count: number) {
  const poolId = stand.pools[pool];
  return await Promise.all(Array.from({ length: count }, () => stand.sandbox.createUser({ poolId })));
}

/** Lets a crowd arrive, at its rate. Resolves when all have arrived; `ended` when each is verified or has given up. */
export async function arrive(stand: OverloadStand, crowd: Crowd, isOver: () => boolean = () => false) {
  const waits: Waits = { sent: [], submit: [] };
  const ways: Promise<boolean>[] = [];
  const begunAt = performance.now();
  for (const [i, user] of crowd.users.entries()) {
    await sleep(Math.max(0, begunAt + (i * 1_000) / crowd.perSecond - performance.now()));
    const verifications = stand.callers[i % stand.callers.length] ?? stand.callers[0];
    ways.push(verify({ verifications, sandbox: stand.sandbox }, user, crowd, waits, isOver));
  }
  return { waits, ended: Promise.all(ways) };
}

/** The service at which a user signs up. */
interface Caller extends Pick<OverloadStand, 'sandbox'> {
  readonly verifications: VerificationClient;
}

/** One user: start, wait for the code, type it. What fails is tried again, as a person would. */
async function verify(
  caller: Caller,
  user: SandboxUser,
  { wrongCodes, giveUp }: Crowd,
  waits: Waits,
  isOver: () => boolean,
): Promise<boolean> {
  const { verifications, sandbox } = caller;
  const begunAt = performance.now();
  const started = await again(giveUp, () =>
    verifications.start({ accessToken: user.accessToken, attributeName: 'email', requestId: user.sub }),
  );
  if (started === undefined) return false;
  // Who is not told within the client's 20 seconds looks into the inbox.
  while (sandbox.inbox(user).length === 0) {
    if (giveUp.aborted || performance.now() - begunAt > MOST_WAIT_MS) return false;
    await sleep(LOOKS_INTO_INBOX_MS);
  }
  waits.sent.push(performance.now() - begunAt);
  const code = sandbox.codeFor(user, 'email');
  for (let wrong = 0; wrong < wrongCodes && !isOver(); wrong++)
    await submit(caller, started, code === '000000' ? '000001' : '000000', `wrong-${wrong}`, giveUp);
  const typedAt = performance.now();
  const answer = await submit(caller, started, code, 'right', giveUp);
  waits.submit.push(performance.now() - typedAt);
  return answer === 'verified';
}

async function submit(
  { verifications }: Caller,
  started: StartedVerification,
  code: string,
  attempt: string,
  giveUp: AbortSignal,
) {
  let tries = 0;
  return await again(giveUp, async () => {
    // A call that was throttled beyond its budget has ended; the same id would get the same answer.
    const attemptId = `${attempt}-${tries++}`;
    const { result } = await verifications.submitCode(started, { code, attemptId }).catch(verifiedMeanwhile);
    return result;
  });
}

/** Who was not told in time that the code was right is told by the next try. */
function verifiedMeanwhile(error: unknown): { result: 'verified' } {
  if (error instanceof VerificationEndedError && error.outcome?.outcome === 'verified') return { result: 'verified' };
  throw error;
}

async function again<T>(giveUp: AbortSignal, act: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (giveUp.aborted) return undefined;
      if (tries === MOST_TRIES) {
        process.stderr.write(`gave up: ${error instanceof Error ? error.message : String(error)}\n`);
        return undefined;
      }
      await sleep(WAIT_BETWEEN_TRIES_MS);
    }
  }
}

/** The most requests in any window of one second that begins in the given time, both in ms of the sandbox's clock. */
export function mostInASecond(stand: OverloadStand, operation: string, fromMs: number, toMs: number): number {
  const at = stand.sandbox
    .calls({ operation })
    .map((call) => Date.parse(call.at))
    .filter((ms) => ms >= fromMs && ms < toMs)
    .sort((a, b) => a - b);
  let most = 0;
  for (let first = 0, last = 0; last < at.length; last++) {
    while ((at[last] ?? 0) - (at[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
