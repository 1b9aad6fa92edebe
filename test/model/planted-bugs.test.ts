/** The model bites: each of these bugs is found among far fewer scenarios than CI plays. */
import { expect, test } from 'vitest';
import { explore, scenarioAt, shrink } from './explore.js';
import { Violation } from './person.js';
import { type BugName, PLANTED_BUGS, plant } from './planted-bugs.js';
import { play } from './play.js';
import { Stage } from './stage.js';

const SEED = Number(process.env['VERIFICATION_SEED'] ?? 20_261_123);
/** Of the 2,000 that are played without a bug. */
const SCENARIOS = 500;
const PATIENCE_MS = 3_000;

test.each(Object.keys(PLANTED_BUGS) as BugName[])('found: %s', { timeout: 600_000 }, async (name) => {
  const workflowBundlePath = await plant(name);
  const stage = await Stage.open({ workflowBundlePath, patienceMs: PATIENCE_MS });
  try {
    let played = 0;
    const found = await explore(stage, {
      seed: SEED,
      scenarios: SCENARIOS,
      progress: (sofar) => {
        played = sofar;
      },
      until: ({ length }) => length > 0,
    });
    expect(found.length).toBeGreaterThan(0);
    console.log(
      `${name}: ${found.length} of ${played} scenarios show it\n${found[0]?.violation.message.split('\nsteps:')[0]}`,
    );
    const [first] = found;
    // Its seed and path make it again, alone.
    if (first) await expect(play(stage, scenarioAt(first.seed, first.path))).rejects.toThrow(Violation);
    // Takes minutes, and is how the scenarios in counterexamples.test.ts were made.
    if (process.env['VERIFICATION_SHRINK'] && first) {
      const smallest = await shrink(stage, first.scenario);
      console.log(`smallest for ${name}: ${JSON.stringify(smallest?.scenario)}\n${smallest?.error.message}`);
    }
  } finally {
    await stage.close();
  }
});
