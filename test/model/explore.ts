/** Generates scenarios from a seed, plays them in batches, shrinks failures, and reports what they covered. */
import { PROOFS, VERIFICATION_STATES } from '@cognito-verification/contract';
import * as fc from 'fast-check';
import { ATTEMPT_TROUBLES, READ_TROUBLES, SEND_TROUBLES, type Trouble } from './faults.js';
import { BrokenPromise, Violation } from './person.js';
import { type Played, play, playAll } from './play.js';
import type { ModelRig } from './rig.js';
import { ASKS, type Scenario, scenarios, stories, waits } from './scenario.js';

const BATCH = 50;
const TIMES_ALONE = 3;
/** The limit on smaller scenarios to try: each takes a second or two. */
const MOST_SHRINKS = 150;

/** What the scenarios covered: a gap in the generator shows here. */
export class Tally {
  private readonly counts = new Map<string, Map<string, number>>();

  add(kind: string, what: string, times = 1): void {
    const counts = this.counts.get(kind) ?? new Map<string, number>();
    this.counts.set(kind, counts.set(what, (counts.get(what) ?? 0) + times));
  }

  of(kind: string): Map<string, number> {
    return this.counts.get(kind) ?? new Map();
  }

  note({ person, world }: Played): void {
    for (const ask of person.asked) this.add('asked', ask);
    for (const answer of person.told()) this.add('told', answer);
    if (!world) return;
    this.add('ends', world.state === 'verified' ? `verified by ${world.proof}` : (world.reason ?? world.state));
    if (world.failure !== undefined) this.add('failed with', world.failure);
    for (const state of person.states) this.add('states', state);
    for (const [trouble, times] of Object.entries(world.cognito.met)) this.add('troubles met', trouble, times);
    for (const { outcome } of world.sends) this.add('sends', outcome);
    for (const { outcome } of world.attempts) this.add('attempts', outcome);
  }

  /** What was never covered. The many kinds of permanent refusal are alike, so some of them may be missing. */
  missing(): string[] {
    const troubles = Object.entries({ send: SEND_TROUBLES, attempt: ATTEMPT_TROUBLES, read: READ_TROUBLES }).flatMap(
      ([call, table]: [string, Record<string, Trouble<string>>]) =>
        Object.entries(table).flatMap(([name, { means }]) => (means === 'failed' ? [] : [`${call} ${name}`])),
    );
    const by = PROOFS.map((proof) => `verified by ${proof}`);
    const expected: [string, readonly string[]][] = [
      ['asked', Object.keys(ASKS)],
      ['states', VERIFICATION_STATES],
      ['ends', [...by, 'alreadyVerified', 'AttributeChanged', 'expired', 'failed', 'cancelled']],
      ['failed with', ['AttributeUnreadable']],
      ['troubles met', troubles],
    ];
    return expected.flatMap(([kind, all]) =>
      all.filter((one) => !this.of(kind).has(one)).map((one) => `${kind}: ${one}`),
    );
  }

  lines(): string[] {
    return [...this.counts].map(([kind, counts]) => {
      const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
      return `${kind}: ${sorted.map(([what, times]) => `${what} ${times}`).join(', ')}`;
    });
  }
}

/** A scenario that differs from the model. */
export interface Found {
  /** `VERIFICATION_SEED` and `VERIFICATION_PATH` that reproduce it. */
  seed: number;
  path: string;
  scenario: Scenario;
  violation: Error;
  /** A workflow task of the verification timed out: Core drops a task that waits when a query is refused. */
  lostTask: boolean;
}

/** The scenarios of one batch: they share their waits. */
function batchOf(seed: number, batch: number, size: number): { waits: number[]; stories: Scenario['story'][] } {
  const of = (offset: number) => ({ seed: (seed + batch * 7919 + offset) | 0 });
  const [drawn = []] = fc.sample(waits, { ...of(1), numRuns: 1 });
  return { waits: drawn, stories: fc.sample(stories, { ...of(0), numRuns: size }) };
}

/** The one scenario at a path, as `batch:index`. */
export function scenarioAt(seed: number, path: string): Scenario {
  const [batch = 0, index = 0] = path.split(':').map(Number);
  const drawn = batchOf(seed, batch, index + 1);
  return { waits: drawn.waits, story: drawn.stories[index] as Scenario['story'] };
}

/** The one batch at a path, for `explore`. */
export function batchAt(path: string): { first: number; scenarios: number } {
  const first = Number(path);
  return { first, scenarios: (first + 1) * BATCH };
}

/**
 * Plays this many scenarios.
 * @param first the batch to begin with; default: the first of all
 * @param until stops early, after a batch
 * @returns the scenarios that failed
 */
export async function explore(
  rig: ModelRig,
  options: {
    seed: number;
    scenarios: number;
    first?: number;
    tally?: Tally;
    /** Called after each batch. */
    progress?: (played: number, found: readonly Found[]) => void;
    until?: (found: readonly Found[]) => Promise<boolean>;
  },
): Promise<Found[]> {
  const found: Found[] = [];
  for (let batch = options.first ?? 0; batch * BATCH < options.scenarios; batch++) {
    const drawn = batchOf(options.seed, batch, Math.min(BATCH, options.scenarios - batch * BATCH));
    const played = await playAll(rig, drawn.waits, drawn.stories);
    for (const [index, one] of played.entries()) {
      options.tally?.note(one);
      const { story, violation, person } = one;
      if (!violation) continue;
      // Only a difference can be shrunk; any other error is one of a test or a server.
      if (!(violation instanceof Violation)) throw violation;
      const scenario = { waits: drawn.waits, story };
      const lostTask = await hasLostTask(rig, person.id);
      found.push({ seed: options.seed, path: `${batch}:${index}`, scenario, violation, lostTask });
    }
    options.progress?.(Math.min(options.scenarios, (batch + 1) * BATCH), found);
    if (await options.until?.(found)) break;
  }
  return found;
}

async function hasLostTask(rig: ModelRig, workflowId: string): Promise<boolean> {
  const { events } = await rig.base.env.client.workflow.getHandle(workflowId).fetchHistory();
  return events?.some(({ workflowTaskTimedOutEventAttributes: timedOut }) => timedOut) ?? false;
}

/**
 * Whether the difference came from an order of events that the model does not know: alone, without other load on the machine, the
 * scenario passes repeatedly. A broken promise never counts as such.
 */
export async function wasRaced(rig: ModelRig, { scenario, violation }: Found): Promise<boolean> {
  if (violation instanceof BrokenPromise) return false;
  for (let times = 0; times < TIMES_ALONE; times++) {
    try {
      await play(rig, scenario);
    } catch {
      return false;
    }
  }
  return true;
}

/** The smallest scenario that still fails, played alone; undefined if none fails alone. */
export async function shrink(
  rig: ModelRig,
  scenario: Scenario,
): Promise<{ scenario: Scenario; error: Error } | undefined> {
  let runs = 0;
  let smallest: { scenario: Scenario; error: Error } | undefined;
  const property = fc.asyncProperty(scenarios, async (candidate) => {
    if (++runs > MOST_SHRINKS) return;
    try {
      await play(rig, candidate);
    } catch (error) {
      smallest = { scenario: candidate, error: error as Error };
      throw error;
    }
  });
  await fc.check(property, { examples: [[scenario]], numRuns: 1 });
  return smallest;
}
