/** Plays stories: one, or many concurrently on one clock. */
import { meaningOf, SEND_TROUBLES, type Troubles } from './faults.js';
import { Person, Violation } from './person.js';
import type { ModelRig } from './rig.js';
import type { Scenario, Story } from './scenario.js';
import { MOST_DEADLINE, ROUNDS } from './scenario.js';
import { Standstill } from './server-time.js';
import type { World } from './world.js';
import { HOUR } from './world.js';

/** More at once would only wait for each other. */
const SIDE_BY_SIDE = 12;

/** The result of a story. */
export interface Played {
  story: Story;
  person: Person;
  /** The final world, if the story matched the model. */
  world?: World;
  violation?: Error;
}

/**
 * Plays stories that share their waits, and continues with the others if one fails.
 * @throws Standstill if the clock stood twice: once in many thousands of stories the server and the worker wait for each other
 */
export async function playAll(rig: ModelRig, waits: readonly number[], stories: readonly Story[]): Promise<Played[]> {
  try {
    return await playOnce(rig, waits, stories);
  } catch (error) {
    if (!(error instanceof Standstill)) throw error;
    console.log(`${error.message}. All ${stories.length} are played again.`);
    return await playOnce(rig, waits, stories);
  }
}

async function playOnce(rig: ModelRig, waits: readonly number[], stories: readonly Story[]): Promise<Played[]> {
  rig.forget();
  const all: Played[] = stories.map((story) => ({ story, person: new Person(rig, story) }));
  const each = async (act: (played: Played) => Promise<void> | void) => {
    const left = all.filter(({ violation }) => !violation);
    const actor = async () => {
      for (let played = left.shift(); played; played = left.shift()) {
        try {
          await act(played);
        } catch (error) {
          played.person.leave();
          played.violation = error instanceof Error ? error : new Violation(String(error));
        }
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, actor));
  };
  const wait = async (ms: number, round?: number) => {
    const next = ({ story }: Played) =>
      shortened((round === undefined ? undefined : story.rounds[round])?.next ?? {}, ms);
    await each((played) => played.person.passing(next(played)));
    const to = await rig.pass(ms);
    await each((played) => played.person.passed(to, next(played)));
  };

  await each(({ person }) => person.start());
  for (let round = 0; round < ROUNDS; round++) {
    if (all.every(({ story }) => story.rounds[round] === undefined)) break;
    await each(async ({ person, story }) => {
      const messages = story.rounds[round];
      if (messages) await person.play(messages);
    });
    await wait(waits[round] as number, round);
  }
  // An open verification waits for its deadline; one that was in a long outage has continued or given up before.
  if (all.some(({ person, violation }) => !violation && !person.isOver)) await wait(20 * 60_000);
  if (all.some(({ person, violation }) => !violation && !person.isOver)) await wait(MOST_DEADLINE + HOUR);
  await each(async (played) => {
    played.world = await played.person.end();
  });
  return all;
}

/** Shortens long outages: their retries every half minute are all alike and slow to play. */
function shortened(troubles: Troubles, waited: number): Troubles {
  const { send } = troubles;
  const long = send && meaningOf(SEND_TROUBLES, send) === 'throttled' && waited > 2 * HOUR;
  return long ? { ...troubles, send: { ...send, once: true } } : troubles;
}

/** @throws Violation if the story does not match the model */
export async function play(rig: ModelRig, { waits, story }: Scenario): Promise<World> {
  const [played] = await playAll(rig, waits, [story]);
  if (played?.violation) throw played.violation;
  return played?.world as World;
}
