/** Six inputs, one for each limit that binds. At most 4 verifications start in a second, and one limit is small; time is as it is. */
import type { LimitName } from '../../capacity/estimate.js';
import type { CapacityInput } from '../../capacity/input.js';
import { type GivenInput, resolveInput } from '../../capacity/input.js';

/** One scenario of the check. */
export interface Scenario {
  readonly binds: LimitName;
  readonly input: CapacityInput;
  /** The busiest slot needs so many times the processors that workers or server get. Undefined: they get what there is. */
  readonly processorLoad?: { readonly of: 'worker' | 'server'; readonly times: number } | undefined;
}

const PEOPLE = {
  resendShare: 0.1,
  wrongCodeShare: 0.1,
  abandonedShare: 0.1,
  codeMedianSeconds: 10,
  codeP95Seconds: 30,
  resendAfterSeconds: 15,
  deadlineSeconds: 90,
  workers: 1,
} as const;

/** @param slotSeconds three slots make a run */
export function scenarios(slotSeconds: number): Scenario[] {
  const input = (rates: readonly [number, number, number], given: GivenInput): CapacityInput => ({
    ...resolveInput({ perDay: 1, ...PEOPLE, ...given }),
    startsByHour: rates.map((perSecond) => Math.round(perSecond * slotSeconds)),
  });
  const emails = Math.round(4.5 * slotSeconds);
  // The busiest slot is another one in each, so that one machine has room for some of them side by side.
  return [
    { binds: 'attempts', input: input([4, 1.6, 1.6], { attemptsPerSecond: 2.6 }) },
    { binds: 'sends', input: input([1.6, 4, 1.6], { sendsPerSecond: 3.2 }) },
    { binds: 'queue', input: input([1.6, 1.6, 4], { directCallsPerSecond: 1, queueCallsPerSecond: 3 }) },
    { binds: 'emails', input: input([1.6, 1.6, 4], { emailsPerDay: emails }) },
    { binds: 'workerCpu', input: input([4, 1.6, 1.6], {}), processorLoad: { of: 'worker', times: 0.8 } },
    { binds: 'serverCpu', input: input([1.6, 4, 1.6], {}), processorLoad: { of: 'server', times: 0.6 } },
  ];
}
