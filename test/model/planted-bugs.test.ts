/** The model detects bugs: it finds each of these among far fewer scenarios than CI plays. */
import { afterAll, beforeAll, test } from 'vitest';
import { explore, type Found, scenarioAt, shrink } from './explore.js';
import { type BugName, PLANTED_BUGS, withBug } from './planted-bugs.js';
import { play } from './play.js';
import { ModelRig } from './rig.js';

/** Fixed, because another seed may need longer to reach a rare bug. */
const SEED = 20_261_123;
/** A part of the stories that are played without a bug. */
const SCENARIOS = 500;
/** A verification with a bug never reaches the state of the model. */
const PATIENCE_MS = 8_000;

/** The rig without a bug: a difference that also occurs here does not come from the bug. */
let clean: ModelRig;
beforeAll(async () => {
  clean = await ModelRig.open({ patienceMs: PATIENCE_MS });
});
afterAll(() => clean?.close());

const OPTIONS = { timeout: 600_000, retry: 0 };

test.each(Object.keys(PLANTED_BUGS) as BugName[])('found: %s', OPTIONS, async (name) => {
  await withBug(name, async (workflowBundlePath) => {
    const rig = await ModelRig.open({ workflowBundlePath, patienceMs: PATIENCE_MS });
    try {
      const { seed, path } = await find(rig, name);
      await play(clean, scenarioAt(seed, path));
    } finally {
      await rig.close();
    }
  });
});

/**
 * Finds the first scenario that shows the bug and nothing else, such as a slow machine, and that shows it again when it is
 * played alone from its seed and path.
 */
async function find(rig: ModelRig, name: BugName): Promise<Found> {
  const { shows } = PLANTED_BUGS[name];
  let played = 0;
  let tried = 0;
  let first: Found | undefined;
  const found = await explore(rig, {
    seed: SEED,
    scenarios: SCENARIOS,
    progress: (sofar) => {
      played = sofar;
    },
    until: async (sofar) => {
      for (const difference of sofar.slice(tried)) {
        tried += 1;
        if (shows.test(difference.violation.message) && shows.test(await differenceOf(rig, difference))) {
          first = difference;
          return true;
        }
      }
      return false;
    },
  });
  const others = found.map(({ violation }) => violation.message.split('\nsteps:')[0]);
  if (!first) throw new Error(`None of ${played} scenarios shows it, but: ${others.join('\n') || 'nothing'}`);
  console.log(`${name}: of ${played} scenarios these differ\n${others.join('\n')}`);
  // Takes minutes; this is how the scenarios in counterexamples.test.ts became small.
  if (process.env['VERIFICATION_SHRINK']) {
    const smallest = await shrink(rig, first.scenario);
    console.log(`smallest for ${name}: ${JSON.stringify(smallest?.scenario)}\n${smallest?.error.message}`);
  }
  return first;
}

async function differenceOf(rig: ModelRig, { seed, path }: Found): Promise<string> {
  return await play(rig, scenarioAt(seed, path)).then(
    () => 'none',
    (error: unknown) => String(error),
  );
}
