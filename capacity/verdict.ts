/** What an estimate means: whether everything suffices, and whether the advised limit of the task queue of calls would. */
import { type Estimate, estimate, type LimitUse, PLANNED_USE } from './estimate.js';
import type { CapacityInput } from './input.js';

/** A person whom a screen keeps waiting for longer begins to think that it does not work, and asks again. */
const BEARABLE_SECONDS = 10;

/**
 * `tooLittle`: the busiest hour wants more than there is. `peaksWait`: the mean of that hour does not, but one in twenty waits
 * longer than people bear. `tight`: 19 of 20 wait for up to that, and little is left. `plenty`: nothing binds.
 */
export type Verdict = 'tooLittle' | 'peaksWait' | 'tight' | 'plenty';

/** The verdict of an estimate. Every limit is to keep what processors keep for peaks: above that waits grow fast. */
export function verdictOf({ limits, sendDelay, codeDelay }: Estimate): Verdict {
  const [{ share }] = limits;
  if (share > 1) return 'tooLittle';
  if (Math.max(sendDelay.p95Seconds, codeDelay.p95Seconds) > BEARABLE_SECONDS) return 'peaksWait';
  return share > PLANNED_USE ? 'tight' : 'plenty';
}

/** Whether something is to be raised. */
export function mustRaise(estimated: Estimate): boolean {
  return ['tooLittle', 'peaksWait'].includes(verdictOf(estimated));
}

/**
 * The limit that the verdict is about. Used-up e-mails make nobody wait, and the model lets nobody wait for `looks`. Where both calls and
 * processors are near their limits, it is that of calls: more processors alone need not suffice.
 */
export function decisiveOf(estimated: Estimate): LimitUse {
  const { limits } = estimated;
  if (verdictOf(estimated) !== 'peaksWait') return limits[0];
  const isOfCalls = ({ name }: LimitUse) => name === 'queue' || name === 'attempts' || name === 'sends';
  return (
    limits.find((limit) => isOfCalls(limit) && limit.share > PLANNED_USE) ??
    limits.find(({ name }) => name !== 'emails' && name !== 'looks') ??
    limits[0]
  );
}

/**
 * The same day with the advised limit of the task queue of calls, which may make people wait.
 * @param slotSeconds as of `estimate`
 * @returns undefined where there is nothing to advise: the limit is as high, or what is too little is something else, which more would wait for
 */
export function withAdvisedLimit(
  input: CapacityInput,
  estimated: Estimate,
  slotSeconds?: number,
): Estimate | undefined {
  const { queueCallsPerSecond } = input;
  const advised = estimated.queueLimitAdvised;
  const isUseful =
    queueCallsPerSecond === null
      ? !mustRaise(estimated)
      : mustRaise(estimated) && decisiveOf(estimated).name === 'queue' && queueCallsPerSecond < advised;
  // A limit of 0 would pause the queue.
  if (advised < 1 || !isUseful) return undefined;
  return estimate({ ...input, queueCallsPerSecond: advised }, slotSeconds);
}
