import {
  isRecord,
  LIMITS_WINDOW_MS,
  type ServedUserPool,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { ApplicationFailure } from '@temporalio/common';
import {
  attributeVerification,
  type Command,
  countedAttempts,
  countedSends,
  createActivities,
} from './bundled/lifecycle.js';
import { Clock } from './clock.js';
import { type ActivityCall, type Execution, endOf } from './execution.js';
import { Executions } from './service.js';
import { acting } from './workflow-runtime.js';

/** More tries than a call has within its budget. */
const MOST_TRIES = 30;

// Before a test can put its own timers in their place.
const soon = globalThis.setImmediate;

/** What the world has to know of Cognito besides its answers. */
interface Cognito {
  readonly isHeld: (command: Command) => boolean;
  readonly tokenOf: (sub: string) => string;
}

/** Everything that a fake consists of besides its client and its user pool: the executions, their activities and their clock. */
export class World {
  readonly clock = new Clock();
  readonly executions: Executions;
  private busy = 0;
  private readonly activities: ReturnType<typeof createActivities>;

  /** @param answer Cognito's */
  constructor(
    userPools: Iterable<ServedUserPool>,
    answer: (command: Command, signal?: AbortSignal) => Promise<object>,
    { isHeld, tokenOf }: Cognito,
  ) {
    const send = async (command: Command, options?: { abortSignal?: AbortSignal }) => {
      if (!isHeld(command)) return await answer(command, options?.abortSignal);
      // Whoever waits until all has come to rest does not wait for it.
      this.busy -= 1;
      try {
        return await answer(command, options?.abortSignal);
      } finally {
        this.busy += 1;
      }
    };
    const accessTokenSource = { accessToken: ({ sub }: { sub: string }) => Promise.resolve(tokenOf(sub)) };
    this.activities = createActivities({ forUserPool: () => ({ send }) }, { userPools, accessTokenSource });
    const host = {
      clock: this.clock,
      activity: (call: ActivityCall, execution: Execution) => this.activity(call, execution),
      busy: () => this.begin(),
    };
    this.executions = new Executions(host, attributeVerification, () => this.settled());
  }

  /** Waits until nothing goes on any more, apart from what waits for the clock or is held up. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet = this.busy > 0 ? 0 : quiet + 1) {
      await new Promise<void>((resolve) => {
        soon(resolve);
      });
    }
  }

  private begin(): () => void {
    this.busy += 1;
    return () => {
      this.busy -= 1;
    };
  }

  private async activity(call: ActivityCall, execution: Execution): Promise<unknown> {
    if (call.name === 'countEarlierCalls') return this.countEarlierCalls(call.input, execution);
    if (call.name === 'noteEnd') return {};
    const { runId } = isRecord(call.input) ? call.input : {};
    // The task queue of calls takes over.
    if (call.local) return { notCalled: true, runId };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await acting.run({ ...call, attempt }, () => this.made(call));
      } catch (error) {
        const isFinal = !(error instanceof ApplicationFailure) || error.nonRetryable === true;
        if (isFinal || attempt === MOST_TRIES || call.signal.aborted) throw error;
      }
    }
  }

  private async made({ name, input }: ActivityCall): Promise<unknown> {
    const activity = this.activities[name];
    if (!activity) throw new Error(`The fake has no activity ${name}`);
    return await activity(input);
  }

  /** What the runs before this one have used of the limits of the hour. */
  private countEarlierCalls(input: unknown, execution: Execution) {
    const sinceMs = this.clock.now() - LIMITS_WINDOW_MS;
    const before = this.executions
      .of(execution.started.workflowId)
      .filter((run) => run !== execution && endOf(run) !== undefined && (run.closedAtMs ?? 0) > sinceMs);
    const statuses = before.map((run) => run.lastStatus() as VerificationStatus);
    const recent = ({ at }: { at: string }) => Date.parse(at) > sinceMs;
    return {
      runId: isRecord(input) ? input['runId'] : undefined,
      sends: countedSends(statuses.flatMap(({ sends }) => sends)).filter(recent),
      attempts: countedAttempts(statuses.flatMap(({ attempts }) => attempts)).filter(recent),
    };
  }
}
