import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  errorName,
  LISTED_STATES,
  type ListedState,
  SEARCH_ATTRIBUTE_KEYS,
  SEARCH_ATTRIBUTES,
  VERIFICATION_STATES,
  type VerificationState,
  WORKFLOW_TYPE,
} from '@cognito-verification/contract';
import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import { CallAbortedError, InvalidRequestError, VerificationError, VerificationNotFoundError } from './errors.js';
import type { ServiceCalls } from './service-calls.js';
import type { Limits } from './time-limit.js';

/** Which verifications to list. Every field narrows the list. */
export interface ListFilter {
  /**
   * As the search attribute says: it follows the status a moment later, and a termination does not change it. The attribute does
   * not tell `sending` from `awaitingCode`, so for these two each open verification that comes into question is asked for its
   * status, which needs a worker: ten at a time, and none any more once ten in a row gave no answer. Those without an answer are
   * listed too, with `unanswered`.
   */
  state?: VerificationState | ListedState | undefined;
  attributeName?: AttributeName | undefined;
  userPoolId?: string | undefined;
  /** `true`: only those still running. `false`: only those that have ended. Default: both. */
  open?: boolean | undefined;
  /** How many at most, from 1. Default 100. */
  limit?: number | undefined;
}

/** One verification as Temporal's visibility store shows it. */
export interface VerificationListing {
  workflowId: string;
  /** Undefined where nothing has set the search attribute: something else, or an older release, started the verification. */
  state: VerificationState | ListedState | undefined;
  attributeName: AttributeName | undefined;
  userPoolId: string | undefined;
  /** ISO 8601. */
  startedAt: string;
  /** ISO 8601; absent while it is open. */
  closedAt?: string | undefined;
  /** Temporal's word: `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TERMINATED`, `TIMED_OUT`. */
  executionStatus: WorkflowExecutionStatusName;
  /**
   * The code of the error for which the verification gave no status: it may be in another state than the one asked for, and `state`
   * is the word of the search attribute. Absent where it was not to be asked, or has answered.
   */
  unanswered?: string | undefined;
}

/**
 * Reads page by page, each within the limits, as far as the caller reads, in Temporal's order: first the open verifications, the last started first,
 * then the ended ones, the last to end first. Temporal offers no other order.
 */
export async function* listVerifications(
  calls: ServiceCalls,
  filter: ListFilter,
  limits: Limits,
): AsyncGenerator<VerificationListing, void, undefined> {
  const query = listQuery(filter);
  const limit = listLimit(withoutNull(filter).limit);
  const asked = ASKED.find((state) => state === filter.state);
  const pages = calls.client.workflow.list({ query, pageSize: Math.min(limit, MOST_ON_A_PAGE) });
  const rows = rowsOf(calls, pages[Symbol.asyncIterator](), limits);
  const limited: Pick<ServiceCalls, 'status'> = {
    status: async (ref) => await calls.limited(limits, () => calls.status(ref)),
  };
  let count = 0;
  for await (const row of asked ? inState(limited, rows, asked) : rows) {
    // Those that are asked for their status then say nothing else.
    if (limits.signal?.aborted) throw new CallAbortedError({ cause: limits.signal.reason });
    yield row;
    if (++count === limit) return;
  }
}

async function* rowsOf(
  calls: ServiceCalls,
  rows: AsyncIterator<WorkflowExecutionInfo>,
  limits: Limits,
): AsyncGenerator<VerificationListing, void, undefined> {
  for (;;) {
    const row: IteratorResult<WorkflowExecutionInfo> = await calls.limited(limits, async () => {
      try {
        return await calls.within(() => rows.next());
      } catch (error) {
        throw await calls.explain(error, { workflowId: '' });
      }
    });
    if (row.done) return;
    yield listingOf(row.value);
  }
}

/** The rows whose verifications say that they are in the state, or say nothing, in the order of the list. */
export async function* inState(
  calls: Pick<ServiceCalls, 'status'>,
  rows: AsyncIterable<VerificationListing>,
  wanted: VerificationState,
): AsyncGenerator<VerificationListing, void, undefined> {
  const asking: Promise<VerificationListing>[] = [];
  let silent = 0;
  const answered = async function* () {
    const row = await asking.shift();
    silent = row?.unanswered === undefined ? 0 : silent + 1;
    if (row && (row.unanswered !== undefined || row.state === wanted)) yield row;
  };
  for await (const row of rows) {
    asking.push(silent < MOST_ASKED ? stateAsked(calls, row) : Promise.resolve({ ...row, unanswered: NOT_ASKED }));
    if (asking.length === MOST_ASKED) yield* answered();
  }
  while (asking.length > 0) yield* answered();
}

/** With the state of its status; without a state where the namespace has just dropped it. */
async function stateAsked(calls: Pick<ServiceCalls, 'status'>, row: VerificationListing): Promise<VerificationListing> {
  const { workflowId } = row;
  try {
    return { ...row, state: (await calls.status({ workflowId })).state };
  } catch (error) {
    if (error instanceof VerificationNotFoundError) return { ...row, state: undefined };
    return { ...row, unanswered: error instanceof VerificationError ? error.code : errorName(error) };
  }
}

/** The most verifications that are asked for their status at the same time. */
const MOST_ASKED = 10;

/** As many before it were silent. */
const NOT_ASKED = 'NotAsked';

/** What the search attribute does not tell: which of its words come into question. */
const WORDS = { sending: ['sending', 'codePending'], awaitingCode: ['codePending'] } as const satisfies Partial<
  Record<VerificationState, readonly ListedState[]>
>;
const ASKED = Object.keys(WORDS) as (keyof typeof WORDS)[];
const STATES = [...new Set([...VERIFICATION_STATES, ...LISTED_STATES])];

/** The most that the server returns at once. */
const MOST_ON_A_PAGE = 1000;

const DEFAULT_LIST_LIMIT = 100;

/**
 * The visibility query for a filter.
 * @throws InvalidRequestError naming the field: a text that could end a quoted value never gets into the query.
 */
export function listQuery(filter: ListFilter): string {
  const clauses = [`WorkflowType = '${WORKFLOW_TYPE}'`];
  const { state, attributeName, userPoolId, open } = withoutNull(filter);
  if (state !== undefined) clauses.push(...stateClauses(oneOf('state', state, STATES)));
  if (attributeName !== undefined) {
    clauses.push(`${SEARCH_ATTRIBUTES.attributeName} = '${oneOf('attributeName', attributeName, ATTRIBUTE_NAMES)}'`);
  }
  if (userPoolId !== undefined) {
    if (typeof userPoolId !== 'string' || !/^[\w-]{1,55}$/.test(userPoolId)) {
      throw new InvalidRequestError('userPoolId', 'userPoolId must look like eu-west-1_AbC123xyz.');
    }
    clauses.push(`${SEARCH_ATTRIBUTES.userPoolId} = '${userPoolId}'`);
  }
  if (open !== undefined) clauses.push(`ExecutionStatus ${open ? '=' : '!='} 'Running'`);
  return clauses.join(' AND ');
}

/** One that could not even open its request has set no search attribute, and still says what it began with. */
const FAILED: VerificationState = 'failed';

function stateClauses(state: string): string[] {
  const asked = ASKED.find((one) => one === state);
  if (state === FAILED) return [`(${SEARCH_ATTRIBUTES.state} = '${state}' OR ExecutionStatus = 'Failed')`];
  if (asked === undefined) return [`${SEARCH_ATTRIBUTES.state} = '${state}'`];
  const words = WORDS[asked].map((word) => `'${word}'`).join(', ');
  return [`${SEARCH_ATTRIBUTES.state} IN (${words})`, "ExecutionStatus = 'Running'"];
}

/** @throws InvalidRequestError unless it is a whole number from 1. */
export function listLimit(limit: number = DEFAULT_LIST_LIMIT): number {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new InvalidRequestError('limit', 'limit must be a whole number from 1.');
  }
  return limit;
}

function listingOf(info: WorkflowExecutionInfo): VerificationListing {
  const attributes = info.typedSearchAttributes;
  const listed = LISTED_STATES.find((state) => state === attributes.get(SEARCH_ATTRIBUTE_KEYS.state));
  return {
    workflowId: info.workflowId,
    state: info.status.name === 'FAILED' ? FAILED : listed,
    attributeName: ATTRIBUTE_NAMES.find((name) => name === attributes.get(SEARCH_ATTRIBUTE_KEYS.attributeName)),
    userPoolId: attributes.get(SEARCH_ATTRIBUTE_KEYS.userPoolId),
    startedAt: info.startTime.toISOString(),
    closedAt: info.closeTime?.toISOString(),
    executionStatus: info.status.name,
  };
}

/** A field that is `null` is absent, as in every message. */
function withoutNull(filter: ListFilter): ListFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null));
}

function oneOf(field: string, value: string, allowed: readonly string[]): string {
  if (!allowed.includes(value)) throw new InvalidRequestError(field, `${field} must be one of ${allowed.join(', ')}.`);
  return value;
}
