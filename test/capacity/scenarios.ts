/** Six inputs, one for each limit that binds. Rates are about a thirtieth of an account's; time is as it is. */
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
  const emails = Math.round(1.2 * slotSeconds);
  return [
    { binds: 'attempts', input: input([0.4, 1, 0.4], { attemptsPerSecond: 0.8 }) },
    { binds: 'sends', input: input([0.4, 0.95, 0.4], { sendsPerSecond: 0.85 }) },
    { binds: 'emails', input: input([0.5, 0.7, 0.5], { emailsPerDay: emails }) },
    { binds: 'queue', input: input([0.3, 1.2, 0.3], { directCallsPerSecond: 1, queueCallsPerSecond: 1 }) },
    { binds: 'workerCpu', input: input([0.4, 1.2, 0.4], {}), processorLoad: { of: 'worker', times: 1.2 } },
    { binds: 'serverCpu', input: input([0.4, 1.2, 0.4], {}), processorLoad: { of: 'server', times: 1.2 } },
  ];
}
