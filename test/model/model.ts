/**
 * The model of a verification from outside: how it starts, and the results of messages. messages.ts has the effect of each
 * message, time.ts what happens by itself; life.ts and its base classes have the rules that these share.
 */
import type { Troubles } from './faults.js';
import { Life } from './life.js';
import { type Message, take } from './messages.js';
import { meanwhile } from './time.js';
import { attemptsLeft, type Rules, type Told, type World } from './world.js';
import { everyWay } from './worlds.js';

/** When the messages of a round were sent, by the server's clock. */
export interface Span {
  from: number;
  to: number;
}

export interface Opening {
  rules: Rules;
  token: { good: boolean; expiresAt: number };
  /** Cognito has sent the first code by itself. */
  alreadySent: boolean;
  verified: boolean;
  reverify: boolean;
  /** The value that the verification is to give to the attribute, by its number. Its start comes with a checked token. */
  newValue?: number | undefined;
  /** The user pool keeps the old value until the new one is verified. */
  keeps: boolean;
  told: Told;
  troubles: Troubles;
}

/** The number of the start itself among the messages. */
export const START = 0;

const within = ({ from, to }: Span) => ({ now: (from + to) / 2, fuzz: (to - from) / 2 + 300 });

/** All possible results of a start. */
export function open(opening: Opening, span: Span): World[] {
  return everyWay((choices) => {
    const { rules, token, alreadySent, verified, reverify, newValue, keeps, told, troubles } = opening;
    const checked = newValue !== undefined;
    const { now, fuzz } = within(span);
    const world: World = {
      now,
      fuzz,
      rules,
      startedAt: now,
      expiresAt: now + rules.deadline,
      state: 'sending',
      sends: [],
      attempts: [],
      firstSendSettled: false,
      sendWanted: !alreadySent,
      nextSendDue: false,
      automaticResends: true,
      rateLimitsInARow: 0,
      slowTries: 0,
      attemptLimitsInARow: 0,
      cooldownWaived: false,
      byCognito: alreadySent,
      changePending: false,
      targetWanted: alreadySent,
      codeAccepted: false,
      confirmed: false,
      looksFailed: 0,
      reverify,
      newValue,
      foundVerified: false,
      queue: [],
      lateCodeTaken: false,
      tokens: [{ ...token, ...(checked ? { checked } : { startedAt: now }) }],
      offered: [0],
      proven: checked,
      confirmationHeld: false,
      forgeries: 0,
      unprovenWaiting: checked ? undefined : START,
      resendsWaiting: [],
      resendsHeld: [],
      joinsWaiting: [START],
      answers: {},
      cognito: {
        troubles: structuredClone(troubles),
        told,
        keeps,
        value: 0,
        verified,
        codes: 0,
        inbox: [],
        sends: [],
        attempts: [],
        sendCalls: 0,
        attemptCalls: 0,
        met: {},
      },
      overtaken: { sends: 0, attempts: 0 },
    };
    const life = new Life(world, choices);
    if (alreadySent) {
      life.cognito.change(1);
      world.sends.push({ at: now, outcome: 'alreadySent' });
    }
    if (alreadySent) life.awaitCode();
    life.goOn();
    meanwhile(life, choices);
    return world;
  });
}

/** All possible results of one message, or of several at the same instant. */
export function receive(before: World, messages: readonly (Message & { id: number })[], span: Span): World[] {
  return everyWay((choices) => {
    const world = Object.assign(structuredClone(before), within(span));
    const life = new Life(world, choices);
    meanwhile(life, choices);
    const left = [...messages];
    const hadAttempts = attemptsLeft(world);
    const crossing = messages.length > 1;
    let codes = 0;
    const takeOne = (message: (typeof left)[number]) => {
      left.splice(left.indexOf(message), 1);
      const exhausts = crossing && codes >= hadAttempts;
      if (message.kind === 'submit') codes += 1;
      take(life, message, { crossing, later: left, exhausts, choices });
    };
    const takeSome = (mayCome: (message: Message) => boolean) => {
      for (;;) {
        const coming = left.filter(mayCome);
        if (coming.length === 0) return;
        const next = choices.oneOf([undefined, ...coming]);
        if (!next) return;
        takeOne(next);
      }
    };
    life.meanwhile = {
      // A code that arrives before a send has started precedes it.
      betweenCalls: () => takeSome((one) => bringsToken(one) || (one.kind === 'submit' && world.sendWanted)),
      besideSend: () => takeSome(({ kind }) => kind === 'submit'),
    };
    for (;;) {
      const [first, ...others] = left;
      if (!first) break;
      takeOne(others.length > 0 ? choices.oneOf([first, ...others]) : first);
    }
    meanwhile(life, choices);
    return world;
  });
}

/** Holds for messages with a token that later calls may use. */
const bringsToken = (message: Message) =>
  message.kind === 'renew' || (message.kind === 'resend' && message.token !== undefined);

/** The code that a person types: the newest or the oldest that arrived, or one that Cognito never made. */
export function codeToType({ cognito }: World, which: 'newest' | 'oldest' | 'wrong'): number | undefined {
  if (which === 'wrong') return undefined;
  return which === 'newest' ? cognito.inbox.at(-1) : cognito.inbox[0];
}
