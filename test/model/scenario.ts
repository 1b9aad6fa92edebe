/** What may happen to a person who verifies an address. Made of constants and lists, so that it shrinks from any value. */
import * as fc from 'fast-check';
import { ATTEMPT_TROUBLES, READ_TROUBLES, SEND_TROUBLES, type Trouble, type Troubles } from './faults.js';
import { HOUR, MINUTE, type Rules, type Told } from './world.js';

/** The actions of a person, a service or a third party, and how often each is drawn. */
export const ASKS = {
  submitNewest: 10,
  submitOldest: 4,
  submitWrong: 14,
  submitMalformed: 1,
  submitNewestWithFreshToken: 3,
  submitNewestWithFirstToken: 1,
  submitWrongWithForgedToken: 3,
  resend: 14,
  resendWithFreshToken: 3,
  resendWithForgedToken: 1,
  renew: 4,
  renewForAMoment: 2,
  renewWithForgedToken: 3,
  renewWithFirstToken: 1,
  join: 3,
  joinWithForgedToken: 1,
  bringForeignToken: 1,
  confirm: 2,
  verifyElsewhere: 2,
  changeValue: 3,
  changeValueBack: 1,
  revokeTokens: 3,
  cancel: 1,
} as const;
export type Ask = keyof typeof ASKS;

export interface Round {
  asks: Ask[];
  /** At the same instant, or one after the other. */
  together: boolean;
  /** What goes wrong from then on, and while time passes. */
  next: Troubles;
}

/** One person's verification, without the times. */
export interface Story {
  rules: Rules;
  attributeName: 'email' | 'phone_number';
  /** The life of its first token. */
  tokenLives: number;
  alreadySent: boolean;
  verified: boolean;
  reverify: boolean;
  /** The start has a new value (see `changesValue`). Default: no. */
  newValue?: boolean;
  /** The user pool keeps a value until a new one is verified. */
  keeps: boolean;
  /** What the app client may read. */
  told: Told;
  /** What the first send meets. */
  troubles: Troubles;
  rounds: Round[];
}

/** A story and the wait after each of its rounds: a server has one clock, so a whole batch shares its waits. */
export interface Scenario {
  waits: number[];
  story: Story;
}

export const ROUNDS = 6;

/** At least a minute and a half, since anything that is retried for a minute is answered by then. Mostly short. */
const WAITS = [
  90_000,
  90_000,
  90_000,
  3 * MINUTE,
  3 * MINUTE,
  11 * MINUTE + 30_000,
  11 * MINUTE + 30_000,
  34 * MINUTE,
  34 * MINUTE,
  62 * MINUTE,
  7 * HOUR + 3 * MINUTE,
  25 * HOUR,
];

const weighted = <T extends string>(weights: Record<T, number>): fc.Arbitrary<T> =>
  fc.oneof(
    ...(Object.entries(weights) as [T, number][]).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name) })),
  );
const sometimes = <T>(weight: number, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 10 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary });
const trouble = <T extends string>(weight: number, table: Record<T, Trouble<string>>) => {
  const names = Object.keys(table) as T[];
  // Most kinds of refusal are permanent and alike; a story that continues after its trouble shows more.
  const final = names.filter((each) => table[each].means === 'failed');
  const others = names.filter((each) => !final.includes(each));
  const name = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...others) },
    ...(final.length > 0 ? [{ weight: 1, arbitrary: fc.constantFrom(...final) }] : []),
  );
  return sometimes(weight, fc.record({ name, once: fc.boolean() }));
};
const troubles = fc.record({
  send: trouble(3, SEND_TROUBLES),
  attempt: trouble(3, ATTEMPT_TROUBLES),
  read: trouble(2, READ_TROUBLES),
}) as fc.Arbitrary<Troubles>;

const round: fc.Arbitrary<Round> = fc.record({
  asks: fc.array(weighted(ASKS), { maxLength: 3, size: 'max' }),
  together: fc.boolean(),
  next: troubles,
});

export const stories: fc.Arbitrary<Story> = fc.record({
  rules: fc.record({
    deadline: fc.constantFrom(24 * HOUR, HOUR, 49 * HOUR, 10 * MINUTE),
    codeLifetime: fc.constantFrom(10 * MINUTE, 24 * HOUR, 2 * HOUR),
    resendAfter: sometimes(4, fc.constantFrom(5 * MINUTE, 45 * MINUTE, 5 * HOUR)),
    resendCooldown: fc.constantFrom(30_000, 1_000, 5 * MINUTE),
    maxSends: fc.constantFrom(5, 1, 2, 3, 8),
    maxAttempts: fc.constantFrom(10, 1, 2, 3, 5),
    confirmation: fc.constantFrom('trust' as const, 'recheck' as const),
  }),
  attributeName: fc.constantFrom('email' as const, 'phone_number' as const),
  tokenLives: fc.constantFrom(72 * HOUR, HOUR, 15 * MINUTE),
  alreadySent: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  verified: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  keeps: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  told: fc.oneof(
    { weight: 16, arbitrary: fc.constant('all' as const) },
    { weight: 1, arbitrary: fc.constantFrom('noFlag' as const, 'noValue' as const) },
  ),
  troubles,
  rounds: fc.array(round, { minLength: 3, maxLength: ROUNDS, size: 'max' }),
  reverify: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  // The last, so that the others of a seed stay as they were.
  newValue: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

/** Whether the verification itself changes the value. It cannot where Cognito has, or where nobody may read the value. */
export const changesValue = ({ newValue = false, alreadySent, told }: Story) =>
  newValue && !alreadySent && told === 'all';

/** Nobody is believed who does not say which value is verified. */
export const rulesOf = (story: Story): Rules =>
  changesValue(story) ? { ...story.rules, confirmation: 'recheck' } : story.rules;

export const waits = fc.array(fc.constantFrom(...WAITS), { minLength: ROUNDS, maxLength: ROUNDS });

export const scenarios: fc.Arbitrary<Scenario> = fc.record({ waits, story: stories });

export const MOST_DEADLINE = 49 * HOUR;
