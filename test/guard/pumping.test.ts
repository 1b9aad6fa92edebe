/** Must the guard be believed? 5,000 sign-ups of robots among 500 people, decided at full size in a simulated clock. */
import { describe, expect, it } from 'vitest';
import type { GuardSettings } from '../../guard/guard-settings.js';
import { DAY_MS, HOUR_MS } from '../../guard/records.js';
import { type Flood, type Outcome, simulate } from './simulation.js';

/** Nobody had seen them when the default limits were chosen: those runs had 1 to 10. */
const SEEDS = Array.from({ length: 10 }, (_, index) => 20_261_128 + index);
const [SEED = 0] = SEEDS;

/** 200 numbers of one prefix, which belongs to a country where no honest user is. */
const FLOOD: Flood = { signUps: 5_000, numbers: 200, prefixes: ['+994401'], digits: 6, forMs: HOUR_MS };

const DEFAULTS: GuardSettings = { smsBrake: 'on' };

const rangeOf = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
const prefixes = (start: string) => Array.from({ length: 100 }, (_, index) => start + String(index).padStart(2, '0'));
const percent = (share: number) => Math.round(share * 1_000) / 10;

it.each(SEEDS)(
  'nearly all of the flood from one prefix is stopped, and hardly anybody honest held: seed %i',
  async (seed) => {
    const { floodStopped, honestHeld } = await simulate(DEFAULTS, FLOOD, seed);
    expect([floodStopped > 0.95, honestHeld < 0.01]).toEqual([true, true]);
  },
);

it('without the brake the same flood leaves, but for what the ceiling of each number holds', async () => {
  const { floodStopped, honestHeld } = await simulate({}, FLOOD, SEED);
  expect([floodStopped < 0.3, honestHeld]).toEqual([true, 0]);
});

it('under 1 % are held in a rush of 500 people in five minutes, from countries that nobody came from before', async () => {
  for (const seed of SEEDS) {
    const { honestHeld } = await simulate(DEFAULTS, undefined, seed, 5 * 60_000);
    expect([seed, honestHeld < 0.01]).toEqual([seed, true]);
  }
});

/** What the guard makes of harder floods, also where that is not much: docs/guard.md says so. */
describe.each<[string, Partial<Flood>, { sent: [number, number]; held: [number, number] }]>([
  [
    'a prefix of a country that the honest use',
    { prefixes: ['+49155'], digits: 8 },
    { sent: [40, 100], held: [0, 0.01] },
  ],
  ['a prefix that the honest use', { prefixes: ['+49151'], digits: 8 }, { sent: [40, 100], held: [0, 0.02] }],
  [
    '100 prefixes of a country that nobody uses',
    { prefixes: prefixes('+9944') },
    { sent: [100, 250], held: [0, 0.01] },
  ],
  [
    '100 prefixes of a country that the honest use',
    { prefixes: prefixes('+491'), digits: 8 },
    { sent: [100, 300], held: [0.01, 0.16] },
  ],
  ['a slow one, in ten days', { forMs: 10 * DAY_MS }, { sent: [300, 600], held: [0, 0.01] }],
  ['robots that type three of ten codes', { provenShare: 0.3 }, { sent: [75, 250], held: [0, 0.01] }],
  ['robots that type seven of ten codes', { provenShare: 0.7 }, { sent: [3_500, 5_000], held: [0, 0.01] }],
])('a flood over %s', (name, harder, { sent, held }) => {
  it('leaves so much, and holds so many of the honest, for each seed', async () => {
    const outcomes = await Promise.all(SEEDS.map((seed) => simulate(DEFAULTS, { ...FLOOD, ...harder }, seed)));
    const [leastSent, mostSent] = rangeOf(outcomes.map(({ floodSent }) => floodSent));
    const [leastHeld, mostHeld] = rangeOf(outcomes.map(({ honestHeld }) => honestHeld));
    console.log(
      `${name}: ${leastSent} to ${mostSent} sent, ${percent(leastHeld)} to ${percent(mostHeld)} % of the honest held`,
    );
    expect(leastSent).toBeGreaterThanOrEqual(sent[0]);
    expect(mostSent).toBeLessThanOrEqual(sent[1]);
    expect(leastHeld).toBeGreaterThanOrEqual(held[0]);
    expect(mostHeld).toBeLessThanOrEqual(held[1]);
  });
});

/** Printed, and a part of docs/guard.md. */
it('other thresholds', async () => {
  const table = await Promise.all(
    [
      [20, 50, 5, 15],
      [30, 100, 10, 30],
      [75, 100, 20, 40],
      [100, 300, 50, 100],
    ].map(async ([countryHour = 0, countryDay = 0, prefixHour = 0, prefixDay = 0]) => {
      const settings: GuardSettings = {
        ...DEFAULTS,
        smsBrakeCountryPerHour: countryHour,
        smsBrakeCountryPerDay: countryDay,
        smsBrakePrefixPerHour: prefixHour,
        smsBrakePrefixPerDay: prefixDay,
      };
      const one = await simulate(settings, FLOOD, SEED);
      const rushes = await Promise.all(SEEDS.map((seed) => simulate(settings, undefined, seed, 5 * 60_000)));
      return row([countryHour, countryDay, prefixHour, prefixDay], one, rushes);
    }),
  );
  console.log(
    `\ncountry and prefix, hour and day | flood sent | stopped | held: eight hours | five minutes\n${table.join('\n')}`,
  );
  expect(table).toHaveLength(4);
});

function row(limits: readonly number[], one: Outcome, rushes: readonly Outcome[]): string {
  return [
    limits.join(', '),
    one.floodSent,
    `${percent(one.floodStopped)} %`,
    `${percent(one.honestHeld)} %`,
    `${percent(Math.max(...rushes.map(({ honestHeld }) => honestHeld)))} %`,
  ].join(' | ');
}
