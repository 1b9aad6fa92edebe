/** What happens by itself as time passes. */
import type { Troubles } from './faults.js';
import { Life } from './life.js';
import { isEnd, MINUTE, RETRIED_FOR, type World } from './world.js';
import { type Choices, everyWay } from './worlds.js';

/** A send is given up when its next try would come after ten minutes. */
const SEND_BUDGET = 10 * MINUTE;
const LAST_WAIT = 30_000;
/** The possible delay of a retry after its obstacle is gone, and of timers that wait for each other in a long wait. */
const ROUGHLY = 40_000;

/** All that may have happened by a later time, with the given troubles from now on. */
export function pass(before: World, to: number, troubles: Troubles): World[] {
  return everyWay((choices) => {
    const world = structuredClone(before);
    const life = new Life(world, choices);
    meanwhile(life, choices);
    world.cognito.troubles = structuredClone(troubles);
    lookMeanwhile(life, choices);
    const from = before.now;
    life.meanwhile = { beforeAttempt: () => goOnSending(life, choices) };
    for (;;) {
      const next = nextThing(life, from);
      const roughly = ROUGHLY + (next?.late ?? 0);
      if (!next || next.at > to + roughly) break;
      if (Math.abs(next.at - to) <= roughly && !choices.oneOf([true, false])) break;
      world.now = Math.max(world.now, next.at);
      world.fuzz = ROUGHLY;
      next.happens(choices);
    }
    world.now = to;
    world.fuzz = 300;
    return world;
  });
}

/**
 * A call that is being retried may be given up at any moment: whether its next try would come too late is a matter of chance,
 * and seconds pass between two looks at it.
 */
export function meanwhile(life: Life, choices: Choices): void {
  const { world, cognito } = life;
  lookMeanwhile(life, choices);
  for (;;) {
    const { look, check } = world;
    const looking = look !== undefined && cognito.blocks('read');
    const checking = check !== undefined && cognito.blocks(check.stage === 'call' ? 'attempt' : 'read');
    const [...possible] = [...(looking ? ['look'] : []), ...(checking ? ['check'] : [])];
    if (possible.length === 0) return;
    const choice = choices.oneOf(['none', ...possible]);
    if (choice === 'none') return;
    if (choice === 'look') life.settleLook();
    else life.goOnChecking(true);
  }
}

/** Each try of a first send that is throttled looks at the attribute, and may find it verified by then. */
function lookMeanwhile(life: Life, choices: Choices): void {
  const { world } = life;
  // A look that fails once is made again with the next try.
  for (let tries = 0; tries < 2; tries++) {
    if (!world.riding || !life.sendBlocked || !life.mayFindVerified()) return;
    if (choices.oneOf([false, true])) life.trySend(world.riding.token);
  }
}

interface Next {
  at: number;
  /** How much earlier or later than others it may come. */
  late?: number;
  happens(choices: Choices): void;
}

/** What happens next by itself. */
function nextThing(life: Life, from: number): Next | undefined {
  const { world } = life;
  if (isEnd(world.state)) return undefined;
  const things: Next[] = [];
  const { riding, check, look, nextSendAt, expiresAt, obstacle } = world;
  if (look) things.push({ at: Math.max(from, look.since), happens: () => life.settleLook() });
  if (check) {
    const at = Math.max(from, check.since);
    things.push({ at, happens: (choices) => goOnChecking(life, choices) });
  }
  if (typeof obstacle === 'object' && !check && !look)
    things.push({ at: obstacle.until, late: world.looksFailed * RETRIED_FOR, happens: () => life.lookAgain() });
  if (riding && !look) {
    const blocked = life.sendBlocked;
    const at = blocked ? riding.since + SEND_BUDGET - LAST_WAIT / 2 : Math.max(from, riding.since);
    things.push({ at, happens: () => (blocked ? life.giveUpSend() : life.trySend(riding.token)) });
  }
  if (nextSendAt !== undefined && !check && !look) {
    things.push({
      at: nextSendAt,
      happens: () => {
        world.nextSendAt = undefined;
        world.nextSendDue = true;
        life.goOn();
      },
    });
  }
  // A code that was submitted in time is answered first.
  if (!check && !look) things.push({ at: expiresAt, happens: () => expire(life) });
  return things.sort((a, b) => a.at - b.at)[0];
}

/** Ends a call that is being retried: it succeeds once the obstacle is gone, or is given up. */
function goOnChecking(life: Life, choices: Choices): void {
  const { check } = life.world;
  if (!check) return;
  const call = check.stage === 'call' ? 'attempt' : 'read';
  const gaveUp = life.cognito.blocks(call) || choices.oneOf([false, true]);
  life.goOnChecking(gaveUp);
}

/**
 * A send and a code that were both being retried go on in any order, and the send may come between two calls for codes: the
 * delays of their retries are a matter of chance.
 */
function goOnSending(life: Life, choices: Choices): void {
  const { riding } = life.world;
  if (riding && !life.sendBlocked && choices.oneOf([false, true])) life.trySend(riding.token);
}

function expire(life: Life): void {
  const ending = life.lateEnd();
  if (isEnd(life.world.state)) return;
  // The look may have shown that the confirmation counts.
  const trusted = !ending && life.world.confirmationHeld && life.world.proven;
  if (trusted) life.world.proof = 'trusted';
  life.end(trusted ? 'verified' : (ending ?? 'expired'));
}
