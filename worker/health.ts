/** Whether a worker process lives and whether it can take work, from its pollers, the server and its keys, and never from a clock. */
import type { KeyRing } from '@cognito-verification/codec';
import { redactText } from '../log/redact-text.js';
import type { VerificationWorker } from './worker.js';

type Statuses = ReturnType<VerificationWorker['status']>;
type Status = NonNullable<Statuses['workflows']>;

/** What a probe is told. */
export interface HealthAnswer {
  readonly ok: boolean;
  /** What is wrong, one sentence each, without secrets. Empty if nothing is. */
  readonly reasons: readonly string[];
}

/** The answers of a worker process to the probes of its orchestrator. */
export interface Health {
  /**
   * Begins with the workers, once they run. Before that the process is alive and not ready.
   * @param askServer asks the server something that a worker must be able to ask; rejects if it does not answer, or refuses
   */
  watch(worker: Pick<VerificationWorker, 'status'>, askServer: () => Promise<unknown>): void;
  /** Whether the process should go on: until one of its workers has failed. */
  alive(): HealthAnswer;
  /** Whether the process takes work. */
  ready(): Promise<HealthAnswer>;
}

/** An answer of the server, or of the keys, counts so long. With the limit of a look, what goes away is noticed within 7 s. */
const LOOK_EVERY_MS = 4_000;
/** A look that takes longer has failed. Shorter than the time between two, so that there is one at a time. */
const LOOK_LIMIT_MS = 3_000;

/** Answers from the true state. Server and keys are looked at when somebody asks, at most every four seconds. */
export function createHealth(keys: Pick<KeyRing, 'check'>): Health {
  let watched: { status: () => Statuses; looks: readonly (() => Promise<string | undefined>)[] } | undefined;
  return {
    watch: (worker, askServer) => {
      const looks = [
        looking('The Temporal Service cannot be used', askServer),
        looking('The keys cannot be read', async () => await keys.check?.()),
      ];
      watched = { status: () => worker.status(), looks };
    },
    alive: () => answerOf(watched ? whyFailed(watched.status()) : []),
    async ready() {
      if (!watched) return answerOf(['The process is starting: it does not poll yet.']);
      const { status, looks } = watched;
      const found = await Promise.all(looks.map((look) => look()));
      // After the looks, so that a worker that is told to stop meanwhile is not ready.
      return answerOf([...whyNotPolling(status()), ...found.flatMap((reason) => reason ?? [])]);
    },
  };
}

/** Why the process should be started anew: a worker has failed, or has ended beside one that goes on, and none comes back. */
function whyFailed(statuses: Statuses): string[] {
  const workers = workersOf(statuses);
  const goesOn = workers.some(({ status }) => status.runState === 'RUNNING');
  return workers
    .filter(({ status: { runState } }) => runState === 'FAILED' || (runState === 'STOPPED' && goesOn))
    .map(
      ({ name, status }) =>
        `The worker of ${name} has ${status.runState === 'FAILED' ? 'failed' : 'ended'}: see the log.`,
    );
}

/**
 * Why the workers take no work. One that waits for tasks, however long, has a poll open, also while the server lets none through.
 * One whose slots are all taken has work under way.
 */
function whyNotPolling(statuses: Statuses): string[] {
  return workersOf(statuses).flatMap(({ name, status, polls }) => {
    const { runState } = status;
    if (runState === 'FAILED') return `The worker of ${name} has failed: see the log.`;
    if (runState === 'INITIALIZED') return `The worker of ${name} does not poll yet.`;
    if (runState !== 'RUNNING') return `The worker of ${name} has been told to stop (${runState}).`;
    const dead = polls.filter((poll) => !POLLS[poll](status));
    return dead.map((poll) => `The worker of ${name} polls for no ${poll}: see the log.`);
  });
}

const POLLS = {
  'workflow tasks': (status: Status) =>
    status.workflowPollerState === 'POLLING' &&
    (status.hasOutstandingWorkflowPoll || status.numInFlightWorkflowActivations > 0),
  activities: (status: Status) =>
    status.activityPollerState === 'POLLING' && (status.hasOutstandingActivityPoll || status.numInFlightActivities > 0),
} as const;

/** The workers that this process has, and what each polls for: direct calls are activities of the worker of the verifications. */
function workersOf({ workflows, cognito }: Statuses) {
  const all = [
    { name: 'the verifications', status: workflows, polls: ['workflow tasks', 'activities'] },
    { name: 'the calls to Cognito', status: cognito, polls: ['activities'] },
  ] as const;
  return all.flatMap(({ status, ...worker }) => (status ? [{ ...worker, status }] : []));
}

/** Looks at most every few seconds, has an answer in time, and never rejects: undefined where nothing is wrong. */
function looking(what: string, look: () => Promise<unknown>): () => Promise<string | undefined> {
  let answer: Promise<string | undefined> | undefined;
  let lookedMs = 0;
  return async () => {
    const nowMs = performance.now();
    if (!answer || nowMs - lookedMs >= LOOK_EVERY_MS) {
      lookedMs = nowMs;
      answer = inTime(look).then(
        () => undefined,
        (error: unknown) => `${what}: ${redactText(error instanceof Error ? error.message : String(error))}`,
      );
    }
    return await answer;
  };
}

async function inTime(look: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_LIMIT_MS / 1000} seconds`)), LOOK_LIMIT_MS);
  });
  try {
    await Promise.race([look(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(reasons: readonly string[]): HealthAnswer {
  return { ok: reasons.length === 0, reasons };
}
