/**
 * Replays histories on a workflow bundle, as a worker of that build would if it had to take a verification up: one bundle
 * and a few replay workers for all of them.
 */
import { type KeyRing, KeyServiceError } from '@cognito-verification/codec';
import { Worker } from '@temporalio/worker';
import type { ReplayBundle } from './bundle.js';
import { ReplayCodec } from './codec.js';
import { failingEvent, onlyEventMeant } from './failing-event.js';
import { type HistoryFacts, historyFacts } from './history-facts.js';
import { keysMissing, located, notReplayed, type ReplayProblem, replayProblem } from './problem.js';
import type { RecordedHistory } from './recorded-history.js';

export interface ReplayOptions {
  bundle: ReplayBundle;
  /** What opens the payloads. */
  keys: KeyRing;
  /** Replay workers at once, each with a thread of its own; what opens payloads they share. Default 1. */
  workers?: number;
  /** Begins no further history. */
  signal?: AbortSignal;
  /** For one history: the native core waits for ever where it has failed itself. Default a minute. */
  limitMs?: number;
}

/** The event of a failure is searched for in so many of a kind: that is another replay for each of its workflow tasks. */
export const MOST_SEARCHED = 20;
const LIMIT_MS = 60_000;

/** What came of one history. */
export interface Replayed<Recorded extends RecordedHistory = RecordedHistory> {
  recorded: Recorded;
  facts: HistoryFacts;
  /** Why it does not replay; absent where it does, and where there is nothing in it to replay yet. */
  problem?: ReplayProblem;
  /** How many of its payloads nothing opened. Where it replays all the same, they were refused when it was recorded too. */
  unopened: number;
}

type OnReplayed<Recorded extends RecordedHistory> = (replayed: Replayed<Recorded>) => void | Promise<void>;
/** Undefined when there is none left. */
type Next<Recorded> = () => Promise<Recorded | undefined>;

/**
 * Replays each history once.
 * @param onReplayed is told of each as soon as it is known, in no particular order
 * @throws what `histories` throws, what the SDK throws before it has begun with one, and KeyServiceError: while keys cannot be
 * had nothing is known of any
 */
export async function replayHistories<Recorded extends RecordedHistory>(
  histories: AsyncIterable<Recorded> | Iterable<Recorded>,
  { bundle, keys, workers = 1, signal, limitMs = LIMIT_MS }: ReplayOptions,
  onReplayed: OnReplayed<Recorded>,
): Promise<void> {
  // All take from the one: a generator of an iterable that was begun elsewhere would be closed by whoever is done first.
  const source = oneByOne(histories);
  const end = new CommonEnd(workers);
  const next: Next<Recorded> = async () => {
    if (signal?.aborted || end.reached) return undefined;
    const { value, done } = await source.next();
    return done ? undefined : value;
  };
  const searches = new Searches();
  const lanes = await Promise.allSettled(
    Array.from({ length: workers }, async () => {
      try {
        await new Lane<Recorded>(bundle, keys, limitMs, searches).replayAll(next, onReplayed, end);
      } finally {
        end.reach();
      }
    }),
  );
  await source.return();
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
}

/**
 * Where lanes wait for each other before they end: with the last replay worker the SDK shuts down all that is native, under
 * the hands of one that is just being made.
 */
class CommonEnd {
  reached = false;
  private waiting = 0;
  private release: () => void = () => undefined;
  private readonly promise = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  constructor(private readonly lanes: number) {}

  async wait(): Promise<void> {
    this.waiting += 1;
    if (this.waiting === this.lanes) this.reach();
    await this.promise;
  }

  /** Also where a lane fails: the others need not go on. */
  reach(): void {
    this.reached = true;
    this.release();
  }
}

async function* oneByOne<Recorded>(
  histories: AsyncIterable<Recorded> | Iterable<Recorded>,
): AsyncGenerator<Recorded, void, undefined> {
  yield* histories;
}

/** Unless told, a replay worker runs the code in this thread, and to code that never waits there is no end then. */
const IN_A_THREAD = { debugMode: false };

/** How often each kind of failure has been searched for its event, in all replay workers. */
class Searches {
  private readonly done = new Map<string, number>();

  mayBegin(kind: string): boolean {
    const done = this.done.get(kind) ?? 0;
    this.done.set(kind, done + 1);
    return done < MOST_SEARCHED;
  }
}

/** For one history after the other. */
class TimeLimit {
  /** Rejects. */
  readonly passed: Promise<never>;
  isPassed = false;
  private pass: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limitMs: number) {
    this.passed = new Promise((_resolve, reject) => {
      this.pass = () => {
        this.isPassed = true;
        reject(new Error(`there is no end to it within ${limitMs / 1000} s`));
      };
    });
    this.passed.catch(() => undefined);
  }

  start(): void {
    this.timer = setTimeout(this.pass, this.limitMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

/** One replay worker, with one history at a time. */
class Lane<Recorded extends RecordedHistory> {
  private readonly codec: ReplayCodec;
  private current: Recorded | undefined;
  private drained = false;

  constructor(
    private readonly bundle: ReplayBundle,
    keys: KeyRing,
    private readonly limitMs: number,
    private readonly searches: Searches,
  ) {
    this.codec = new ReplayCodec(keys);
  }

  async replayAll(next: Next<Recorded>, onReplayed: OnReplayed<Recorded>, end: CommonEnd): Promise<void> {
    while (!this.drained) {
      const limit = new TimeLimit(this.limitMs);
      const results = Worker.runReplayHistories(this.options(), this.feed(next, onReplayed, end, limit));
      try {
        // By hand: to leave a loop is to wait for a replay worker that may never end.
        for (;;) {
          const result = await Promise.race([results.next(), limit.passed]);
          limit.stop();
          if (result.done) break;
          await onReplayed(await this.replayed(result.value.error));
        }
        if (this.current) throw new Error('the SDK has left it out');
      } catch (error) {
        limit.stop();
        if (!limit.isPassed) await results.return?.();
        // It has ended the whole replay worker, which no history may do to those after it.
        const recorded = this.current;
        this.current = undefined;
        if (!recorded) throw error;
        await onReplayed({ recorded, facts: historyFacts(recorded.history), problem: notReplayed(error), unopened: 0 });
      }
    }
  }

  private async *feed(
    next: Next<Recorded>,
    onReplayed: OnReplayed<Recorded>,
    end: CommonEnd,
    limit: TimeLimit,
  ): AsyncGenerator<Recorded, void, undefined> {
    // One that comes back after its time must not take what is another's now.
    while (!limit.isPassed) {
      const recorded = await next();
      if (recorded === undefined) {
        this.drained = true;
        await end.wait();
        return;
      }
      const facts = historyFacts(recorded.history);
      if (!facts.begun) {
        // The SDK would wait for ever for a task that has never been.
        await onReplayed({ recorded, facts, unopened: 0 });
        continue;
      }
      this.current = recorded;
      this.codec.begin();
      limit.start();
      yield recorded;
    }
  }

  /** What came of the current one. */
  private async replayed(error: Error | undefined): Promise<Replayed<Recorded>> {
    const recorded = this.current as Recorded;
    this.current = undefined;
    // Now: to search for an event is to open payloads once more.
    const trace = { unopened: [...this.codec.unopened], lastFailure: this.codec.lastFailure };
    const unavailable = trace.unopened.find((one) => one instanceof KeyServiceError);
    if (unavailable) throw unavailable;
    const problem = error
      ? await this.placed(replayProblem(error, recorded.history, trace), recorded)
      : keysMissing(trace.unopened);
    const facts = historyFacts(recorded.history);
    return { recorded, facts, ...(problem ? { problem } : {}), unopened: trace.unopened.length };
  }

  /** With its event, where that can be found. */
  private async placed(problem: ReplayProblem, recorded: Recorded): Promise<ReplayProblem> {
    const { kind } = problem;
    if (problem.eventId !== undefined || !['nondeterminism', 'taskFailed'].includes(kind)) return problem;
    const eventId = onlyEventMeant(problem, recorded.history) ?? (await this.search(problem, recorded));
    return eventId === undefined ? problem : located(problem, eventId, recorded.history);
  }

  private async search(problem: ReplayProblem, recorded: Recorded): Promise<number | undefined> {
    if (!this.searches.mayBegin(problem.kind)) return undefined;
    const limit = new TimeLimit(this.limitMs);
    limit.start();
    try {
      return await Promise.race([failingEvent(this.options(), recorded, problem), limit.passed]);
    } catch {
      // The problem is known all the same.
      return undefined;
    } finally {
      limit.stop();
    }
  }

  private options(): Parameters<typeof Worker.runReplayHistories>[0] {
    return {
      workflowBundle: { code: this.bundle.code },
      dataConverter: this.codec.dataConverter,
      replayName: 'replay',
      ...IN_A_THREAD,
    };
  }
}
