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
import { connectionTo, grpcError } from './connection.js';
import { type ActivityCall, type Execution, endOf } from './execution.js';
import { KeptBack } from './kept-back.js';
import type { FakeOptions, RunningSandbox } from './options.js';
import { Refusals } from './refusals.js';
import { answerOf, poolsOf } from './sandbox-endpoint.js';
import { Executions } from './service.js';
import { FakeUserPool } from './user-pool.js';
import { acting } from './workflow-runtime.js';

/** More tries than a call has within its budget. */
const MOST_TRIES = 30;

// Before a test can put its own timers in their place.
const soon = globalThis.setImmediate;

/** Everything that a fake consists of besides its client and its user pool: the executions, their activities and their clock. */
export class World {
  readonly clock = new Clock();
  readonly refusals = new Refusals();
  readonly keptBack = new KeptBack(this.clock);
  readonly userPools: Iterable<ServedUserPool>;
  readonly connection: ReturnType<typeof connectionTo>;
  readonly executions: Executions;
  temporalIsAway = false;
  private readonly userPool: FakeUserPool | undefined;
  private readonly sandbox: RunningSandbox | undefined;
  private readonly activities: ReturnType<typeof createActivities>;
  /** How much goes on now. */
  private busy = 0;
  private readonly waiting: (() => void)[] = [];

  constructor({ code = '123456', userPoolId = 'eu-west-1_Testing00', keepsOriginal = false, sandbox }: FakeOptions) {
    this.sandbox = sandbox;
    if (!sandbox)
      this.userPool = new FakeUserPool(
        { userPoolId, keepsOriginal },
        this.clock,
        typeof code === 'string' ? () => code : code,
      );
    this.userPools = sandbox ? poolsOf(sandbox) : [{ userPoolId, keepsOriginal, keys: this.pool.keys }];
    const send = async (command: Command, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
      await this.idly(this.refusals.heldUp(command, abortSignal));
      this.refusals.check(command);
      return sandbox ? await answerOf(sandbox, command, abortSignal) : this.pool.answer(command);
    };
    const accessToken = ({ sub }: { sub: string }) => Promise.resolve(this.userPool?.accessToken(sub));
    const { userPools, keptBack } = this;
    const options = {
      userPools,
      accessTokenSource: { accessToken },
      // Read anew for each call.
      get messageGuard() {
        return keptBack.guard;
      },
    };
    this.activities = createActivities({ forUserPool: () => ({ send }) }, options);
    const host = {
      clock: this.clock,
      activity: (call: ActivityCall, execution: Execution) => this.activity(call, execution),
      busy: () => this.begin(),
    };
    this.executions = new Executions(host, attributeVerification, () => this.settled());
    this.connection = connectionTo(this.executions.service, () => {
      if (this.temporalIsAway) throw grpcError('UNAVAILABLE', 'the fake was told that Temporal is away');
    });
  }

  /** @throws TypeError where the users are those of a sandbox */
  get pool(): FakeUserPool {
    if (this.userPool) return this.userPool;
    throw new TypeError('This fake has a sandbox: ask that for its users, tokens, codes and attributes.');
  }

  async advance(ms: number): Promise<void> {
    this.sandbox?.advanceClock(ms);
    await this.clock.advance(ms, () => this.settled());
    await this.settled();
  }

  /** Waits until nothing goes on any more, apart from what waits for the clock or is held up. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet += 1) {
      await new Promise<void>((resolve) => {
        soon(resolve);
      });
      if (this.busy === 0) continue;
      quiet = -1;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** `settled` does not wait for this. */
  private async idly(wait: Promise<void> | undefined): Promise<void> {
    if (!wait) return;
    this.count(-1);
    try {
      await wait;
    } finally {
      this.count(1);
    }
  }

  private begin(): () => void {
    this.count(1);
    return () => this.count(-1);
  }

  private count(change: 1 | -1): void {
    this.busy += change;
    if (this.busy === 0) for (const go of this.waiting.splice(0)) go();
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
      ...(statuses.some(({ state }) => state === 'verified' || state === 'alreadyVerified') && { endedVerified: true }),
    };
  }
}
