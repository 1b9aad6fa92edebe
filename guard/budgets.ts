/** What an operator sees of the budgets. */
import type { Rules } from './decide.js';
import { keys, type Medium, spentOf } from './records.js';
import type { GuardStore } from './store.js';

/** A budget, and what is spent of it in the hour and the day of the clock, in UTC. */
export interface BudgetReport {
  readonly medium: Medium;
  readonly spent: { readonly hour: number; readonly day: number };
  /** What may be spent. Absent: no limit. */
  readonly limits: { readonly hour?: number | undefined; readonly day?: number | undefined };
}

/** The budgets that are set. */
export async function readBudgets(store: GuardStore, budget: Rules['budget'], nowMs: number): Promise<BudgetReport[]> {
  const records = await store.list(keys.spent(''));
  return (['sms', 'email'] as const).flatMap((medium) => {
    const { perHour, perDay } = budget[medium];
    if (perHour === Infinity && perDay === Infinity) return [];
    const { inHour, inDay } = spentOf(records, keys.spent(medium), nowMs);
    return [{ medium, spent: { hour: inHour, day: inDay }, limits: { hour: finite(perHour), day: finite(perDay) } }];
  });
}

function finite(limit: number): number | undefined {
  return limit === Infinity ? undefined : limit;
}
