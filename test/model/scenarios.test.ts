/**
 * Generated stories on the time-skipping server, with the real worker and the sandbox: after each step the verification must
 * match the model. `VERIFICATION_SCENARIOS` sets their number (default 900; `npm test` plays the first 100),
 * `VERIFICATION_SEED` their seed (default: a fixed one, so that all changes are judged alike), and
 * `VERIFICATION_PATH=batch:index` plays a single story, and `VERIFICATION_PATH=batch` all of a batch. Differences are printed in full, and kept in `test/model/out/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayAll } from '../replay-all.js';
import { batchAt, explore, type Found, scenarioAt, shrink, Tally, wasRaced } from './explore.js';
import { play } from './play.js';
import { ModelRig } from './rig.js';

const { env } = process;
const SEED = Number(env['VERIFICATION_SEED'] ?? 20_261_123);
const SCENARIOS = Number(env['VERIFICATION_SCENARIOS'] ?? 900);
const PATH = env['VERIFICATION_PATH'];
const LIMIT_MS = Math.max(1_200_000, SCENARIOS * 1_000);
/** No retry: the code below examines the differences, and a second try of all stories would hide them. */
const OPTIONS = { timeout: LIMIT_MS, retry: 0 };
/** The share of event orders that the model may not know, on a busy machine. */
const MOST_RACED = 0.0025;
const REPLAYED = 40;
/** With this many stories, everything must be covered. */
const ENOUGH_FOR_EVERYTHING = 900;

let rig: ModelRig;
beforeAll(async () => {
  rig = await ModelRig.open();
});
afterAll(() => rig?.close());

test.runIf(PATH?.includes(':'))(
  `the scenario at VERIFICATION_SEED=${SEED} VERIFICATION_PATH=${PATH}`,
  OPTIONS,
  async () => {
    await play(rig, scenarioAt(SEED, PATH ?? ''));
  },
);

test.runIf(PATH && !PATH.includes(':'))(
  `the batch at VERIFICATION_SEED=${SEED} VERIFICATION_PATH=${PATH}`,
  OPTIONS,
  async () => {
    const found = await explore(rig, { seed: SEED, ...batchAt(PATH ?? '') });
    if (found.length > 0) throw new Error(await report(found));
  },
);

test.skipIf(PATH)(`${SCENARIOS} stories go as the model says (VERIFICATION_SEED=${SEED})`, OPTIONS, async () => {
  const tally = new Tally();
  const startedAt = Date.now();
  let told = 0;
  const progress = (played: number, found: readonly Found[]) => {
    const seconds = (Date.now() - startedAt) / 1000;
    for (const { path, violation } of found.slice(told)) console.log(`${path}: ${violation.message}`);
    told = found.length;
    console.log(`${played} of ${SCENARIOS} in ${seconds.toFixed(0)} s, ${found.length} went otherwise`);
  };
  const otherwise = await explore(rig, { seed: SEED, scenarios: SCENARIOS, tally, progress });
  const seconds = (Date.now() - startedAt) / 1000;
  const commands = [...tally.of('asked').values()].reduce((sum, times) => sum + times, 0);
  const rate = (SCENARIOS / seconds).toFixed(1);
  console.log(
    [
      `${SCENARIOS} scenarios in ${seconds.toFixed(0)} s (${rate}/s), ${commands} commands, ${otherwise.length} went otherwise, VERIFICATION_SEED=${SEED}`,
      ...(rig.serverTime.standstills > 0
        ? [`${rig.serverTime.standstills} times the test server had to be told to go on`]
        : []),
      ...tally.lines(),
    ].join('\n'),
  );
  const found: Found[] = [];
  let raced = 0;
  for (const difference of otherwise) {
    if (await wasRaced(rig, difference)) {
      raced += 1;
      const lost = difference.lostTask ? ' (a workflow task timed out)' : '';
      console.log(`${difference.path} went otherwise once, and right alone${lost}: ${difference.violation.message}`);
    } else found.push(difference);
  }
  if (found.length > 0) throw new Error(await report(found));
  // With few stories the share is less than one story.
  expect(raced).toBeLessThanOrEqual(Math.max(1, SCENARIOS * MOST_RACED));
  if (SCENARIOS >= ENOUGH_FOR_EVERYTHING) expect(tally.missing()).toEqual([]);
});

test.skipIf(PATH)('a sample of their histories replays', OPTIONS, async () => {
  const { started } = rig;
  const step = Math.max(1, Math.floor(started.length / REPLAYED));
  const sample = started.filter((_, index) => index % step === 0);
  expect(sample.length).toBeGreaterThan(0);
  expect(await replayAll(rig.base, sample)).toBe(sample.length);
});

/** Keeps the failures, and the smallest story that still fails, for the person who fixes it. */
async function report(found: readonly Found[]): Promise<string> {
  const [first] = found;
  if (!first) return '';
  const smallest = await shrink(rig, first.scenario);
  const content = {
    seed: SEED,
    found: found.map(({ path, violation }) => ({ path, violation: violation.message })),
    smallest: smallest?.scenario,
  };
  mkdirSync('test/model/out', { recursive: true });
  const file = `test/model/out/seed-${SEED}.json`;
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  const paths = found.map(({ path }) => path).join(', ');
  return [
    `${found.length} scenarios went otherwise; the first alone: VERIFICATION_SEED=${SEED} VERIFICATION_PATH=${first.path}; all: ${paths} (${file})`,
    first.violation.message,
    smallest ? `smallest: ${JSON.stringify(smallest.scenario)}\n${smallest.error.message}` : 'It goes right alone.',
  ].join('\n\n');
}
