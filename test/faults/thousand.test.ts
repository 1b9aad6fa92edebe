/**
 * A thousand verifications at once on the real server, while workers and server are killed, Cognito fails in every known way,
 * and lines break. The judge then looks at the run from outside.
 *
 * `VERIFICATION_SEED=n` repeats the draws of a printed seed: the same people with the same habits, and the same faults in the
 * same order. Their timing depends on the machine. `VERIFICATION_IN_FLIGHT=n` sets the number of verifications, for a longer run.
 */
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { NEXT_RELEASE } from './builds.js';
import { CLOCK_OF_COGNITO, FAULTS_THAT_MEET } from './chaos.js';
import type { Shape } from './plans.js';
import { PAGES, type PageName } from './proxy.js';
import { mostOpenOf, reportOf } from './report.js';
import { FaultRig } from './rig.js';
import { run } from './run.js';

const SEED = Number(process.env['VERIFICATION_SEED'] ?? randomInt(1_000_000));
const SHAPE: Shape = {
  inFlight: Number(process.env['VERIFICATION_IN_FLIGHT'] ?? 1_000),
  startsPerSecond: 8,
  actWithinMs: 140_000,
  shortDeadline: '8 minutes',
  deadline: '10 minutes',
};
const THIS_RELEASE: never[] = [];
/** How a worker ends that finds no Temporal at its start. */
const NO_TEMPORAL = /^exit code 3:/;
/** The same for one whose first call to Cognito meets a page. */
const A_PAGE = /^exit code 2:[^]*something other than Cognito answered/;

it(
  `${SHAPE.inFlight} verifications: none lost, none stuck, no message twice, no code past the limit`,
  async () => {
    const rig = await FaultRig.open({ builds: [THIS_RELEASE, NEXT_RELEASE, NEXT_RELEASE], jumpingClock: SEED });
    try {
      console.log(`Seed ${SEED}`);
      const result = await run(rig, SEED, SHAPE, (line) => console.log(line));
      console.log(reportOf(result, rig, SEED));
      // In the message, because the end of a long output is all that some see.
      const violations = result.violations.map(({ rule, what }) => `${rule}: ${what}`);
      expect(violations, violations.slice(0, 5).join('; ')).toEqual([]);
      expect(mostOpenOf(result.evidence)).toBeGreaterThanOrEqual(SHAPE.inFlight);
      expect(result.evidence.filter(({ builds }) => builds.length > 1).length).toBeGreaterThan(0);
      // A fault that never occurs, or affects nothing, proves nothing.
      for (const fault of FAULTS_THAT_MEET) expect(result.injected.get(fault)?.met, fault).toBeGreaterThan(0);
      for (const page of Object.keys(PAGES) as PageName[])
        expect(rig.proxy.answered.get(page), page).toBeGreaterThan(0);
      const changes = result.evidence.flatMap(({ cognito }) => cognito.filter((call) => call.changes));
      expect(changes.filter(({ lost }) => lost).length).toBeGreaterThan(0);
      expect(changes.filter(({ effect }) => effect === undefined).length).toBeGreaterThan(0);
      expect(result.injected.get(CLOCK_OF_COGNITO)?.times).toBeGreaterThan(0);
      // A shorter run, as during work on the suite itself, has fewer.
      const share = Math.min(1, SHAPE.inFlight / 1_000);
      expect(rig.fleet.kills).toBeGreaterThanOrEqual(20 * share);
      expect(rig.server.kills).toBeGreaterThanOrEqual(Math.floor(5 * share));
      // Once it runs, a worker survives whatever happens around it.
      expect(rig.fleet.ended.filter((how) => !NO_TEMPORAL.test(how) && !A_PAGE.test(how))).toEqual([]);
    } finally {
      await rig.close();
    }
  },
  40 * 60_000,
);
