/** Each ending from each of the four open states, after an earlier code was sent. */
import type { VerificationPolicy } from '@cognito-verification/contract';
import { ATTEMPT, type Opened, SEND } from '../../lifecycle/time-travel.js';
import { type CorpusRig, tolerated } from '../rig.js';
import type { Scenario } from '../scenario.js';

/** Opens a verification in a state, with an earlier code available. */
export const REACH = {
  sending: async (rig: CorpusRig, policy: VerificationPolicy = {}) => {
    const opened = await rig.openResendable({ policy });
    await rig.throttledResend(opened);
    return opened;
  },
  awaitingCode: (rig: CorpusRig, policy: VerificationPolicy = {}) => rig.open({ policy }),
  rateLimited: async (rig: CorpusRig, policy: VerificationPolicy = {}) => {
    const opened = await rig.openResendable({ policy });
    rig.refuse(opened.user, SEND, 'LimitExceededException', 1);
    await rig.resend(opened);
    return opened;
  },
  awaitingToken: async (rig: CorpusRig, policy: VerificationPolicy = {}) => {
    const opened = await rig.openResendable({ policy });
    rig.refuse(opened.user, SEND, 'NotAuthorizedException', 1);
    await rig.resend(opened);
    return opened;
  },
} as const;

type Reachable = keyof typeof REACH;

interface Ending {
  edge: string;
  policy?: VerificationPolicy;
  slow?: true;
  end: (rig: CorpusRig, opened: Opened) => Promise<unknown>;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  'a-right-code': {
    edge: 'verified: accepted',
    end: async (rig, opened) => await rig.submitRight(opened, await rig.token(opened.user)),
  },
  'a-confirmation': {
    edge: 'verified: trusted',
    policy: { confirmation: 'trust' },
    end: async (rig, { id }) => await rig.client.confirm(id, { reference: 'order-17' }),
  },
  'a-code-that-is-refused': {
    edge: 'failed: a code was refused for good',
    end: async (rig, opened) => {
      rig.refuse(opened.user, ATTEMPT, 'AliasExistsException');
      await tolerated(rig.submitRight(opened, await rig.token(opened.user)));
    },
  },
  'the-deadline': { edge: 'expired: the deadline', slow: true, end: () => Promise.resolve() },
  'a-cancellation': { edge: 'cancelled: on request', end: async (rig, { id }) => await rig.client.cancel(id) },
  'a-look-at-the-deadline': {
    edge: 'verified: found',
    slow: true,
    end: (rig, opened) => rig.verifyElsewhere(opened),
  },
};

function endingFrom(state: Reachable, name: string, { edge, policy, slow, end }: Ending): Scenario {
  return {
    name: `${WORDS[state]}-ended-by-${name}`,
    edges: [`${state} → ${edge}`],
    ...(slow ? { slow } : {}),
    play: async (rig) => {
      const opened = await REACH[state](rig, slow ? { deadline: '1 minute' } : policy);
      await end(rig, opened);
      await tolerated(rig.client.wait(opened.id));
      return opened.id;
    },
  };
}

/** For file names. */
export const WORDS: Readonly<Record<Reachable, string>> = {
  sending: 'sending',
  awaitingCode: 'awaiting-code',
  rateLimited: 'rate-limited',
  awaitingToken: 'awaiting-token',
};

export const REACHABLE = Object.keys(REACH) as Reachable[];

export const FROM_EACH_STATE: readonly Scenario[] = REACHABLE.flatMap((state) =>
  Object.entries(ENDINGS)
    // Without a token nothing can be read.
    .filter(([name]) => !(state === 'awaitingToken' && name === 'a-look-at-the-deadline'))
    .map(([name, ending]) => endingFrom(state, name, ending)),
);
