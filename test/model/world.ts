/** What the model knows: plain data, copied for every possible course. */
import type {
  AttemptOutcome,
  ExpiryReason,
  SendOutcome,
  VerificationOutcome,
  VerificationState,
} from '@cognito-verification/contract';
import type { Troubles } from './faults.js';

/** A policy in milliseconds. */
export interface Rules {
  deadline: number;
  codeLifetime: number;
  resendAfter?: number | undefined;
  resendCooldown: number;
  maxSends: number;
  maxAttempts: number;
  confirmation: 'trust' | 'recheck';
}

/** An access token, by its number, and what Cognito thinks of it. */
export interface Token {
  good: boolean;
  expiresAt: number;
  /** Cognito has refused it. */
  refused?: boolean;
  /** The start that came with it first, until it counts. */
  startedAt?: number;
  /** Its sender has checked the signature, so that it counts. */
  checked?: boolean;
}

/** What an app client may read of the attribute. */
export type Told = 'all' | 'noFlag' | 'noValue';

/** What a look shows; a field that is undefined is not told. */
export interface Shown {
  value?: number | undefined;
  verified?: boolean | undefined;
}

/** What must be verified at the end. */
export interface Target extends Shown {
  /** The value that the user may have until then. */
  kept?: number | undefined;
}

export interface Entry<Outcome> {
  at: number;
  outcome: Outcome;
}

/** A submitted code that waits for its answer. */
export interface Submitted {
  message: number;
  /** The number of the code; undefined for a code that Cognito did not make. */
  code: number | undefined;
  /** The token in the message. */
  token: number | undefined;
}

/** A re-send that was not taken yet. */
export interface Held {
  message: number;
  /** The token in the message. */
  token: number | undefined;
}

/** A look at the attribute: while it is being retried it keeps its token, whatever arrives meanwhile. */
export interface Look {
  with?: number;
}

/** The one attempt that is under way. */
export interface Check extends Submitted {
  since: number;
  /** `prove`: Cognito has accepted a code, and the attribute is read. */
  stage: 'token' | 'before' | 'call' | 'after' | 'prove';
  with?: number;
  look: Look;
  calls: number;
  /** Its place in the list of attempts. */
  entry?: number;
  doubt?: 'uncertain' | 'codeExpired';
  sendsBefore: number;
}

export interface World {
  now: number;
  /** The current uncertainty of times: closer events may have come in either order. */
  fuzz: number;
  rules: Rules;
  startedAt: number;
  expiresAt: number;
  state: VerificationState;
  failure?: string;
  proof?: VerificationOutcome['proof'];
  /** Why it expired before its deadline. */
  reason?: ExpiryReason;

  sends: Entry<SendOutcome>[];
  attempts: Entry<AttemptOutcome>[];
  /** The result of the first send is known and can answer a start. */
  firstSendSettled: boolean;
  /** A send waits: for a token, for its time, or for work under way. */
  sendWanted: boolean;
  /** The time of the next try in the status. */
  retryAt?: number | undefined;
  /** When the next send starts by itself. */
  nextSendAt?: number | undefined;
  /** That time has come. */
  nextSendDue: boolean;
  automaticResends: boolean;
  rateLimitsInARow: number;
  slowTries: number;
  attemptLimitsInARow: number;
  attemptsBlockedUntil?: number | undefined;
  /** A code was found expired: the next re-send need not wait. */
  cooldownWaived: boolean;
  /** The attribute before the first send, as a look showed it: what must be verified. Undefined while that was not read. */
  target?: Target | undefined;
  /** The value that the verification itself gives to the attribute, by its number. */
  newValue?: number | undefined;
  /** What a look has shown of the old one then. */
  oldValue?: 'kept' | 'replaced' | undefined;
  /** Cognito has sent the first code by itself, to a new value. */
  byCognito: boolean;
  /** It keeps the old value until the new one is verified, as far as the look can tell. */
  changePending: boolean;
  /** That is to be read by itself. */
  targetWanted: boolean;
  /** A code was accepted, and the attribute has not been read since. */
  codeAccepted: boolean;
  /** A `codeConfirmed` is to be checked. */
  confirmed: boolean;
  /** What holds up the look that these want. */
  obstacle?: 'noToken' | { until: number } | undefined;
  looksFailed: number;

  /** A code is wanted also where the attribute is verified already. */
  reverify: boolean;
  /** The look before the first send has shown the attribute as verified. It is taken once no code is being checked. */
  foundVerified: boolean;
  /** A send that is being retried. */
  riding?: { token: number; since: number } | undefined;
  check?: Check | undefined;
  queue: Submitted[];
  /** After the deadline, one more code has been accepted. */
  lateCodeTaken: boolean;
  /** A look at the attribute that is being retried. */
  look?: (Look & { since: number }) | undefined;

  tokens: Token[];
  /** Tokens that were brought and not yet tried, newest first. */
  offered: number[];
  accepted?: number | undefined;
  /** A start counts, because Cognito has taken its token. */
  proven: boolean;
  /** That is another one than the start that opened the verification: when it came, until its deadline is in force. */
  adopted?: number | undefined;
  /** A trusted confirmation that waits for that. */
  confirmationHeld: boolean;
  /** Tokens that Cognito refused before it had ever taken them, and until when the next one waits. */
  forgeries: number;
  untakenUntil?: number | undefined;
  /** The message that has the one place for those whose token does not count. */
  unprovenWaiting?: number | undefined;

  /** Re-sends that wait for a send, and starts that wait for the first. */
  resendsWaiting: number[];
  /** Re-sends that wait for a look that decides. */
  resendsHeld: Held[];
  joinsWaiting: number[];
  /** The allowed answers to each message; a message without an entry still waits. */
  answers: Record<number, string[]>;

  /** Cognito, as this user experiences it. */
  cognito: {
    troubles: Troubles;
    /** What the app client may read. */
    told: Told;
    /** The user pool keeps a value until a new one is verified. */
    keeps: boolean;
    /** The value of the attribute, by its number. */
    value: number;
    /** A new value that takes its place once it is verified. */
    pending?: number | undefined;
    verified: boolean;
    /** How many codes it has made. */
    codes: number;
    /** The valid code, and the value that it was sent to. */
    code?: { number: number; expiresAt: number; value: number } | undefined;
    /** Codes that arrived, oldest first. */
    inbox: number[];
    /** The calls that count towards 5 and 15 an hour. */
    sends: number[];
    attempts: number[];
    /** Calls that were not throttled away. */
    sendCalls: number;
    attemptCalls: number;
    /** What has gone wrong so far, and how often. */
    met: Record<string, number>;
  };
  /** Calls with Cognito when the verification ended: each may have had its effect, or have it later. */
  overtaken: { sends: number; attempts: number };
}

export const MINUTE = 60_000;
/**
 * A look that fails is retried for up to 20 s before that, on average for half of it. So a later look may come this much
 * earlier or later for each one that failed.
 */
export const RETRIED_FOR = 10_000;
export const HOUR = 60 * MINUTE;

export const isEnd = (state: VerificationState) =>
  ['verified', 'alreadyVerified', 'expired', 'failed', 'cancelled'].includes(state);

/** Messages that left or may have left. */
export const counted = ({ sends }: World) =>
  sends.filter(({ outcome }) => outcome === 'sent' || outcome === 'uncertain' || outcome === 'alreadySent');

/** Attempts in which a code may have been checked. */
export const spent = ({ attempts }: World) =>
  attempts.filter(({ outcome }) => outcome !== 'accessTokenRejected' && outcome !== 'notMade');

export const sendsLeft = (world: World) => world.rules.maxSends - counted(world).length;
export const attemptsLeft = (world: World) => Math.max(0, world.rules.maxAttempts - spent(world).length);

/** The end of a code's life; undefined before the first send. */
export const codeEnds = (world: World) => {
  const newest = counted(world).at(-1);
  return newest && newest.at + world.rules.codeLifetime;
};

const cooldown = (world: World) => world.rules.resendCooldown * 2 ** Math.max(0, counted(world).length - 1);

/** When a re-send is allowed; undefined if none is left. */
export const cooldownEnds = (world: World) => {
  const newest = world.sends.at(-1);
  if (sendsLeft(world) <= 0) return undefined;
  return newest && !world.cooldownWaived ? newest.at + cooldown(world) : 0;
};

/** When it sends again by itself. */
export const automaticResend = (world: World) => {
  const { resendAfter } = world.rules;
  const newest = world.sends.at(-1);
  if (resendAfter === undefined || !newest || sendsLeft(world) <= 0) return undefined;
  return newest.at + Math.max(resendAfter, cooldown(world));
};

/** After a rate limit: when the oldest of our own calls of the last hour leaves it; otherwise 5, 10, 20, 40, 60, 60 … minutes. */
export const afterRateLimit = (own: readonly Entry<string>[], inARow: number, now: number) => {
  const HOUR_AND_REST = HOUR + 5_000;
  const oldest = own.find(({ at }) => at > now - HOUR_AND_REST);
  if (oldest && inARow === 1) return oldest.at + HOUR_AND_REST;
  return now + Math.min(HOUR, 5 * MINUTE * 2 ** (inARow - 1));
};

export const nextNineOClock = (now: number) => {
  const nine = new Date(now).setUTCHours(9, 0, 0, 0);
  return nine > now ? nine : nine + 24 * HOUR;
};
