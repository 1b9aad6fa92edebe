/** Histories from a namespace: which are taken, and how they come here. Only reads. */
import { SEARCH_ATTRIBUTE_KEYS, SEARCH_ATTRIBUTES, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { RecordedHistory } from './recorded-history.js';

/** Which verifications. */
export interface LiveSelection {
  /** A query of Temporal's visibility, narrowed to verifications. Default: those that are open, or ended since `since`. */
  query?: string | undefined;
  since: Date;
  /** How many at most, evenly over the states. */
  limit: number;
}

/** One run of a workflow. */
export interface LiveRun {
  workflowId: string;
  runId: string;
}

/** What is there, and what of it was taken. */
export interface LiveSample {
  runs: LiveRun[];
  /** How many were found. */
  matched: number;
  /** There are more, which nobody has looked at: the oldest ones, for a namespace lists the youngest first. */
  truncated: boolean;
}

/** A page has 1,000, and a namespace takes few such calls a second. */
const MOST_LOOKED_AT = 50_000;
const PAGE = 1_000;

/**
 * Finds runs, evenly over the states: a state with few of them is there with all, and the others share what is left. Within a
 * state they are spread over all that were found, the youngest to the oldest.
 * @param most are looked at, or as many as are to be taken
 */
export async function sampleRuns(
  client: Pick<Client, 'workflow'>,
  selection: LiveSelection,
  most = MOST_LOOKED_AT,
): Promise<LiveSample> {
  const query = queryOf(selection);
  // By run: one that has changed meanwhile comes twice.
  const found = new Map<string, LiveRun & { state: string }>();
  let truncated = false;
  for await (const { workflowId, runId, typedSearchAttributes } of client.workflow.list({ query, pageSize: PAGE })) {
    truncated = found.size >= Math.max(most, selection.limit) && !found.has(runId);
    if (truncated) break;
    // Whatever it says: a build that is newer than this one may know other states.
    found.set(runId, { workflowId, runId, state: typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state) ?? '' });
  }
  // A namespace that was never set up has none either, and only says so when it is asked for a state.
  if (found.size === 0) await client.workflow.count(`${query} AND ${SEARCH_ATTRIBUTES.state} IS NULL`);
  const byState = new Map<string, LiveRun[]>();
  for (const { state, ...run } of found.values()) {
    const group = byState.get(state) ?? [];
    byState.set(state, group);
    group.push(run);
  }
  const groups = [...byState.values()];
  const shares = evenShares(
    groups.map((group) => group.length),
    selection.limit,
  );
  return { runs: groups.flatMap((group, index) => spread(group, shares[index] ?? 0)), matched: found.size, truncated };
}

/** The query for what is selected, without the states. */
export function queryOf({ query, since }: Pick<LiveSelection, 'query' | 'since'>): string {
  const which = query ?? `ExecutionStatus = 'Running' OR CloseTime >= '${since.toISOString()}'`;
  return `WorkflowType = '${WORKFLOW_TYPE}' AND (${which})`;
}

/** How many of each, so that no two that have more to give differ by more than one. */
export function evenShares(counts: readonly number[], limit: number): number[] {
  const shares = counts.map(() => 0);
  let left = limit;
  for (;;) {
    const hungry = counts.flatMap((count, index) => (count > (shares[index] ?? 0) ? [index] : []));
    if (left === 0 || hungry.length === 0) return shares;
    const each = Math.max(1, Math.floor(left / hungry.length));
    for (const index of hungry.slice(0, left)) {
      const more = Math.min(each, (counts[index] ?? 0) - (shares[index] ?? 0));
      shares[index] = (shares[index] ?? 0) + more;
      left -= more;
    }
  }
}

function spread<T>(all: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

/**
 * Fetches their histories, some at once and in order.
 * @param onGone is told of one that the namespace has forgotten meanwhile
 */
export async function* fetchHistories(
  client: Pick<Client, 'workflow'>,
  runs: readonly LiveRun[],
  { concurrency, onGone = () => undefined }: { concurrency: number; onGone?: (run: LiveRun) => void },
): AsyncGenerator<RecordedHistory, void, undefined> {
  const fetch = async (run: LiveRun): Promise<RecordedHistory | undefined> => {
    try {
      return { ...run, history: await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory() };
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      onGone(run);
      return undefined;
    }
  };
  const underWay: Promise<RecordedHistory | undefined>[] = [];
  let next = 0;
  while (next < runs.length || underWay.length > 0) {
    for (; next < runs.length && underWay.length < concurrency; next += 1) {
      const fetching = fetch(runs[next] as LiveRun);
      // Thrown where it is awaited; until then it must not end the process.
      fetching.catch(() => undefined);
      underWay.push(fetching);
    }
    const recorded = await underWay.shift();
    if (recorded) yield recorded;
  }
}
