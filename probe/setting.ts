/** What one run of the probe is about, and the surroundings that tests replace. */
import type { ProbeClock } from './clock.js';
import type { CognitoCalls } from './cognito-calls.js';

/** The addresses of the tester, to which Cognito sends its messages. They go to Cognito and nowhere else. */
export interface Addresses {
  /** The one of each test user. */
  readonly email: string;
  /** The one to which a test user changes. The tester reads it too. */
  readonly otherEmail: string;
  /** In the form `+15550100123`. Without it nothing is asked that needs a text message. */
  readonly phone?: string | undefined;
}

/** Which of the tester's addresses a message went to. */
export type Inbox = keyof Addresses;

/** Asks for the code of one message. */
export interface CodeQuestion {
  /** The test user's name. */
  readonly user: string;
  /** Which message to that user it is, from 1. */
  readonly nth: number;
  readonly inbox: Inbox;
  /** Milliseconds since the epoch: when Cognito took the call that sent it. Undefined if that is not known. */
  readonly sentAt: number | undefined;
  /** Whether another message has gone to that inbox since, so that it is the one before the newest. */
  readonly isBeforeNewest: boolean;
  /** It was typed before, and Cognito refused it: a typing error would spoil what is measured. */
  readonly again: boolean;
}

/** The person at the terminal. */
export interface Tester {
  code(question: CodeQuestion): Promise<string>;
  /** Answers once so many messages have arrived, so that the next one is the newest. A message does not say whose it is. */
  arrived(messages: Pick<CodeQuestion, 'inbox' | 'sentAt'> & { readonly count: number }): Promise<void>;
  /** In which inbox the message has arrived. */
  whereIs(message: Pick<CodeQuestion, 'user' | 'nth' | 'sentAt'>): Promise<'email' | 'otherEmail'>;
  /** Whether one text message may be sent, which costs money. */
  mayText(what: string): Promise<boolean>;
}

/** What the probe needs to know of the pool. */
export interface PoolFacts {
  /** A new e-mail waits for its verification. */
  readonly keepsOriginal: boolean;
  /** Users sign in by their e-mail too, once it is verified. */
  readonly emailIsAlias: boolean;
  /** A new e-mail gets a code. */
  readonly verifiesEmail: boolean;
  readonly sendsSms: boolean;
}

/** Everything that the stages of one run share. */
export interface Setting {
  readonly addresses: Addresses;
  readonly pool: PoolFacts;
  /** Whether the run waits for the hour of the limits. */
  readonly waits: boolean;
  readonly calls: CognitoCalls;
  readonly tester: Tester;
  readonly clock: ProbeClock;
  /** Tells the person what happens, in a line. */
  tell(line: string): void;
  /** It is called every few seconds of a long wait. */
  waiting(untilMs: number, what: string): void;
  /** Throws once the person has interrupted the run. */
  checkGoesOn(): void;
}
