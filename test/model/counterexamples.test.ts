/**
 * Scenarios that once differed from the model, at their smallest, named after what they show. Some come from the planted
 * bugs; from the others the model learned what the rules mean.
 */
import type { VerificationState } from '@cognito-verification/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { play } from './play.js';
import { ModelRig } from './rig.js';
import type { Round, Scenario, Story } from './scenario.js';
import { HOUR, MINUTE, type Rules } from './world.js';

let rig: ModelRig;
beforeAll(async () => {
  rig = await ModelRig.open({ patienceMs: PATIENCE_MS });
});
afterAll(() => rig?.close());

type Small = Partial<Omit<Story, 'rules' | 'rounds'>> & { rules?: Partial<Rules>; rounds: Partial<Round>[] };

const WAITS = [3 * MINUTE, 3 * MINUTE, 3 * MINUTE, 3 * MINUTE, 3 * MINUTE, 3 * MINUTE];

function scenario({ rules, rounds, ...more }: Small): Scenario {
  return {
    waits: WAITS,
    story: {
      rules: {
        deadline: HOUR,
        codeLifetime: HOUR,
        resendCooldown: 30_000,
        maxSends: 5,
        maxAttempts: 5,
        confirmation: 'trust',
        ...rules,
      },
      attributeName: 'email',
      tokenLives: 72 * HOUR,
      alreadySent: false,
      verified: false,
      reverify: false,
      keeps: false,
      told: 'all',
      troubles: {},
      rounds: rounds.map((round) => ({ asks: [], together: false, next: {}, ...round })),
      ...more,
    },
  };
}

/** A throttled call may wait for 30 s before its next try, and on a busy machine the change comes after several tries. */
const PATIENCE_MS = 45_000;

const SCENARIOS: Record<string, Small & { ends: VerificationState }> = {
  'a new value where the old one is kept: a code for it comes again, and it is verified': {
    ends: 'verified',
    newValue: true,
    keeps: true,
    verified: true,
    rounds: [{ asks: ['submitWrong'] }, { asks: ['resend'] }, { asks: ['submitNewest'] }],
  },
  'a new value that takes the place of the old one: a lost answer is uncertain, and it is read': {
    ends: 'cancelled',
    newValue: true,
    verified: true,
    troubles: { send: { name: 'droppedAfter', once: true } },
    rounds: [{ asks: ['resend'] }, { asks: ['cancel'] }],
  },
  'an attempt is counted while it is tried again, and given back when Cognito never looked at it': {
    ends: 'verified',
    troubles: { attempt: { name: 'throttled', once: false } },
    rounds: [
      { asks: ['submitWrong'], next: { attempt: { name: 'throttled', once: false } } },
      { asks: ['submitNewest'] },
    ],
  },
  'an attempt that got no answer is counted, and the one after it too': {
    ends: 'expired',
    rules: { maxAttempts: 2 },
    troubles: { attempt: { name: 'droppedBefore', once: false } },
    rounds: [{ asks: ['submitWrong'] }, { asks: ['submitNewest'] }],
  },
  'no re-send gives the attempts back': {
    ends: 'expired',
    rules: { maxAttempts: 1 },
    rounds: [{ asks: ['submitWrong'] }, { asks: ['resend', 'submitNewest'] }],
  },
  'a send that got no answer counts, and is not tried again by itself': {
    ends: 'verified',
    rules: { maxSends: 1 },
    troubles: { send: { name: 'droppedAfter', once: true } },
    rounds: [{}, { asks: ['resend', 'submitNewest'] }],
  },
  'the deadline ends it while it is rate limited': {
    ends: 'expired',
    rules: { deadline: 10 * MINUTE },
    troubles: { send: { name: 'overTheLimit', once: false } },
    rounds: [{ next: { send: { name: 'overTheLimit', once: false } } }],
  },
  'a confirmation that waits for a token goes on waiting when a forged one comes': {
    ends: 'expired',
    rules: { confirmation: 'recheck' },
    alreadySent: true,
    troubles: { read: { name: 'tokenRefused', once: false } },
    rounds: [{ asks: ['confirm', 'joinWithForgedToken'] }, { asks: ['verifyElsewhere', 'renew'] }],
  },
  'once no attempt is left no re-send is made, whatever token comes': {
    ends: 'expired',
    rules: { maxAttempts: 1, resendCooldown: 1_000 },
    tokenLives: 2 * MINUTE,
    rounds: [{ asks: ['submitWrong'] }, { asks: ['resend', 'renew', 'resend'] }],
  },
  'a code that is checked while the verification is cancelled is answered': {
    ends: 'cancelled',
    rounds: [{ asks: ['submitWrong', 'cancel'], together: true }],
  },
  'right codes side by side are answered alike, though one attempt was left': {
    ends: 'verified',
    rules: { maxAttempts: 1 },
    rounds: [{ asks: ['submitNewest', 'submitNewest', 'submitNewest'], together: true }],
  },
  'a token that comes while a code is with Cognito is used by the look that follows, and is gone if it is forged': {
    ends: 'expired',
    troubles: { send: { name: 'badGateway', once: true } },
    rounds: [
      { next: { attempt: { name: 'slow', once: false } } },
      { asks: ['submitWrong', 'renewWithForgedToken'], together: true },
      { asks: ['submitWrong'] },
    ],
  },
  'a token that comes while another one is refused for a code is used for that code': {
    ends: 'expired',
    alreadySent: true,
    rounds: [
      { asks: ['revokeTokens'], next: { attempt: { name: 'slow', once: false } } },
      { asks: ['submitWrong', 'resendWithFreshToken', 'submitWrong'], together: true },
    ],
  },
  'a code that comes while a send is with Cognito is checked with the token of that send': {
    ends: 'expired',
    troubles: { send: { name: 'badGateway', once: true } },
    rounds: [
      { asks: ['revokeTokens'], next: { attempt: { name: 'slow', once: false } } },
      { asks: ['resendWithFreshToken', 'submitWrong'], together: true },
    ],
  },
  'a look that is tried again goes on with its token, though another one has come': {
    ends: 'verified',
    rules: { confirmation: 'recheck' },
    alreadySent: true,
    troubles: { read: { name: 'throttled', once: false } },
    rounds: [{ asks: ['renewWithForgedToken'] }, { asks: ['verifyElsewhere', 'submitWrong'] }, { asks: ['confirm'] }],
  },
  'a code whose look is tried again after the one before the first send is checked after that send': {
    ends: 'expired',
    troubles: { send: { name: 'throttledByName', once: false }, read: { name: 'dropped', once: false } },
    rounds: [{ asks: ['submitWrong'], next: { read: { name: 'unreachable', once: true } } }],
  },
  'a new address is not verified, whatever the old one was': {
    ends: 'verified',
    alreadySent: true,
    verified: true,
    rules: { confirmation: 'recheck' },
    rounds: [{ asks: ['verifyElsewhere'] }],
  },
  'the code that came to another value does not verify the one that ours went to': {
    ends: 'expired',
    rounds: [{ asks: ['changeValue', 'submitNewest'] }],
  },
  'the same where the old value is kept until the new one is verified': {
    ends: 'expired',
    keeps: true,
    rounds: [{ asks: ['changeValue', 'submitNewest'] }],
  },
  'a value that was changed and changed back is the one that our code went to': {
    ends: 'verified',
    rounds: [{ asks: ['changeValue', 'changeValueBack', 'submitNewest'] }],
  },
  'a new value that waits for its verification takes the place of the old one': {
    ends: 'verified',
    keeps: true,
    alreadySent: true,
    verified: true,
    rounds: [{ asks: ['changeValue', 'submitNewest'] }],
  },
  'a value that is changed without a word ends it at the deadline': {
    ends: 'expired',
    rounds: [{ asks: ['changeValue', 'verifyElsewhere'] }],
  },
  'an attribute that is verified already gets no message': { ends: 'alreadyVerified', verified: true, rounds: [{}] },
  'nor does one that becomes verified while the first send is throttled': {
    ends: 'alreadyVerified',
    troubles: { send: { name: 'throttledByName', once: false } },
    rounds: [{ asks: ['verifyElsewhere'] }],
  },
  'a look that fails is made again with the next try of a throttled first send': {
    ends: 'alreadyVerified',
    verified: true,
    troubles: { send: { name: 'throttled', once: false }, read: { name: 'blocked', once: true } },
    rounds: [{}],
  },
  'a code that is being checked is answered before it ends as verified already': {
    ends: 'alreadyVerified',
    troubles: { send: { name: 'throttledByName', once: false }, attempt: { name: 'throttled', once: false } },
    rounds: [{ asks: ['submitWrong', 'verifyElsewhere'], next: { attempt: { name: 'throttled', once: false } } }, {}],
  },
  'with reverify it gets one, and its code proves it anew': {
    ends: 'verified',
    verified: true,
    reverify: true,
    rounds: [{ asks: ['submitNewest'] }],
  },
  'nothing is sent where the value is not told': { ends: 'failed', told: 'noValue', rounds: [{}] },
  'an accepted code proves nothing where the flag is not told': {
    ends: 'failed',
    told: 'noFlag',
    rounds: [{ asks: ['submitNewest'] }],
  },
};

test.each(Object.entries(SCENARIOS))('%s', { retry: 0 }, async (_name, { ends, ...small }) => {
  const { state } = await play(rig, scenario(small));
  expect(state).toBe(ends);
});
