import {
  createSignedInUser,
  findUser,
  issueAccessToken,
  type NewUser,
  type SandboxUser,
  type UserReference,
} from './accounts.js';
import type { Call, CallFilter, Calls } from './calls.js';
import type { SandboxClock } from './clock.js';
import type { Cognito } from './cognito.js';
import type { CustomMessage } from './custom-message.js';
import { checkFault, type Fault } from './fault.js';
import type { Faults } from './faults.js';
import { type AccessTokenOptions, signOutEverywhere } from './sessions.js';
import type { Message, UserStatus, VerifiableAttribute } from './state.js';
import { checkSwitches, type Switches } from './switches.js';

/** What a {@link Sandbox} holds together. */
export interface SandboxParts {
  readonly url: string;
  readonly cognito: Cognito;
  readonly clock: SandboxClock;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly saved: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One attribute of a user, as its pool holds it. */
export interface AttributeState {
  readonly value?: string;
  readonly verified: boolean;
  /** A new value that replaces the old one once it is verified. */
  readonly pendingValue?: string;
}

/** A running Cognito sandbox, seen from the process that it runs in. */
export class Sandbox {
  /** Where it listens: what the AWS SDK takes as `endpoint`. */
  readonly url: string;
  readonly #parts: SandboxParts;

  constructor(parts: SandboxParts) {
    this.url = parts.url;
    this.#parts = parts;
  }

  /** Ends open connections, frees the port, and has the state on disk if it is kept. */
  close(): Promise<void> {
    return this.#parts.close();
  }

  /** Makes a confirmed user that has signed in; without `poolId` in a pool of its own. */
  async createUser(user: NewUser = {}): Promise<SandboxUser> {
    const created = await createSignedInUser(this.#parts.cognito, user);
    await this.#parts.saved();
    return created;
  }

  /** One more access token of the user, from a sign-in of its own. */
  async issueAccessToken(
    user: UserReference & { readonly clientId?: string },
    options: AccessTokenOptions = {},
  ): Promise<string> {
    const token = await issueAccessToken(this.#parts.cognito, user, options);
    await this.#parts.saved();
    return token;
  }

  /** Makes Cognito refuse the user: `User is disabled.` */
  disableUser(user: UserReference): void {
    findUser(this.#parts.cognito, user).user.enabled = false;
    this.#changed();
  }

  /** Removes the user; its tokens live on and name nobody. */
  deleteUser(reference: UserReference): void {
    const { pool, user } = findUser(this.#parts.cognito, reference);
    delete pool.users[user.sub];
    this.#changed();
  }

  /** Signs the user out everywhere: `Access Token has been revoked`. */
  revokeTokens(user: UserReference): void {
    signOutEverywhere(this.#parts.cognito, findUser(this.#parts.cognito, user).user);
    this.#changed();
  }

  /** Puts the account into another state, such as `RESET_REQUIRED`. */
  setUserStatus(user: UserReference, status: UserStatus): void {
    findUser(this.#parts.cognito, user).user.status = status;
    this.#changed();
  }

  /** Sets a fault and returns its id. */
  setFault(fault: Fault): string {
    return this.#parts.faults.set(checkFault(fault, 'fault'));
  }

  /** Ends one fault, or all of them. */
  clearFaults(id?: string): void {
    this.#parts.faults.clear(id);
  }

  /** Changes the switches that are given. */
  setSwitches(switches: Partial<Switches>): void {
    const { cognito } = this.#parts;
    cognito.switches = { ...cognito.switches, ...checkSwitches(switches, 'switches') };
  }

  /** The switches as they stand. */
  switches(): Switches {
    return { ...this.#parts.cognito.switches };
  }

  /** Shapes messages by a function or an URL that gets Cognito's custom-message event; `undefined` ends that. */
  setCustomMessage(trigger: CustomMessage | undefined): void {
    this.#parts.cognito.customMessage = trigger;
  }

  /** What one user has got, or all of them, oldest first. */
  inbox(user?: UserReference): Message[] {
    return this.#parts.cognito.inbox.messages(user);
  }

  /** Throws the messages away. */
  clearInbox(): void {
    this.#parts.cognito.inbox.clear();
    this.#changed();
  }

  /** The code in the newest message about the attribute; throws when no message has come. */
  codeFor(user: UserReference, attributeName: VerifiableAttribute): string {
    const message = this.inbox(user).findLast((candidate) => candidate.attributeName === attributeName);
    if (message === undefined) throw new Error(`${user.username} has got no code for ${attributeName}`);
    return message.code;
  }

  /** Every request that has arrived, in order. */
  calls(filter?: CallFilter): Call[] {
    return this.#parts.calls.list(filter);
  }

  /** Forgets the requests so far. */
  clearCalls(): void {
    this.#parts.calls.clear();
  }

  /** The sandbox's time. */
  now(): Date {
    return new Date(this.#parts.clock.now());
  }

  /** Moves the sandbox's time ahead. */
  advanceClock(ms: number): void {
    this.#parts.clock.advance(ms);
    this.#changed();
  }

  /** What the pool holds for one attribute of the user. */
  attribute(reference: UserReference, name: VerifiableAttribute): AttributeState {
    const { user } = findUser(this.#parts.cognito, reference);
    const value = user.attributes[name];
    const pendingValue = user.pending[name];
    return {
      verified: user.attributes[`${name}_verified`] === 'true',
      ...(value !== undefined && { value }),
      ...(pendingValue !== undefined && { pendingValue }),
    };
  }

  /** Synchronous changes are saved behind the caller's back; `close` waits for them and reports what went wrong. */
  #changed(): void {
    this.#parts.saved().catch(() => undefined);
  }
}
