/**
 * What the model's calls wait in: moments to come, processors, allowances, the task queue of calls, and Cognito's quotas. Times are in
 * seconds. Where one call stands for several (`standsFor`), as many calls are let through in a time that is so much longer: in whole calls
 * a part of a second's would be none.
 */

/** What is to happen, by the time at which it does (a binary heap). */
export class Agenda {
  private readonly heap: { readonly at: number; readonly act: () => void }[] = [];
  now = 0;

  add(at: number, act: () => void): void {
    const { heap } = this;
    let place = heap.length;
    const entry = { at: Math.max(at, this.now), act };
    for (let above = (place - 1) >> 1; place > 0; above = (place - 1) >> 1) {
      const parent = heap[above] as (typeof heap)[number];
      if (parent.at <= entry.at) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  /** Lets the next thing happen. @returns false where there is none */
  step(): boolean {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last) return false;
    if (heap.length > 0) this.sink(last);
    this.now = first.at;
    first.act();
    return true;
  }

  private sink(entry: (typeof this.heap)[number]): void {
    const { heap } = this;
    let place = 0;
    for (let below = 1; below < heap.length; below = 2 * place + 1) {
      const [left, right] = [heap[below], heap[below + 1]];
      const isRight = right !== undefined && left !== undefined && right.at < left.at;
      const child = isRight ? right : left;
      if (child === undefined || child.at >= entry.at) break;
      heap[place] = child;
      place = isRight ? below + 1 : below;
    }
    heap[place] = entry;
  }
}

/** Processors that serve first who comes first. */
export class Processors {
  private freeAt = 0;

  constructor(private readonly cores: number) {}

  /** @returns when the work is done */
  serve(at: number, cpuMs: number): number {
    this.freeAt = Math.max(at, this.freeAt) + cpuMs / 1_000 / this.cores;
    return this.freeAt;
  }
}

/** What is saved for later calls is for a minute at most: where each stands for thousands, it would be a part of the day. */
const MOST_SAVED_SECONDS = 60;

/** A quota of Cognito, as a bucket of what one second lets through, in whole calls. */
export class Quota {
  private readonly most: number;
  private tokens: number;
  private filledAt = 0;

  /** @param standsFor so many calls each of them is */
  constructor(
    private readonly perSecond: number,
    private readonly standsFor = 1,
  ) {
    this.most = Math.max(1, Math.floor(perSecond * Math.min(1, MOST_SAVED_SECONDS / standsFor)));
    this.tokens = this.most;
  }

  take(now: number): boolean {
    if (this.perSecond === Number.POSITIVE_INFINITY) return true;
    this.tokens = Math.min(this.most, this.tokens + ((now - this.filledAt) * this.perSecond) / this.standsFor);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

/** What Cognito counts apart. */
export type CallKind = 'send' | 'attempt' | 'look';

/** After a throttle a worker makes no direct calls for so long. */
const THROTTLED_SECONDS = 60;

/** What one worker process may ask directly: see `Allowance` of the activities, with which a test compares it. */
export class Allowance {
  private readonly made: Record<CallKind, number[]> = { send: [], attempt: [], look: [] };
  private throttledUntil = 0;

  /**
   * @param perSecond attempts, and as many looks, of this process; twice as many sends. Part of a call is none
   * @param standsFor so many calls each of them is
   */
  constructor(
    private readonly perSecond: number,
    private readonly standsFor = 1,
  ) {}

  take(kind: CallKind, now: number): boolean {
    if (now < this.throttledUntil) return false;
    const made = this.made[kind];
    while (made[0] !== undefined && made[0] <= now - this.standsFor) made.shift();
    if (made.length >= Math.floor((kind === 'send' ? 2 : 1) * this.perSecond)) return false;
    made.push(now);
    return true;
  }

  throttled(now: number): void {
    this.throttledUntil = now + THROTTLED_SECONDS;
  }
}

/** The server divides a task queue, and its limit, among so many partitions. Each may save what a second lets through. */
const PARTITIONS = 4;
const SAVED_SECONDS = 1;

/** What waits in the task queue of calls. */
interface Waiting {
  readonly kind: CallKind;
  /** It was given up meanwhile. */
  readonly isOver: boolean;
}

/** The task queue of calls: sends, and everything else, take turns. */
export class CallQueue<Call extends Waiting> {
  private readonly partitions;

  /**
   * @param call makes the call whose turn it is
   * @param standsFor so many calls each of them is
   */
  constructor(
    private readonly agenda: Agenda,
    private readonly random: () => number,
    private readonly perSecond: number,
    private readonly call: (call: Call) => void,
    private readonly standsFor = 1,
  ) {
    this.partitions = Array.from({ length: PARTITIONS }, () => ({
      sends: [] as Call[],
      others: [] as Call[],
      isSendsTurn: false,
      isWaiting: false,
      readyAt: Number.NEGATIVE_INFINITY,
    }));
  }

  add(call: Call): void {
    if (this.perSecond === Number.POSITIVE_INFINITY) {
      this.call(call);
      return;
    }
    const partition = this.partitions[Math.floor(this.random() * PARTITIONS)] as (typeof this.partitions)[number];
    partition[call.kind === 'send' ? 'sends' : 'others'].push(call);
    if (!partition.isWaiting) this.await(partition);
  }

  private await(partition: (typeof this.partitions)[number]): void {
    partition.isWaiting = true;
    this.agenda.add(partition.readyAt, () => {
      partition.isWaiting = false;
      const { sends, others } = partition;
      for (const calls of [sends, others]) while (calls[0]?.isOver) calls.shift();
      const isSend = others.length === 0 || (partition.isSendsTurn && sends.length > 0);
      const call = (isSend ? sends : others).shift();
      if (!call) return;
      partition.isSendsTurn = !isSend;
      const savedSince = this.agenda.now - Math.min(MOST_SAVED_SECONDS, SAVED_SECONDS * this.standsFor);
      partition.readyAt = Math.max(partition.readyAt, savedSince) + (PARTITIONS * this.standsFor) / this.perSecond;
      this.call(call);
      if (!partition.isWaiting && sends.length + others.length > 0) this.await(partition);
    });
  }
}
