/** What an estimate means: whether everything suffices, and whether the advised limit of the task queue of calls would. */
import { type Estimate, estimate, type LimitUse, PLANNED_USE } from './estimate.js';
import type { CapacityInput } from './input.js';

/** A person whom a screen keeps waiting for longer begins to think that it does not work, and asks again. */
const BEARABLE_SECONDS = 10;

/**
 * `tooLittle`: the busiest hour wants more than there is. `peaksWait`: the mean of that hour does not, but one in twenty waits
 * longer than people bear. `tight`: nobody waits, and little is left. `plenty`: nothing binds.
 */
export type Verdict = 'tooLittle' | 'peaksWait' | 'tight' | 'plenty';

/** The verdict of an estimate. Every limit is to keep what processors keep for peaks: above that waits grow fast. */
export function verdictOf({ limits, sendDelay, codeDelay }: Estimate): Verdict {
  const share = limits[0]?.share ?? 0;
  if (share > 1) return 'tooLittle';
  if (Math.max(sendDelay.p95Seconds, codeDelay.p95Seconds) > BEARABLE_SECONDS) return 'peaksWait';
  return share > PLANNED_USE ? 'tight' : 'plenty';
}

/** Whether something is to be raised. */
export function isWanting(said: Estimate): boolean {
  return ['tooLittle', 'peaksWait'].includes(verdictOf(said));
}

/** The limit that the verdict is about. Used-up e-mails make nobody wait, and the model lets nobody wait for `looks`. */
export function decisiveOf(said: Estimate): LimitUse | undefined {
  const [nearest] = said.limits;
  if (verdictOf(said) !== 'peaksWait') return nearest;
  return said.limits.find(({ name }) => name !== 'emails' && name !== 'looks');
}

/**
 * The same day with the limit of the task queue of calls that is advised: whoever sets it may make people wait.
 * @param slotSeconds as of `estimate`
 * @returns undefined where there is nothing to advise: the limit is as high, or what is too little is something else, which more would wait for
 */
export function withAdvisedLimit(input: CapacityInput, said: Estimate, slotSeconds?: number): Estimate | undefined {
  const { queueCallsPerSecond } = input;
  const advised = said.queueLimitAdvised;
  const isUseful =
    queueCallsPerSecond === null
      ? !isWanting(said)
      : isWanting(said) && decisiveOf(said)?.name === 'queue' && queueCallsPerSecond < advised;
  // A limit of 0 would pause the queue.
  if (advised < 1 || !isUseful) return undefined;
  return estimate({ ...input, queueCallsPerSecond: advised }, slotSeconds);
}
