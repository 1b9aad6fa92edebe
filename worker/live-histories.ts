/** Histories from a namespace: which are taken, and how they come here. Only reads. */
import { SEARCH_ATTRIBUTES, VERIFICATION_STATES, WORKFLOW_TYPE } from '@cognito-verification/contract';
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
  /** How many were found; of a state with very many, as many as were looked at. */
  matched: number;
}

/** Of one state. A page has 1,000, and a namespace takes few such calls a second. */
const MOST_LOOKED_AT = 10_000;
const PAGE = 1_000;

/**
 * Finds runs, evenly over the states: a state with few of them is there with all, and the others share what is left. Within a
 * state they are spread over all that were found, the youngest to the oldest.
 */
export async function sampleRuns(client: Pick<Client, 'workflow'>, selection: LiveSelection): Promise<LiveSample> {
  const byState: LiveRun[][] = [];
  // One after the other: all at once would be many calls for a namespace that allows thirty a second.
  for (const state of [...VERIFICATION_STATES.map((name) => `= '${name}'`), 'IS NULL']) {
    const found: LiveRun[] = [];
    const query = `${queryOf(selection)} AND ${SEARCH_ATTRIBUTES.state} ${state}`;
    for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: PAGE })) {
      found.push({ workflowId, runId });
      if (found.length === MOST_LOOKED_AT) break;
    }
    byState.push(found);
  }
  const shares = evenShares(
    byState.map((found) => found.length),
    selection.limit,
  );
  return {
    runs: byState.flatMap((found, index) => spread(found, shares[index] ?? 0)),
    matched: byState.reduce((sum, found) => sum + found.length, 0),
  };
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
