import type { Answer } from '../cognito-calls.js';
import type { Judgement } from '../judgement.js';
import type { Setting } from '../setting.js';
import { type SeenOfStage, type Stage, type Steps, textOf } from '../stage.js';
import { type Count, countAttempts, countCalls, HOUR_MS, isAttempt, LIMITED } from './limits.js';

const MINUTE_MS = 60_000;
/** The limit is used up between these minutes of the hour, so that the clock's hour ends well before 60 minutes have passed. */
const FIRST_MINUTE = 5;
const LAST_MINUTE = 58;
/** The refused calls come so long after the limit was used up; a quarter of an hour later they still count, if they do. */
const REFUSED_AFTER_MS = 57 * MINUTE_MS;
const HOUR_AFTER_MS = 61 * MINUTE_MS;
const SLACK_MS = 10 * MINUTE_MS;

/** The longest time that the stage waits. */
export const LONGEST_WAIT_MS = (60 - LAST_MINUTE + FIRST_MINUTE) * MINUTE_MS + HOUR_AFTER_MS;

/** When the hour of the limits ends. It uses attempts: one message lets a user make them all. */
export function window({ addresses, waits }: Setting): Stage {
  return {
    name: 'window',
    title: 'the hour of the limits',
    messages: { email: 2, otherEmail: 0, phone: 0 },
    notAsked: waits ? undefined : "it takes an hour: --patience '70 minutes' asks it",
    ask: (steps) => askWindow(steps, addresses.email),
    judge: judgeWindow,
  };
}

interface UsedUp {
  readonly at: number;
  readonly quiet: Count;
  readonly knocking: Count;
}

async function askWindow(steps: Steps, email: string): Promise<void> {
  const { clock } = steps.setting;
  // One waits quietly. The other goes on calling while it is locked out.
  const quiet = await steps.user('quiet', { email });
  const knocking = await steps.user('knocking', { email });
  if (steps.seen('used up') === undefined) await untilGoodMinute(steps);
  const usedUp: UsedUp = await steps.once('used up', async () => {
    const at = clock.now();
    return { at, quiet: await countAttempts(steps, quiet), knocking: await countAttempts(steps, knocking) };
  });
  if (usedUp.quiet.end !== LIMITED || usedUp.knocking.end !== LIMITED) return;
  const { at } = usedUp;
  const nextHour = (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
  const turned = await atTime(
    steps,
    'after the hour of the clock turned',
    nextHour + MINUTE_MS,
    at + REFUSED_AFTER_MS,
    () => quiet.verify('email', '000000'),
  );
  if (turned !== LIMITED) return;
  await atTime(steps, 'refused calls', at + REFUSED_AFTER_MS, at + HOUR_MS - MINUTE_MS, async () => {
    const { end } = await countCalls(
      steps,
      usedUp.knocking.taken,
      () => knocking.verify('email', '000000'),
      (answer) => answer === LIMITED,
    );
    return end;
  });
  await atTime(steps, 'an hour after', at + HOUR_AFTER_MS, at + HOUR_AFTER_MS + SLACK_MS, () =>
    quiet.verify('email', '000000'),
  );
  await atTime(
    steps,
    'an hour after, where refused calls came',
    at + HOUR_AFTER_MS,
    at + HOUR_AFTER_MS + SLACK_MS,
    () => knocking.verify('email', '000000'),
  );
}

async function untilGoodMinute(steps: Steps): Promise<void> {
  const now = steps.setting.clock.now();
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  const minute = (now - hour) / MINUTE_MS;
  if (minute >= FIRST_MINUTE && minute < LAST_MINUTE) return;
  const start = hour + FIRST_MINUTE * MINUTE_MS + (minute < FIRST_MINUTE ? 0 : HOUR_MS);
  await steps.waitUntil(start, Number.POSITIVE_INFINITY, 'a good minute to begin with');
}

/** Makes calls at their time. To repeat them then changes nothing that is asked. */
async function atTime(
  steps: Steps,
  step: string,
  time: number,
  latest: number,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (steps.seen(step) === undefined) await steps.waitUntil(time, latest, 'the end of the hour of the limits');
  return await steps.repeatable(step, call);
}

function judgeWindow(seen: SeenOfStage, judgement: Judgement): void {
  const [turned, after] = [textOf(seen, 'after the hour of the clock turned'), textOf(seen, 'an hour after')];
  const evidence = [
    `a minute after the clock's hour turned came ${turned ?? 'no answer'}`,
    ...(after === undefined ? [] : [`61 minutes after the limit was used up came ${after}`]),
  ].join('; ');
  if (turned !== undefined && isAttempt(turned)) judgement.switch('window', 'fixedHour', evidence);
  else if (after !== undefined && isAttempt(after)) judgement.switch('window', 'sliding', evidence);
  else judgement.switch('window', after === LIMITED ? 'longer than an hour' : undefined, evidence);
}
