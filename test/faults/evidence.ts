/** Collects what is known about each verification at the end of a run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isVerifiedValue, type VerificationClient } from '@cognito-verification/client';
import { keyRingOf, parseKeys } from '@cognito-verification/codec';
import { type VerificationOutcome, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import type { Sandbox, SandboxUser } from '../../sandbox/index.js';
import { historyToJSON } from '../../temporal/proto-json.js';
import { replayErrors } from '../replay-all.js';
import { NONDETERMINISM } from './check.js';
import type { Plan } from './plans.js';
import type { ChangeRecord, ClientCall, CognitoCall, Evidence, SendActivity } from './record.js';

/** The folder for the histories of violations, with the key of their run. */
const KEPT = fileURLToPath(new URL('out/', import.meta.url));
const SIDE_BY_SIDE = 6;
const STATUS_TRIES = 5;
const UPDATE = 'UpdateUserAttributes';
const OPERATIONS: Readonly<Record<string, CognitoCall['operation']>> = {
  GetUserAttributeVerificationCode: 'send',
  [UPDATE]: 'send',
  VerifyUserAttribute: 'attempt',
};
// Values of Temporal enumerations that the client does not name.
const NON_DETERMINISTIC_ERROR = 24;
const TIMED_OUT_WITH_WORKER: ReadonlySet<unknown> = new Set([1, 4]);
const START_TO_CLOSE = 1;

/** The value that a user has before the run, and the one to which the codes must go. Without a change they are the same. */
export interface Values {
  old: string;
  wanted: string;
}

type Known = Pick<Evidence, 'workflowId' | 'behaviour' | 'policy' | 'calls'> & {
  user: SandboxUser;
  plan: Plan;
  values: Values;
};
type FromHistory = Pick<Evidence, 'sendActivities' | 'failedTasks' | 'lostTasks' | 'builds'>;
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type Events = NonNullable<History['events']>;

export interface Sources {
  temporal: Client;
  client: VerificationClient;
  sandbox: Sandbox;
  /** In the form of `VERIFICATION_ENCRYPTION_KEYS`. */
  keys: string;
  /** When each message arrived, and where, by user name. */
  messages: ReadonlyMap<string, readonly { at: string; destination: string }[]>;
  realTime: (cognitoDate: string) => number;
  /** When the Temporal server was killed. */
  serverKilledAtMs: readonly number[];
}

/** @returns what the judge sees, and the history of each verification, to be kept where it finds a violation */
export async function evidenceOf(
  known: readonly Known[],
  sources: Sources,
): Promise<{ evidence: Evidence[]; histories: ReadonlyMap<string, History> }> {
  const executions = new Map<string, { startTime: Date; closeTime?: Date | undefined }[]>();
  for await (const execution of sources.temporal.workflow.list({ query: `WorkflowType = '${WORKFLOW_TYPE}'` })) {
    const runs = executions.get(execution.workflowId) ?? [];
    executions.set(execution.workflowId, [...runs, execution]);
  }
  const cognito = cognitoCalls(sources);
  const evidence: Evidence[] = [];
  const histories = new Map<string, History>();
  const left = [...known];
  const collect = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const { user, plan, values, ...verification } = next;
      const runs = executions.get(next.workflowId) ?? [];
      const [run] = runs;
      const closedAtMs = run?.closeTime?.getTime();
      const history = run && (await sources.temporal.workflow.getHandle(next.workflowId).fetchHistory());
      if (history) histories.set(next.workflowId, history);
      const outcome = closedAtMs === undefined ? undefined : await outcomeOf(sources.client, next.workflowId);
      const { attributeName, change } = plan;
      const { verified, value } = sources.sandbox.attribute(user, attributeName);
      const messages = sources.messages.get(user.username) ?? [];
      const asked = cognito.get(user.username) ?? [];
      evidence.push({
        ...verification,
        runs: runs.length,
        startedAtMs: run?.startTime.getTime() ?? 0,
        endedAtMs: closedAtMs,
        outcome,
        ...fromHistory(history?.events ?? []),
        forgottenTasks: forgottenTasks(verification.calls, asked, sources.serverKilledAtMs),
        cognito: asked,
        messagesAtMs: messages.map(({ at }) => sources.realTime(at)),
        strays: messages.filter(({ destination }) => destination !== values.wanted).length,
        change: change && { attributeName, keeps: change.keeps, holds: whichOf(values, value) },
        verifiedInPool: verified && value === values.wanted,
        provesValue: outcome !== undefined && isVerifiedValue(outcome, values.wanted),
      });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, collect));
  const all = [...histories].map(([workflowId, history]) => ({ workflowId, history }));
  const errors = await replayErrors(all, keyRingOf(...parseKeys(sources.keys, 'the key of this run')));
  const judged = evidence.map((one) => {
    const error = errors.get(one.workflowId);
    return { ...one, replayError: error && `${error.message}: ${String(error.cause)}` };
  });
  return { evidence: judged, histories };
}

function whichOf({ old, wanted }: Values, value: string | undefined): ChangeRecord['holds'] {
  return value === wanted ? 'new' : value === old ? 'old' : 'another';
}

/** Keeps the history of a verification that breaks a rule: the server's database is gone by the time a person looks at it. */
export async function keep(
  { workflowId, broken }: { workflowId: string; broken: readonly string[] },
  history: History,
  keys: string,
): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  const document = { keys, workflowId, broken, ...(JSON.parse(historyToJSON(history)) as object) };
  await writeFile(join(KEPT, `${workflowId.replaceAll('/', '_')}.json`), JSON.stringify(document));
}

/** Temporal keeps no result of a cancelled workflow, so the workflow's query answers, once a worker has replayed its history. */
async function outcomeOf(client: VerificationClient, workflowId: string): Promise<VerificationOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await client.wait(workflowId, { timeout: '1 minute' });
    if (outcome.status || tries === STATUS_TRIES) return outcome;
  }
}

function cognitoCalls({ sandbox, realTime }: Sources): Map<string, CognitoCall[]> {
  const byUser = new Map<string, CognitoCall[]>();
  for (const { username = '', operation: name, at, effect, outcome, sdkInvocationId } of sandbox.calls()) {
    const operation = OPERATIONS[name];
    if (operation === undefined) continue;
    const calls = byUser.get(username) ?? [];
    byUser.set(username, calls);
    calls.push({
      atMs: realTime(at),
      operation,
      ...(name === UPDATE && { changes: true }),
      ...(effect === 'ok' && outcome !== 'ok' && { lost: true }),
      by: sdkInvocationId === 'service' ? 'service' : 'worker',
      ...(effect === undefined ? {} : { effect }),
    });
  }
  return byUser;
}

function fromHistory(events: Events): FromHistory {
  const sends = new Map<string, SendActivity>();
  const failedTasks: string[] = [];
  const builds = new Set<string>();
  const lastAtMs = timeOf(events.at(-1));
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType?.name === 'sendCode') {
      const open = { scheduledAtMs: timeOf(event), endedAtMs: lastAtMs, end: 'cutOff' } as const;
      sends.set(String(event.eventId), open);
    }
    const ended =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes;
    const send = sends.get(String(ended?.scheduledEventId));
    const timeout = event.activityTaskTimedOutEventAttributes?.failure?.timeoutFailureInfo?.timeoutType;
    if (send) {
      const end = TIMED_OUT_WITH_WORKER.has(timeout) ? 'timedOut' : 'answered';
      sends.set(String(ended?.scheduledEventId), { ...send, endedAtMs: timeOf(event), end });
    }
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed)
      failedTasks.push(Number(failed.cause) === NON_DETERMINISTIC_ERROR ? NONDETERMINISM : `cause ${failed.cause}`);
    const completed = event.workflowTaskCompletedEventAttributes;
    if (completed) builds.add(completed.workerVersion?.buildId ?? '');
  }
  const lostTasks = events.filter(
    ({ workflowTaskTimedOutEventAttributes: lost }) => Number(lost?.timeoutType) === START_TO_CLOSE,
  ).length;
  return { sendActivities: [...sends.values()], failedTasks, lostTasks, builds: [...builds] };
}

/**
 * A killed server forgets the task that it has made for a code: until a worker ends it, it is in no history. It counts only if a worker
 * had asked Cognito by then, within the same call of the client.
 */
export function forgottenTasks(
  calls: readonly ClientCall[],
  cognito: readonly CognitoCall[],
  serverKilledAtMs: readonly number[],
): number {
  const codes = calls.filter(({ operation }) => operation === 'submitCode');
  const attempts = cognito.filter(({ operation, by }) => operation === 'attempt' && by === 'worker');
  const isForgotten = (killedAtMs: number) =>
    codes.some(
      (code) => killedAtMs <= code.endedAtMs && attempts.some(({ atMs }) => code.atMs <= atMs && atMs <= killedAtMs),
    );
  return serverKilledAtMs.filter(isForgotten).length;
}

function timeOf(event: Events[number] | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6;
}
