import { describe, expect, it } from 'vitest';
import { HABITS, type Habit, habitOf } from '../../bench/soak-people.js';
import { judge, type Sample } from '../../bench/soak-watch.js';

describe('the people of the soak', () => {
  it('have the habits in the shares of the table, in any hundred of them', () => {
    for (const from of [0, 250]) {
      const counts: Partial<Record<Habit, number>> = {};
      for (let n = from; n < from + 100; n++) counts[habitOf(n)] = (counts[habitOf(n)] ?? 0) + 1;
      const shares = Object.entries(HABITS).map(([habit, { percent }]) => [habit, percent]);
      expect(counts).toEqual(Object.fromEntries(shares));
    }
  });
});

describe('the verdict of the soak', () => {
  /** Nine minutes, of which the last three are as `last` says. */
  const judged = (last: Partial<{ rssMb: number; fileDescriptors: number; tookMs: number; slowMs: number }>) => {
    const usual = { rssMb: 400, fileDescriptors: 50, tookMs: 100, slowMs: 300 };
    const minutes = Array.from({ length: 90 }, (_, n) => ({ at: n * 6_000, ...usual, ...(n >= 60 ? last : {}) }));
    const samples: Sample[] = minutes.map(({ at, rssMb, fileDescriptors }) => ({ at, rssMb, fileDescriptors }));
    // One verdict of ten is slow.
    const verdicts = minutes.map(({ at, tookMs, slowMs }, n) => ({ at, tookMs: n % 10 === 0 ? slowMs : tookMs }));
    return judge({ samples, verdicts, startedAt: 0, endedAt: 540_000 })
      .filter(({ flat }) => !flat)
      .map(({ what }) => what);
  };

  it('finds nothing where nothing grows, or little', () => {
    expect(judged({})).toEqual([]);
    expect(judged({ rssMb: 435, fileDescriptors: 58, tookMs: 140, slowMs: 480 })).toEqual([]);
  });

  it('names what grows', () => {
    expect(judged({ rssMb: 450 })).toEqual(['worker RSS, MB']);
    expect(judged({ fileDescriptors: 70 })).toEqual(['file descriptors']);
    expect(judged({ tookMs: 200 })).toEqual(['submit → verdict p50, ms']);
    expect(judged({ slowMs: 700 })).toEqual(['submit → verdict p95, ms']);
  });

  it('says nothing of what nobody could measure', () => {
    expect(judged({ rssMb: Number.NaN, fileDescriptors: Number.NaN })).toEqual([]);
  });
});
