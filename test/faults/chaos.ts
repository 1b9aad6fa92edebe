/** What goes wrong, and when: several kinds of fault, each with its own schedule, drawn from the seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../sandbox/index.js';
import { type Random, randomOf } from './random.js';
import type { FaultRig } from './rig.js';

const SEND = 'GetUserAttributeVerificationCode';
/** What sends a code too. */
const UPDATE = 'UpdateUserAttributes';
const MINUTE_MS = 60_000;
const WHOLE_LIMIT_MS = 60_000;

/** Cognito faults that the sandbox causes, in words for the table. */
const COGNITO = {
  'storm of 429 (`TooManyRequestsException`)': {
    operation: '*',
    share: 0.7,
    exception: { name: 'TooManyRequestsException' },
  },
  '5xx in place of the effect': { operation: '*', share: 0.5, exception: { name: 'InternalErrorException' } },
  '5xx after the effect': { operation: '*', share: 0.4, htmlError: 503, afterEffect: true },
  'connection cut before the effect': { operation: '*', share: 0.5, dropConnection: 'beforeEffect' },
  'connection cut after the effect': { operation: '*', share: 0.4, dropConnection: 'afterEffect' },
  'slow: 3 s before the effect': { operation: '*', share: 0.7, latencyMs: 3_000 },
  'slow: the answer 6 s after the message': { operation: SEND, share: 0.7, latencyMs: 6_000, afterEffect: true },
  'message lost on its way to the person': { operation: SEND, share: 0.3, neverDelivered: true },
} as const satisfies Readonly<Record<string, Fault>>;

/** Faults of the line between workers and Cognito. */
const LINE = {
  'line to Cognito: connections stand, nothing is answered': 'unanswered',
  'line to Cognito: half-open, answers are lost': 'answersLost',
  'line to Cognito: reset in the middle of an answer': 'reset',
  'line to Cognito: answers trickle': 'slow',
} as const;

/** A proxy before Cognito answers with pages of its own; the value says whether it passes the request on all the same. */
const PROXY = {
  'proxy before Cognito: a page in place of the call': false,
  'proxy before Cognito: a page in place of the answer': true,
} as const;
const PAGES_SHARE = 0.5;

/** Faults of the line between workers and Temporal. */
const TEMPORAL_LINE = {
  'line between workers and Temporal: reset': 'reset',
  'line between workers and Temporal: silent, then reset': 'unanswered',
} as const;

/** The faults for which `Injected.met` shows that they had an effect. */
export const FAULTS_THAT_MEET = [...keysOf(COGNITO), ...keysOf(LINE), ...keysOf(PROXY), ...keysOf(TEMPORAL_LINE)];

export const CLOCK_OF_COGNITO = 'clock of Cognito jumps ahead by more than an hour';

/** How often a fault was injected, and what it affected. */
export interface Injected {
  times: number;
  /** Counts requests, connections and the like. */
  met: number;
}

export class Chaos {
  /** By the name of the fault. */
  readonly injected = new Map<string, Injected>();
  private stopping = false;
  private readonly cognitoFaults = new Rounds([...keysOf(COGNITO), ...keysOf(LINE), ...keysOf(PROXY)]);
  private readonly temporalFaults = new Rounds(keysOf(TEMPORAL_LINE));
  /** Settles after a stop; fails as soon as a fault cannot be injected or taken back. */
  readonly ended: Promise<unknown>;

  /** @param progress the number of client calls answered so far: a slow machine gets no more faults than a fast one */
  constructor(
    private readonly rig: FaultRig,
    private readonly seed: number,
    private readonly progress: () => number,
  ) {
    this.ended = Promise.all([
      this.track('workers', { progress: [30, 130], mostMs: 40_000 }, (random) => this.killWorkers(random)),
      this.track('server', { progress: [200, 450], mostMs: 120_000 }, (random) => this.killServer(random)),
      this.track('Cognito', { progress: [20, 80], mostMs: 8_000 }, (random) => this.spoilCognito(random)),
      this.track('line to Temporal', { progress: [200, 500], mostMs: 90_000 }, (random) => this.cutTemporal(random)),
      this.track('clock of Cognito', { progress: [900, 1_500], mostMs: 300_000 }, (random) => this.moveClock(random)),
    ]);
  }

  /** Stops injecting, with everything working again. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.ended;
  }

  /** Injects a fault after a certain amount of progress, or after a certain time without it. */
  private async track(
    name: string,
    { progress: [least, most], mostMs }: { progress: readonly [number, number]; mostMs: number },
    strike: (random: Random) => Promise<void> | void,
  ): Promise<void> {
    const random = randomOf(this.seed, name);
    for (;;) {
      const due = this.progress() + random.between(least, most);
      // Avoids the exact moment of an answer.
      await this.pause(mostMs, () => this.progress() >= due);
      await this.pause(random.between(500, 5_000));
      if (this.stopping) return;
      await strike(random);
    }
  }

  /** Sleeps in steps, so that a stop takes effect soon. */
  private async pause(ms: number, enough: () => boolean = () => false): Promise<void> {
    for (const until = Date.now() + ms; !this.stopping && !enough() && Date.now() < until; ) {
      await sleep(Math.max(1, Math.min(250, until - Date.now())));
    }
  }

  private note(name: string, met: number): void {
    const { times, met: before } = this.injected.get(name) ?? { times: 0, met: 0 };
    this.injected.set(name, { times: times + 1, met: before + met });
  }

  /** Usually waits until all workers are back; on a slow machine that never happens, and the run would only show idle workers. */
  private async killWorkers(random: Random): Promise<void> {
    const { fleet } = this.rig;
    if (random.chance(0.75)) await fleet.whole(WHOLE_LIMIT_MS, () => this.stopping);
    if (this.stopping) return;
    const all = random.chance(0.1);
    const awayMs = random.between(0, 2_000);
    if (all) fleet.killAll(awayMs);
    else fleet.kill((candidates) => random.pick(candidates), awayMs);
    if (all) this.note('all workers killed with -9 at once', 0);
  }

  private async killServer(random: Random): Promise<void> {
    await this.rig.server.kill(random.between(0, 4_000));
  }

  private async spoilCognito(random: Random): Promise<void> {
    const { sandbox, cognitoLine, proxy } = this.rig;
    const forMs = random.between(4_000, 9_000);
    const name = this.cognitoFaults.draw(random);
    const hitsBefore = cognitoLine.hit;
    const pagesBefore = proxy.hit;
    if (name in COGNITO) {
      const fault = COGNITO[name as keyof typeof COGNITO];
      const seed = Math.floor(random.between(0, 2 ** 32));
      const operations = fault.operation === SEND ? [SEND, UPDATE] : [fault.operation];
      const ids = operations.map((operation) => sandbox.setFault({ ...fault, operation, seed }));
      await this.pause(forMs);
      this.note(name, await this.rig.metBy(ids));
      for (const id of ids) sandbox.clearFaults(id);
      return;
    }
    if (name in PROXY) {
      proxy.set({ passesOn: PROXY[name as keyof typeof PROXY], share: PAGES_SHARE, random });
      await this.pause(forMs);
      proxy.set(undefined);
      this.note(name, proxy.hit - pagesBefore);
      return;
    }
    cognitoLine.set(LINE[name as keyof typeof LINE]);
    await this.pause(forMs);
    cognitoLine.set(undefined);
    this.note(name, cognitoLine.hit - hitsBefore);
  }

  private async cutTemporal(random: Random): Promise<void> {
    const { temporalLine } = this.rig;
    const name = this.temporalFaults.draw(random);
    const hitsBefore = temporalLine.hit;
    temporalLine.set(TEMPORAL_LINE[name]);
    await this.pause(random.between(1_000, 4_000));
    temporalLine.set(undefined);
    temporalLine.forget();
    this.note(name, temporalLine.hit - hitsBefore);
  }

  /** Beyond the life of every existing access token. */
  private moveClock(random: Random): void {
    this.rig.moveCognitoClock(random.between(61, 90) * MINUTE_MS);
    this.note(CLOCK_OF_COGNITO, 0);
  }
}

/** Draws in rounds: each item comes once before any item comes again, so that every run contains all of them. */
class Rounds<Item> {
  private left: Item[] = [];

  constructor(private readonly items: readonly Item[]) {}

  draw(random: Random): Item {
    if (this.left.length === 0) this.left = [...this.items];
    const [drawn] = this.left.splice(Math.floor(random.between(0, this.left.length)), 1);
    if (drawn === undefined) throw new Error('There is nothing to draw from');
    return drawn;
  }
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[];
}
