/** Who verifies what, when, and with which habits: drawn from the seed before anything runs. */
import type { VerificationPolicy } from '@cognito-verification/contract';
import { type Random, randomOf } from './random.js';

/** How many of a hundred behave so. */
const BEHAVIOURS = {
  typesRight: 38,
  typesWrongFirst: 14,
  guesses: 8,
  wantsAnother: 12,
  comesTooLate: 5,
  confirms: 6,
  givesUp: 8,
  cancels: 3,
  losesToken: 3,
  outOfOrder: 3,
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

/** One person, and the verification of their e-mail. */
export interface Plan {
  name: string;
  behaviour: Behaviour;
  policy: VerificationPolicy;
  /** From the beginning of the run. */
  startsAfterMs: number;
  /** From the moment at which everybody has started; at once for those who do not wait for it. */
  actsAfterMs: number;
  waitsForAll: boolean;
  /** For what they draw later. */
  random: Random;
}

/** How large a run is, and how fast. */
export interface Shape {
  /** Open at the same time; a few more come and go meanwhile. */
  inFlight: number;
  startsPerSecond: number;
  /** Everybody acts within this time. */
  actWithinMs: number;
  /** Of those of whom nothing more is heard. */
  shortDeadline: '2 minutes' | '8 minutes';
  deadline: '3 minutes' | '10 minutes';
}

/** Who does not wait for all others to have started. */
const QUICK_SHARE = 0.05;

export function plansOf(seed: number, shape: Shape): Plan[] {
  const count = Math.ceil(shape.inFlight * (1 + QUICK_SHARE));
  const quickEvery = Math.round((1 + QUICK_SHARE) / QUICK_SHARE);
  const plans = Array.from({ length: count }, (_, index): Plan => {
    const random = randomOf(seed, `person ${index}`);
    const behaviour = draw(random);
    const quick = index % quickEvery === 0 && index / quickEvery < count - shape.inFlight;
    return {
      name: `person-${index}`,
      behaviour,
      policy: policyOf(behaviour, random, shape),
      startsAfterMs: 0,
      actsAfterMs: quick ? random.between(500, 10_000) : random.between(0, shape.actWithinMs),
      waitsForAll: !quick,
      random,
    };
  });
  // Those whose deadline ends it come first, so that it comes while there is much else to do.
  plans.sort((a, b) => Number(endsByDeadline(b)) - Number(endsByDeadline(a)));
  for (const [index, plan] of plans.entries()) plan.startsAfterMs = (index / shape.startsPerSecond) * 1_000;
  return plans;
}

function endsByDeadline({ behaviour }: Plan): boolean {
  return behaviour === 'givesUp' || behaviour === 'guesses';
}

function draw(random: Random): Behaviour {
  let left = random.between(0, 100);
  for (const [behaviour, share] of Object.entries(BEHAVIOURS)) {
    left -= share;
    if (left < 0) return behaviour as Behaviour;
  }
  return 'typesRight';
}

function policyOf(behaviour: Behaviour, random: Random, shape: Shape): VerificationPolicy {
  const { deadline, shortDeadline } = shape;
  switch (behaviour) {
    case 'guesses':
      return { deadline: shortDeadline, maxAttempts: random.pick([3, 4, 5]) };
    case 'givesUp':
      return { deadline: shortDeadline, ...(random.chance(0.5) ? { resendAfter: '1 minute', maxSends: 3 } : {}) };
    case 'comesTooLate':
      return { deadline, codeLifetime: '1 minute' };
    case 'wantsAnother':
      return { deadline, resendCooldown: '2 seconds', maxSends: random.pick([2, 3, 4]) };
    case 'confirms':
      return { deadline, confirmation: random.pick(['trust', 'recheck']) };
    default:
      return { deadline };
  }
}
