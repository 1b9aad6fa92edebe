/**
 * Replays histories on a workflow bundle, as a worker of that build would if it had to take a verification up: one bundle
 * and a few replay workers for all of them.
 */
import type { KeyRing } from '@cognito-verification/codec';
import { Worker } from '@temporalio/worker';
import { failingEvent } from './failing-event.js';
import { type HistoryFacts, historyFacts } from './history-facts.js';
import type { RecordedHistory } from './recorded-history.js';
import type { ReplayBundle } from './replay-bundle.js';
import { ReplayCodec } from './replay-codec.js';
import { keysMissing, located, type ReplayProblem, replayProblem, unreadable } from './replay-problem.js';

export interface ReplayOptions {
  bundle: ReplayBundle;
  /** What opens the payloads. */
  keys: KeyRing;
  /** Replay workers at once, each with a thread of its own; what opens payloads they share. Default 1. */
  workers?: number;
  /** Begins no further history. */
  signal?: AbortSignal;
}

/** What came of one history. */
export interface Replayed<Recorded extends RecordedHistory = RecordedHistory> {
  recorded: Recorded;
  facts: HistoryFacts;
  /** Why it does not replay; absent where it does. */
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
 * @throws what `histories` throws, and what the SDK throws before it has begun with one
 */
export async function replayHistories<Recorded extends RecordedHistory>(
  histories: AsyncIterable<Recorded> | Iterable<Recorded>,
  { bundle, keys, workers = 1, signal }: ReplayOptions,
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
  const lanes = await Promise.allSettled(
    Array.from({ length: workers }, async () => {
      try {
        await new Lane<Recorded>(bundle, keys).replayAll(next, onReplayed, end);
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

/** One replay worker, with one history at a time. */
class Lane<Recorded extends RecordedHistory> {
  private readonly codec: ReplayCodec;
  private current: Recorded | undefined;
  private drained = false;

  constructor(
    private readonly bundle: ReplayBundle,
    keys: KeyRing,
  ) {
    this.codec = new ReplayCodec(keys);
  }

  async replayAll(next: Next<Recorded>, onReplayed: OnReplayed<Recorded>, end: CommonEnd): Promise<void> {
    while (!this.drained) {
      try {
        for await (const { error } of Worker.runReplayHistories(this.options(), this.feed(next, onReplayed, end))) {
          const recorded = this.current as Recorded;
          const problem = error ? await this.problemOf(error, recorded) : keysMissing(this.codec.unopened);
          const unopened = this.codec.unopened.length;
          this.current = undefined;
          await onReplayed({
            recorded,
            facts: historyFacts(recorded.history),
            ...(problem ? { problem } : {}),
            unopened,
          });
        }
      } catch (error) {
        // It has ended the whole replay worker, which no history may do to those after it.
        const recorded = this.current;
        this.current = undefined;
        if (!recorded) throw error;
        const problem = unreadable(`cannot be replayed: ${error instanceof Error ? error.message : String(error)}`);
        await onReplayed({ recorded, facts: historyFacts(recorded.history), problem, unopened: 0 });
      }
    }
  }

  private async *feed(
    next: Next<Recorded>,
    onReplayed: OnReplayed<Recorded>,
    end: CommonEnd,
  ): AsyncGenerator<Recorded, void, undefined> {
    for (;;) {
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
      yield recorded;
    }
  }

  private async problemOf(error: Error, recorded: Recorded): Promise<ReplayProblem> {
    const { unopened, lastFailure } = this.codec;
    const problem = replayProblem(error, recorded.history, { unopened: [...unopened], lastFailure });
    if (problem.eventId !== undefined || !['nondeterminism', 'taskFailed'].includes(problem.kind)) return problem;
    const eventId = await failingEvent(this.options(), recorded, problem);
    return eventId === undefined ? problem : located(problem, eventId, recorded.history);
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
