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
 * Lets days pass, each until everything has ended. Where one takes too long, one person stands for several, and all rates are divided
 * by their number.
 */
export function simulate(account: Account): Outcome {
  const people = account.starts.reduce((sum, count) => sum + count, 0);
  for (let weight = Math.max(1, people / MOST_PEOPLE); ; weight *= 8) {
    const outcome = emptyOutcome(account);
    const part = partOf(account, weight);
    const random = seeded(1);
    let [passed, days, steps] = [0, 0, 0];
    for (let left = MOST_STEPS; left > 0; ) {
      const day = new Day(part, outcome, random);
      for (left = MOST_STEPS; left > 0 && day.agenda.step(); left--) steps += 1;
      passed += day.people;
      days += 1;
      if (left > 0 && (passed >= ENOUGH_PEOPLE || days === MOST_DAYS || steps >= MOST_STEPS))
        return { ...outcome, each: weight / days };
    }
  }
}

function emptyOutcome({ starts }: Account): Outcome {
  const counts = Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])) as Outcome['counts'];
  return { counts, messages: 0, slots: starts.map(emptySlot), each: 1 };
}

/** What is divided among people who stand for several. */
const DIVIDED = [
  ...(['attemptsPerSecond', 'sendsPerSecond', 'emailsPerDay', 'directCallsPerSecond', 'queueCallsPerSecond'] as const),
  ...(['workerCores', 'serverCores'] as const),
];

function partOf(account: Account, weight: number): Account {
  const divided = Object.fromEntries(DIVIDED.map((name) => [name, account[name] / weight]));
  return { ...account, ...divided, starts: account.starts.map((count) => count / weight) };
}
