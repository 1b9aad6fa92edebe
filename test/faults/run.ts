/** One run: everybody signs up, things go wrong, everything ends; then the judge looks at it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Chaos, type Injected } from './chaos.js';
import type { Violation } from './check.js';
import { Crowd } from './crowd.js';
import { plansOf, type Shape } from './plans.js';
import type { Evidence } from './record.js';
import type { FaultRig } from './rig.js';

const TELL_EVERY_MS = 30_000;
/** With so few open verifications there is nothing left to disturb. */
const CALM_SHARE = 0.02;
const RUN_LIMIT_MS = 20 * 60_000;
/** For verifications that are still open once everybody is done: the longest deadline, and ample time. */
const DRAIN_LIMIT_MS = 10 * 60_000;

export interface RunResult {
  evidence: Evidence[];
  violations: Violation[];
  injected: ReadonlyMap<string, Injected>;
  seconds: { starting: number; acting: number; draining: number; judging: number };
}

/** @param tell receives progress reports now and then: a run takes minutes */
export async function run(
  rig: FaultRig,
  seed: number,
  shape: Shape,
  tell: (line: string) => void = () => undefined,
): Promise<RunResult> {
  const crowd = await Crowd.gather(rig, plansOf(seed, shape), Date.now() + RUN_LIMIT_MS);
  const { members } = crowd;
  await rig.fleet.whole(60_000);
  const watch = stopwatch();
  const calls = () => members.reduce((sum, { service }) => sum + service.answered, 0);
  const chaos = new Chaos(rig, seed, calls);
  let started = 0;
  let acted = 0;
  const teller = setInterval(() => {
    const kills = `${rig.fleet.kills} kills of workers, ${rig.server.kills} of the server`;
    tell(`${started} of ${members.length} started, ${acted} are through, ${calls()} calls answered, ${kills}`);
  }, TELL_EVERY_MS);

  const play = async () => {
    const begunAt = Date.now();
    const starts = members.map(async ({ plan, person }) => {
      await sleep(Math.max(0, begunAt + plan.startsAfterMs - Date.now()));
      await person.signUp();
      started += 1;
    });
    const everybody = Promise.all(starts);
    const acts = members.map(async ({ plan, person }, index) => {
      await (plan.waitsForAll ? everybody : starts[index]);
      await sleep(plan.actsAfterMs);
      await person.act();
      acted += 1;
    });
    await everybody;
    const starting = watch();
    await Promise.all(acts);
    const acting = watch();
    // The deadlines of people who gave up pass while things still go wrong.
    await crowd.end(DRAIN_LIMIT_MS, members.length * CALM_SHARE);
    await chaos.stop();
    await crowd.end(DRAIN_LIMIT_MS);
    return { starting, acting, draining: watch() };
  };
  try {
    // A fault that cannot be injected or taken back, such as a server that does not come back, ends the run at once.
    const [seconds] = await Promise.all([play(), chaos.ended]);
    const judged = await crowd.judge();
    return { ...judged, injected: chaos.injected, seconds: { ...seconds, judging: watch() } };
  } finally {
    clearInterval(teller);
  }
}

/** Seconds since the previous call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const seconds = (performance.now() - last) / 1_000;
    last = performance.now();
    return Math.round(seconds);
  };
}
