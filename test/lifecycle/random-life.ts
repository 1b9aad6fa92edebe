/** What may happen to a verification in a random life. */
import type { VerificationPolicy } from '@cognito-verification/contract';
import * as fc from 'fast-check';
import type { Fault } from '../../sandbox/index.js';
import { HOUR, MINUTE } from './time-travel.js';

const MOST_STEPS = 12;

const SEND = 'GetUserAttributeVerificationCode';
const ATTEMPT = 'VerifyUserAttribute';

const exception = (name: string) => ({ exception: { name } });
export const FAULTS = {
  'sends throttled': { operation: SEND, ...exception('TooManyRequestsException') },
  'sends over the limit': { operation: SEND, ...exception('LimitExceededException') },
  'sends undeliverable': { operation: SEND, ...exception('CodeDeliveryFailureException') },
  'sends unanswered': { operation: SEND, ...exception('InternalErrorException'), afterEffect: true },
  'attempts throttled': { operation: ATTEMPT, ...exception('TooManyRequestsException') },
  'attempts over the limit': { operation: ATTEMPT, ...exception('LimitExceededException') },
  'attempts unanswered': { operation: ATTEMPT, dropConnection: 'afterEffect' },
  'attempts lost': { operation: ATTEMPT, ...exception('InternalErrorException') },
  'reads unanswered': { operation: 'GetUser', htmlError: 503 },
} as const satisfies Record<string, Fault>;

const STEPS = {
  submitRight: 4,
  submitOldest: 1,
  submitWrong: 4,
  submitMalformed: 1,
  submitRightWithFreshToken: 1,
  submitWrongWithForgedToken: 1,
  resend: 5,
  resendWithFreshToken: 1,
  confirm: 1,
  renew: 2,
  renewForged: 1,
  renewForeign: 1,
  revokeTokens: 1,
  cancel: 1,
} as const;
export type Message = keyof typeof STEPS;

export type Step =
  | { do: 'message'; messages: Message[] }
  | { do: 'pass'; minutes: number }
  | { do: 'fault'; faults: (keyof typeof FAULTS)[] };

const message = fc.oneof(
  ...Object.entries(STEPS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as Message) })),
);
const faults = (maxLength: number) =>
  fc.uniqueArray(fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])), { maxLength });
const step: fc.Arbitrary<Step> = fc.oneof(
  // Up to three at the same instant.
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      messages: fc.array(message, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), minutes: fc.constantFrom(1, 5, 12, 70) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      // None ends those that were.
      faults: faults(2),
    }),
  },
);
export const life = fc.record({
  policy: fc.record(
    {
      deadline: fc.constantFrom('1 hour', '6 hours'),
      codeLifetime: fc.constantFrom('5 minutes', '2 hours'),
      resendAfter: fc.constantFrom('2 minutes', '30 minutes'),
      resendCooldown: fc.constantFrom('1 second', '2 minutes'),
      maxSends: fc.integer({ min: 1, max: 4 }),
      maxAttempts: fc.integer({ min: 1, max: 5 }),
      confirmation: fc.constantFrom('trust', 'recheck'),
    },
    { requiredKeys: ['deadline', 'maxSends', 'maxAttempts', 'confirmation'] },
  ) as fc.Arbitrary<VerificationPolicy & { maxSends: number; maxAttempts: number }>,
  tokenLivesMs: fc.constantFrom(30 * MINUTE, 24 * HOUR),
  emailVerified: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  /** What the first send meets. */
  faults: faults(1),
  steps: fc.array(step, { minLength: 3, maxLength: MOST_STEPS, size: 'max' }),
});
export type LifeOptions = typeof life extends fc.Arbitrary<infer T> ? T : never;
