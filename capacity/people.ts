/** What people do, and when: of the model, and of its check on a real server. */
import type { CapacityInput } from './input.js';

/** What one person does. */
export interface Person {
  readonly startsAtSeconds: number;
  readonly abandons: boolean;
  readonly resends: boolean;
  readonly mistypes: boolean;
  /** From the message to the code. */
  readonly codeSeconds: number;
}

/** A person reads that the code was wrong, or had no answer, and types again. */
export const RETYPE_SECONDS = 10;

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The fields of an input that say what people do. */
type Habits = Pick<
  CapacityInput,
  'abandonedShare' | 'resendShare' | 'wrongCodeShare' | 'codeMedianSeconds' | 'codeP95Seconds'
>;

/**
 * People in the numbers and shares that are given, who come independently of each other; in the order in which they start. The shares
 * are dealt out, so that a run of some hundred has no other shares than the input by chance.
 * @param starts in each slot; of a part of one there is one with that chance
 */
export function peopleOf(
  starts: readonly number[],
  slotSeconds: number,
  habits: Habits,
  random: () => number,
): Person[] {
  const times = starts.flatMap((count, slot) =>
    Array.from({ length: Math.floor(count + random()) }, () => (slot + random()) * slotSeconds),
  );
  const dealt = (share: number) => {
    const most = Math.floor(share * times.length + random());
    return shuffled(
      times.map((_, index) => index < most),
      random,
    );
  };
  const [abandons, resends, mistypes] = [
    dealt(habits.abandonedShare),
    dealt(habits.resendShare),
    dealt(habits.wrongCodeShare),
  ];
  const codes = shuffled(codeSeconds(habits, times.length, random), random);
  return times
    .sort((a, b) => a - b)
    .map((startsAtSeconds, index) => ({
      startsAtSeconds,
      abandons: abandons[index] === true,
      resends: resends[index] === true,
      mistypes: mistypes[index] === true,
      codeSeconds: codes[index] ?? 1,
    }));
}

/** Lognormal, which has the long tail that people's times have. */
function codeSeconds({ codeMedianSeconds, codeP95Seconds }: Habits, length: number, random: () => number): number[] {
  const sigma = Math.log(codeP95Seconds / codeMedianSeconds) / 1.6449;
  return Array.from(
    { length },
    (_, part) => codeMedianSeconds * Math.exp(sigma * normalQuantile((part + random()) / length)),
  );
}

/** The inverse of the normal distribution, by Tukey's lambda approximation: within 0.02 from 1 % to 99 %. */
function normalQuantile(share: number): number {
  return (share ** 0.1349 - (1 - share) ** 0.1349) / 0.1975;
}

function shuffled<T>(values: T[], random: () => number): T[] {
  for (let last = values.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [values[last], values[other]] = [values[other] as T, values[last] as T];
  }
  return values;
}
