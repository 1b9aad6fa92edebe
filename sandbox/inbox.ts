import { randomUUID } from 'node:crypto';
import type { SandboxClock } from './clock.js';
import type { Message, State } from './state.js';

/** Enough to look through, little enough for a page and a state file. */
const KEPT_MESSAGES = 2000;

/** The messages to users. */
export class Inbox {
  constructor(
    private readonly state: State,
    private readonly clock: SandboxClock,
  ) {}

  /** Adds a message, and removes the oldest one when there are too many. */
  deliver(message: Omit<Message, 'id' | 'at'>): void {
    this.state.inbox.push({ id: randomUUID(), at: new Date(this.clock.now()).toISOString(), ...message });
    if (this.state.inbox.length > KEPT_MESSAGES) this.state.inbox.shift();
  }

  /** Messages in the order in which they were sent. */
  messages(
    filter: { readonly userPoolId?: string | undefined; readonly username?: string | undefined } = {},
  ): Message[] {
    return this.state.inbox.filter(
      (message) =>
        (filter.userPoolId === undefined || message.userPoolId === filter.userPoolId) &&
        (filter.username === undefined || message.username === filter.username),
    );
  }

  /** Removes all messages. */
  clear(): void {
    this.state.inbox = [];
  }
}
