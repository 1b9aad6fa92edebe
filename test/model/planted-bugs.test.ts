/** The model bites: each of these bugs is found among far fewer scenarios than CI plays. */
import { expect, test } from 'vitest';
import { explore, scenarioAt, shrink } from './explore.js';
import { Violation } from './person.js';
import { type BugName, PLANTED_BUGS, withBug } from './planted-bugs.js';
import { play } from './play.js';
import { Stage } from './stage.js';

/** Always the same, for a rare bug may hide from another one for longer. */
const SEED = 20_261_123;
/** Of the 2,000 that are played without a bug. */
const SCENARIOS = 500;
/** A verification with a bug never comes to what the model says. */
const PATIENCE_MS = 8_000;

test.each(Object.keys(PLANTED_BUGS) as BugName[])('found: %s', { timeout: 600_000 }, async (name) => {
  await withBug(name, async (workflowBundlePath) => {
    const stage = await Stage.open({ workflowBundlePath, patienceMs: PATIENCE_MS });
    try {
      await find(stage, name);
    } finally {
      await stage.close();
    }
  });
});

async function find(stage: Stage, name: BugName): Promise<void> {
  let played = 0;
  const found = await explore(stage, {
    seed: SEED,
    scenarios: SCENARIOS,
    progress: (sofar) => {
      played = sofar;
    },
    until: ({ length }) => length > 0,
  });
  const [first] = found;
  if (!first) throw new Error(`None of ${played} scenarios shows it.`);
  const differs = first.violation.message.split('\nsteps:')[0];
  console.log(`${name}: ${found.length} of ${played} scenarios show it\n${differs}`);
  // Its seed and path make it again, alone.
  await expect(play(stage, scenarioAt(first.seed, first.path))).rejects.toThrow(Violation);
  // Takes minutes, and is how those in counterexamples.test.ts became small.
  if (process.env['VERIFICATION_SHRINK']) {
    const smallest = await shrink(stage, first.scenario);
    console.log(`smallest for ${name}: ${JSON.stringify(smallest?.scenario)}\n${smallest?.error.message}`);
  }
}
