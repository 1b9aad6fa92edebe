/** Each ending, from each of the four open states, with a code that was sent before. */
import type { VerificationPolicy } from '@cognito-verification/contract';
import { ATTEMPT, type Opened, SEND } from '../../lifecycle/time-travel.js';
import type { Scenario } from '../scenario.js';
import { type Stage, tolerated } from '../stage.js';

/** Brings one about that is in a state, an earlier code in hand. */
export const REACH = {
  sending: async (stage: Stage, policy: VerificationPolicy = {}) => {
    const opened = await stage.openResendable({ policy });
    await stage.throttledResend(opened);
    return opened;
  },
  awaitingCode: (stage: Stage, policy: VerificationPolicy = {}) => stage.open({ policy }),
  rateLimited: async (stage: Stage, policy: VerificationPolicy = {}) => {
    const opened = await stage.openResendable({ policy });
    stage.refuse(opened.user, SEND, 'LimitExceededException', 1);
    await stage.resend(opened);
    return opened;
  },
  awaitingToken: async (stage: Stage, policy: VerificationPolicy = {}) => {
    const opened = await stage.openResendable({ policy });
    stage.refuse(opened.user, SEND, 'NotAuthorizedException', 1);
    await stage.resend(opened);
    return opened;
  },
} as const;

type Reachable = keyof typeof REACH;

interface Ending {
  edge: string;
  slow?: true;
  end: (stage: Stage, opened: Opened) => Promise<unknown>;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  'a-right-code': {
    edge: 'verified: submitCode',
    end: async (stage, opened) => await stage.submitRight(opened, await stage.token(opened.user)),
  },
  'a-confirmation': {
    edge: 'verified: codeConfirmed',
    end: async (stage, { id }) => await stage.client.confirm(id, { reference: 'order-17' }),
  },
  'a-code-that-is-refused': {
    edge: 'failed: a code was refused for good',
    end: async (stage, opened) => {
      stage.refuse(opened.user, ATTEMPT, 'AliasExistsException');
      await tolerated(stage.submitRight(opened, await stage.token(opened.user)));
    },
  },
  'the-deadline': { edge: 'expired: the deadline', slow: true, end: () => Promise.resolve() },
  'a-cancellation': { edge: 'cancelled: on request', end: async (stage, { id }) => await stage.client.cancel(id) },
  'a-look-at-the-deadline': {
    edge: 'verified: readAttribute',
    slow: true,
    end: (stage, opened) => stage.verifyElsewhere(opened),
  },
};

function endingFrom(state: Reachable, name: string, { edge, slow, end }: Ending): Scenario {
  return {
    name: `${WORDS[state]}-ended-by-${name}`,
    edges: [`${state} → ${edge}`],
    ...(slow ? { slow } : {}),
    play: async (stage) => {
      const opened = await REACH[state](stage, slow ? { deadline: '1 minute' } : {});
      await end(stage, opened);
      await tolerated(stage.client.wait(opened.id));
      return opened.id;
    },
  };
}

/** For names of files. */
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
