/** The plan of a run, drawn from the seed before anything starts: the people, their times and their habits. */
import { ATTRIBUTE_NAMES, type AttributeName, type VerificationPolicy } from '@cognito-verification/contract';
import { type Random, randomOf } from './random.js';

/** The number in a hundred with each behaviour. */
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

/** A change of address that the verification makes. */
interface AddressChange {
  /** The user pool keeps the old value until the new one is verified. */
  keeps: boolean;
  oldVerified: boolean;
}

/** One person, and the verification of their e-mail or number. */
export interface Plan {
  name: string;
  behaviour: Behaviour;
  attributeName: AttributeName;
  /** Default: the verification is about the value that the user has. */
  change?: AddressChange;
  policy: VerificationPolicy;
  /** From the beginning of the run. */
  startsAfterMs: number;
  /** From the moment at which everybody has started; for a person who does not wait, from their own start. */
  actsAfterMs: number;
  waitsForAll: boolean;
  /** For later draws by this person. */
  random: Random;
}

/** The size and the speed of a run. */
export interface Shape {
  /** The number that are open at the same time; a few more come and go. */
  inFlight: number;
  startsPerSecond: number;
  /** Everybody acts within this time. */
  actWithinMs: number;
  /** The deadline of people who give up. */
  shortDeadline: '2 minutes' | '8 minutes';
  deadline: '3 minutes' | '10 minutes';
}

/** The share of people who do not wait until all others have started. */
const QUICK_SHARE = 0.05;
/** The share of people whose verification changes the address. */
const CHANGES_SHARE = 0.18;

export function plansOf(seed: number, shape: Shape): Plan[] {
  const count = Math.ceil(shape.inFlight * (1 + QUICK_SHARE));
  const quickEvery = Math.round((1 + QUICK_SHARE) / QUICK_SHARE);
  const plans = Array.from({ length: count }, (_, index): Plan => {
    const random = randomOf(seed, `person ${index}`);
    const behaviour = draw(random);
    const about = aboutOf(randomOf(seed, `address ${index}`));
    const quick = index % quickEvery === 0 && index / quickEvery < count - shape.inFlight;
    return {
      name: `person-${index}`,
      behaviour,
      ...about,
      policy: policyOf(behaviour, random, shape, about),
      startsAfterMs: 0,
      actsAfterMs: quick ? random.between(500, 10_000) : random.between(0, shape.actWithinMs),
      waitsForAll: !quick,
      random,
    };
  });
  // Verifications that end at their deadline come first, so that they end while much else is going on.
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

function aboutOf(random: Random): Pick<Plan, 'attributeName' | 'change'> {
  if (!random.chance(CHANGES_SHARE)) return { attributeName: 'email' };
  const attributeName = random.pick(ATTRIBUTE_NAMES);
  return { attributeName, change: { keeps: random.chance(0.5), oldVerified: random.chance(0.75) } };
}

function policyOf(
  behaviour: Behaviour,
  random: Random,
  shape: Shape,
  { change }: Pick<Plan, 'change'>,
): VerificationPolicy {
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
      // A confirmation of a change is never trusted.
      return { deadline, confirmation: change ? 'recheck' : random.pick(['trust', 'recheck']) };
    default:
      return { deadline };
  }
}
