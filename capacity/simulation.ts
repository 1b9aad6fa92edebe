/** How the days of one account are tried: so many that chance evens out, and in a time that a person waits. */
import { COSTS } from './costs.js';
import { type Account, Day, emptySlot, type Outcome } from './day.js';
import { seeded } from './people.js';

/** Days are tried until so many people have passed: then two seeds differ little. */
const ENOUGH_PEOPLE = 20_000;
const MOST_DAYS = 200;
/** So many people, and things that happen to them, take about two seconds. */
const MOST_PEOPLE = 1_000_000;
const MOST_STEPS = 2_000_000;

/**
 * Lets days pass. Where one takes too long, one person stands for several.
 * @param mostPeople in a day. Default: as many as take about two seconds
 */
export function simulate(account: Account, mostPeople = MOST_PEOPLE): Outcome {
  const people = account.starts.reduce((sum, count) => sum + count, 0);
  for (let standsFor = Math.max(1, people / mostPeople); ; standsFor *= 8) {
    const outcome = passDays(account, standsFor);
    if (outcome) return outcome;
  }
}

/**
 * Lets days pass, each until everything has ended.
 * @param standsFor so many people each of them is
 * @returns undefined where a day takes too long
 */
export function passDays(account: Account, standsFor: number): Outcome | undefined {
  const outcome = emptyOutcome(account);
  const part = partOf(account, standsFor);
  const random = seeded(1);
  let [passed, days, steps] = [0, 0, 0];
  for (;;) {
    const day = new Day(part, outcome, random);
    let left = MOST_STEPS;
    for (; left > 0 && day.agenda.step(); left--) steps += 1;
    if (left === 0) return undefined;
    passed += day.people;
    days += 1;
    if (passed >= ENOUGH_PEOPLE || days === MOST_DAYS || steps >= MOST_STEPS)
      return { ...outcome, each: standsFor / days };
  }
}

function emptyOutcome({ starts }: Account): Outcome {
  const counts = Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])) as Outcome['counts'];
  return { counts, messages: 0, slots: starts.map(emptySlot), each: 1 };
}

/** What is divided where one person stands for several. Calls in a second are not: see `queues.ts`. */
const DIVIDED = ['emailsPerDay', 'workerCores', 'serverCores'] as const;

function partOf(account: Account, standsFor: number): Account {
  const divided = Object.fromEntries(DIVIDED.map((name) => [name, account[name] / standsFor]));
  return { ...account, ...divided, standsFor, starts: account.starts.map((count) => count / standsFor) };
}
