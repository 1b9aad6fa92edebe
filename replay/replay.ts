/**
 * Replays histories on a workflow bundle, as a worker of that build would do if it took a verification over. A few replay
 * workers share the bundle and the histories.
 */
import { type KeyRing, KeyServiceError } from '@cognito-verification/codec';
import { Worker } from '@temporalio/worker';
import { withoutStackTraces } from '../temporal/untraced.js';
import type { ReplayBundle } from './bundle.js';
import { ReplayCodec } from './codec.js';
import { failingEvent, onlyEventMeant } from './failing-event.js';
import { type HistoryFacts, historyFacts } from './history-facts.js';
import { keysMissing, located, notReplayed, type ReplayProblem, replayProblem } from './problem.js';
import type { RecordedHistory } from './recorded-history.js';
import { TimeLimit } from './time-limit.js';

export interface ReplayOptions {
  bundle: ReplayBundle;
  /** Opens the payloads. */
  keys: KeyRing;
  /** How many replay workers run at once, each with a thread of its own. They share the keys. Default 1. */
  workers?: number | undefined;
  /** When it is aborted, no further history is begun. */
  signal?: AbortSignal | undefined;
  /** The time for one history. It needs a limit, because the native core waits for ever after an error of its own. Default a minute. */
  limitMs?: number | undefined;
}

/**
 * For how many failures of a kind the event is searched for. One search replays the history again for each of its workflow
 * tasks.
 */
export const MOST_SEARCHED = 20;
const LIMIT_MS = 60_000;

/** What came of one history. */
export interface Replayed<Recorded extends RecordedHistory = RecordedHistory> {
  recorded: Recorded;
  facts: HistoryFacts;
  /** Why it does not replay. Absent where it does, and where there is nothing to replay in it yet. */
  problem?: ReplayProblem | undefined;
  /** How many of its payloads were not opened. If it replays all the same, they were refused when it was recorded too. */
  unopened: number;
}

type OnReplayed<Recorded extends RecordedHistory> = (replayed: Replayed<Recorded>) => void | Promise<void>;
/** The next history, or undefined when none is left. */
type Next<Recorded> = () => Promise<Recorded | undefined>;

/**
 * Replays each history once.
 * @param onReplayed gets each result as soon as it is known, in no particular order
 * @throws what `histories` throws, what the SDK throws before it has begun a history, and KeyServiceError: without keys nothing
 * is known of any history
 */
export async function replayHistories<Recorded extends RecordedHistory>(
  histories: AsyncIterable<Recorded> | Iterable<Recorded>,
  { bundle, keys, workers = 1, signal, limitMs = LIMIT_MS }: ReplayOptions,
  onReplayed: OnReplayed<Recorded>,
): Promise<void> {
  // All lanes take from this generator. A loop of each lane over `histories` would close it for the others when it ends.
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
 * Lets lanes wait for each other before they end. When its last replay worker ends, the SDK shuts down everything native, even
 * while another replay worker is being created.
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

  /** Releases all lanes. A lane that fails calls it too, because the others need not go on then. */
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

/** By default a replay worker runs the code in this thread, where nothing can stop code that never waits. */
const IN_A_THREAD = { debugMode: false };

/** How many searches all replay workers have made, by kind of failure. */
class Searches {
  private readonly done = new Map<string, number>();

  mayBegin(kind: string): boolean {
    const done = this.done.get(kind) ?? 0;
    this.done.set(kind, done + 1);
    return done < MOST_SEARCHED;
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
        // Not a `for await`: leaving that loop waits for the replay worker, which may never end.
        for (;;) {
          const result = await Promise.race([results.next(), limit.passed]);
          limit.stop();
          if (result.done) break;
          await onReplayed(await this.resultOf(result.value.error));
        }
        if (this.current) throw new Error('the SDK gave no result for it');
      } catch (error) {
        limit.stop();
        if (!limit.isPassed) await results.return?.();
        // The current history has ended this replay worker. The next turn of the loop makes another one for the histories after it.
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
    // A feed that continues after its time must not take a history from the feed that has replaced it.
    while (!limit.isPassed) {
      const recorded = await next();
      if (recorded === undefined) {
        this.drained = true;
        await end.wait();
        return;
      }
      const facts = historyFacts(recorded.history);
      if (!facts.begun) {
        // The SDK would wait for ever for its first task.
        await onReplayed({ recorded, facts, unopened: 0 });
        continue;
      }
      this.current = recorded;
      this.codec.begin();
      limit.start();
      yield recorded;
    }
  }

  /** The result of the current history. */
  private async resultOf(error: Error | undefined): Promise<Replayed<Recorded>> {
    const recorded = this.current as Recorded;
    this.current = undefined;
    // Before the search for an event, which opens payloads again.
    const trace = { unopened: [...this.codec.unopened], lastFailure: this.codec.lastFailure };
    const unavailable = trace.unopened.find((reason) => reason instanceof KeyServiceError);
    if (unavailable) throw unavailable;
    const problem = error
      ? await this.withEvent(replayProblem(error, recorded.history, trace), recorded)
      : keysMissing(trace.unopened);
    const facts = historyFacts(recorded.history);
    return { recorded, facts, problem, unopened: trace.unopened.length };
  }

  /** The problem with its event, if that can be found. */
  private async withEvent(problem: ReplayProblem, recorded: Recorded): Promise<ReplayProblem> {
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
      // The problem is known even without its event.
      return undefined;
    } finally {
      limit.stop();
    }
  }

  private options(): Parameters<typeof Worker.runReplayHistories>[0] {
    return {
      workflowBundle: { code: withoutStackTraces(this.bundle.code, this.bundle.path) },
      dataConverter: this.codec.dataConverter,
      replayName: 'replay',
      ...IN_A_THREAD,
    };
  }
}
