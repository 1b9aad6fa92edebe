/** Histories of a namespace: which ones are taken, and how they are fetched. It only reads. */
import { readServiceError } from '@cognito-verification/client';
import { GRPC_STATUS, SEARCH_ATTRIBUTE_KEYS, SEARCH_ATTRIBUTES, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { notFetched, type ReplayProblem } from './problem.js';
import type { RecordedHistory } from './recorded-history.js';

/** Selects verifications of a namespace. */
export interface LiveSelection {
  /** A query of Temporal's visibility, limited to verifications. Default: those that are open, or ended after `since`. */
  query?: string | undefined;
  since: Date;
  /** How many to take at most, evenly over the states. */
  limit: number;
}

/** One run of a workflow. */
export interface LiveRun {
  workflowId: string;
  runId: string;
}

/** A run whose history the namespace has, and does not give. */
export interface UnfetchedRun extends LiveRun {
  problem: ReplayProblem;
}

/** The runs that were taken, and how many were found. */
export interface LiveSample {
  runs: LiveRun[];
  /** How many runs were found. */
  matched: number;
  /** Whether there are more, which were not looked at. They are the oldest ones, since a namespace lists the youngest first. */
  truncated: boolean;
}

/** A page has 1,000 runs, and a namespace allows few such calls a second. */
const MOST_LOOKED_AT = 50_000;
const PAGE = 1_000;

/**
 * Finds runs and takes them evenly over the states: all runs of a state that has few, while the other states share what is
 * left. Within a state the runs are spread evenly from the youngest to the oldest.
 * @param most how many runs to look at. `selection.limit`, where that is more
 */
export async function sampleRuns(
  client: Pick<Client, 'workflow'>,
  selection: LiveSelection,
  most = MOST_LOOKED_AT,
): Promise<LiveSample> {
  const query = queryOf(selection);
  // By run id, because a run that changes in the meantime is listed twice.
  const found = new Map<string, LiveRun & { state: string }>();
  let truncated = false;
  for await (const { workflowId, runId, typedSearchAttributes } of client.workflow.list({ query, pageSize: PAGE })) {
    truncated = found.size >= Math.max(most, selection.limit) && !found.has(runId);
    if (truncated) break;
    // Any state, since a newer build than this one may have other states.
    found.set(runId, { workflowId, runId, state: typedSearchAttributes.get(SEARCH_ATTRIBUTE_KEYS.state) ?? '' });
  }
  // A namespace that lacks the search attributes has no runs either. It refuses only a query that names such an attribute.
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

/** The visibility query of a selection. */
export function queryOf({ query, since }: Pick<LiveSelection, 'query' | 'since'>): string {
  const which = query ?? `ExecutionStatus = 'Running' OR CloseTime >= '${since.toISOString()}'`;
  return `WorkflowType = '${WORKFLOW_TYPE}' AND (${which})`;
}

/** Shares `limit` evenly over groups of these sizes. The shares of two groups that are not used up differ by one at most. */
export function evenShares(counts: readonly number[], limit: number): number[] {
  const shares = counts.map(() => 0);
  let left = limit;
  for (;;) {
    const unfilled = counts.flatMap((count, index) => (count > (shares[index] ?? 0) ? [index] : []));
    if (left === 0 || unfilled.length === 0) return shares;
    const each = Math.max(1, Math.floor(left / unfilled.length));
    for (const index of unfilled.slice(0, left)) {
      const added = Math.min(each, (counts[index] ?? 0) - (shares[index] ?? 0));
      shares[index] = (shares[index] ?? 0) + added;
      left -= added;
    }
  }
}

function spread<T>(all: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

/**
 * Fetches the histories of the runs in their order, `concurrency` at a time. A history that cannot be given, being too large
 * or broken, is a problem of its own, and the others are fetched all the same.
 * @param onGone gets each run that the namespace no longer has
 */
export async function* fetchHistories(
  client: Pick<Client, 'workflow'>,
  runs: readonly LiveRun[],
  { concurrency, onGone = () => undefined }: { concurrency: number; onGone?: ((run: LiveRun) => void) | undefined },
): AsyncGenerator<RecordedHistory | UnfetchedRun, void, undefined> {
  const fetch = async (run: LiveRun): Promise<RecordedHistory | UnfetchedRun | undefined> => {
    try {
      return { ...run, history: await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory() };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        onGone(run);
        return undefined;
      }
      if (isOfOneHistory(error)) return { ...run, problem: notFetched(error) };
      throw error;
    }
  };
  const fetches: Promise<RecordedHistory | UnfetchedRun | undefined>[] = [];
  let next = 0;
  while (next < runs.length || fetches.length > 0) {
    for (; next < runs.length && fetches.length < concurrency; next += 1) {
      const fetching = fetch(runs[next] as LiveRun);
      // Its error is thrown where it is awaited below. Until then it must not end the process.
      fetching.catch(() => undefined);
      fetches.push(fetching);
    }
    const recorded = await fetches.shift();
    if (recorded) yield recorded;
  }
}

/** Every other error is of the namespace or of the connection: the next history would meet it too. */
function isOfOneHistory(error: unknown): boolean {
  const service = readServiceError(error);
  if (service?.code === GRPC_STATUS.RESOURCE_EXHAUSTED) return /larger than max/.test(service.words);
  return service?.code === GRPC_STATUS.DATA_LOSS;
}
