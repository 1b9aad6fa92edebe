import { randomUUID } from 'node:crypto';
import type { SandboxClock } from './clock.js';
import type { Message, State } from './state.js';

/** Enough to look through, little enough for a page and a state file. */
const KEPT_MESSAGES = 2000;

/** The messages that users have got. */
export class Inbox {
  readonly #state: State;
  readonly #clock: SandboxClock;

  constructor(state: State, clock: SandboxClock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** Puts a message in; the oldest one leaves when there are too many. */
  deliver(message: Omit<Message, 'id' | 'at'>): void {
    this.#state.inbox.push({ id: randomUUID(), at: new Date(this.#clock.now()).toISOString(), ...message });
    if (this.#state.inbox.length > KEPT_MESSAGES) this.#state.inbox.shift();
  }

  /** Messages in the order in which they were sent. */
  messages(of: { readonly userPoolId?: string | undefined; readonly username?: string | undefined } = {}): Message[] {
    return this.#state.inbox.filter(
      (message) =>
        (of.userPoolId === undefined || message.userPoolId === of.userPoolId) &&
        (of.username === undefined || message.username === of.username),
    );
  }

  /** Throws all messages away. */
  clear(): void {
    this.#state.inbox = [];
  }
}
