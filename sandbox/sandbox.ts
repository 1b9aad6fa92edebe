import type { Account, AccountChanges } from './account/account.js';
import {
  createSignedInUser,
  createUserPool,
  findUser,
  issueAccessToken,
  type NewUser,
  type NewUserPool,
  type SandboxUser,
  type SandboxUserPool,
  type UserReference,
} from './accounts.js';
import type { Call, CallFilter, Calls } from './calls.js';
import type { SandboxClock } from './clock.js';
import type { Cognito } from './cognito.js';
import type { CustomMessage } from './custom-message.js';
import { Fault } from './fault.js';
import type { Faults } from './faults.js';
import {
  changeUserPool,
  changeUserPoolClient,
  type UserPoolChanges,
  type UserPoolClientChanges,
} from './pool-changes.js';
import { checkInput } from './schema.js';
import { DeniedActions } from './services.js';
import { type AccessTokenOptions, signOutEverywhere } from './sessions.js';
import { verifyBeforeUpdate } from './settings.js';
import type { Message, UserStatus, VerifiableAttribute } from './state.js';
import { type SwitchChanges, Switches } from './switches.js';

/** What `Sandbox` puts a single surface on. */
export interface SandboxParts {
  readonly url: string;
  readonly cognito: Cognito;
  readonly clock: SandboxClock;
  readonly calls: Calls;
  readonly faults: Faults;
  /** Resolves once the effects so far survive a restart. */
  readonly save: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One attribute of a user, as its pool holds it. */
export interface AttributeState {
  readonly value?: string | undefined;
  readonly verified: boolean;
  /** A new value that replaces the old one once it is verified. */
  readonly pendingValue?: string | undefined;
}

/** A running Cognito sandbox, seen from the process that it runs in. */
export class Sandbox {
  /** Where it listens: what the AWS SDK takes as `endpoint`. */
  readonly url: string;

  constructor(private readonly parts: SandboxParts) {
    this.url = parts.url;
  }

  /** Ends open connections, frees the port, and writes the state if there is a state file. */
  close(): Promise<void> {
    return this.parts.close();
  }

  /** The ids of the user pools, in the order in which they were made. */
  userPoolIds(): string[] {
    return Object.keys(this.parts.cognito.state.pools);
  }

  /** Makes a user pool, and an app client by which its users sign in. */
  async createUserPool(pool: NewUserPool = {}): Promise<SandboxUserPool> {
    const created = createUserPool(this.parts.cognito, pool);
    await this.parts.save();
    return created;
  }

  /** Whether the pool keeps the old value of an attribute until the new one is verified. */
  keepsOriginal(userPoolId: string): boolean {
    const pool = this.parts.cognito.state.pools[userPoolId];
    return pool !== undefined && verifyBeforeUpdate(pool).length > 0;
  }

  /** Makes a confirmed user who has signed in; without `poolId` in a new pool. */
  async createUser(user: NewUser = {}): Promise<SandboxUser> {
    const created = await createSignedInUser(this.parts.cognito, user);
    await this.parts.save();
    return created;
  }

  /** Signs the user in once more; the answer is the access token. */
  async issueAccessToken(
    user: UserReference & { readonly clientId?: string | undefined },
    options: AccessTokenOptions = {},
  ): Promise<string> {
    const token = await issueAccessToken(this.parts.cognito, user, options);
    await this.parts.save();
    return token;
  }

  /** Makes Cognito refuse the user: `User is disabled.` */
  disableUser(user: UserReference): void {
    findUser(this.parts.cognito, user).user.enabled = false;
    this.saveSoon();
  }

  /** Removes the user. Calls with its tokens get `UserNotFoundException`. */
  deleteUser(reference: UserReference): void {
    const { pool, user } = findUser(this.parts.cognito, reference);
    delete pool.users[user.sub];
    this.saveSoon();
  }

  /** Signs the user out everywhere: `Access Token has been revoked`. */
  revokeTokens(user: UserReference): void {
    signOutEverywhere(this.parts.cognito, findUser(this.parts.cognito, user).user);
    this.saveSoon();
  }

  /** Puts the account into another state, such as `RESET_REQUIRED`. */
  setUserStatus(user: UserReference, status: UserStatus): void {
    findUser(this.parts.cognito, user).user.status = status;
    this.saveSoon();
  }

  /** Sets a fault and returns its id. */
  setFault(fault: Fault): string {
    return this.parts.faults.set(checkInput(Fault, fault, 'fault'));
  }

  /** Ends one fault, or all of them. */
  clearFaults(id?: string): void {
    this.parts.faults.clear(id);
  }

  /** Changes the switches that are given; one that is undefined stays as it is. */
  setSwitches(switches: SwitchChanges): void {
    const { cognito } = this.parts;
    const given = Object.entries(switches).filter(([, value]) => value !== undefined);
    cognito.switches = checkInput(Switches, { ...cognito.switches, ...Object.fromEntries(given) }, 'switches');
  }

  /** The switches as they stand. */
  switches(): Switches {
    return { ...this.parts.cognito.switches };
  }

  /**
   * Changes what the AWS account is like, beyond its pools; a list replaces the one before.
   * @param region only there. Default: everywhere, but for what a region has of its own.
   * @throws BadInput
   */
  setAccount(changes: AccountChanges, region?: string): void {
    if (changes.deniedActions !== undefined) checkInput(DeniedActions, changes.deniedActions, 'account.deniedActions');
    this.parts.cognito.account.change(changes, region);
  }

  /** Makes the AWS account healthy again, in every region. */
  resetAccount(): void {
    this.parts.cognito.account.reset();
  }

  /** What the AWS account is like. Default region: `us-east-1`. */
  account(region = 'us-east-1'): Account {
    return this.parts.cognito.account.in(region);
  }

  /**
   * Changes settings of a user pool, under the names of `DescribeUserPool`, as `UpdateUserPool` would. `null` takes one out.
   * @throws BadInput for a setting that cannot be changed, or not so
   */
  setUserPool(userPoolId: string, changes: UserPoolChanges): void {
    changeUserPool(this.parts.cognito.pool(userPoolId), changes);
    this.saveSoon();
  }

  /**
   * Changes settings of an app client, under the names of `DescribeUserPoolClient`. `null` takes one out.
   * @throws BadInput for a setting that cannot be changed, or not so
   */
  setUserPoolClient(userPoolId: string, clientId: string, changes: UserPoolClientChanges): void {
    changeUserPoolClient(this.parts.cognito.clientOf(userPoolId, clientId), changes);
    this.saveSoon();
  }

  /** Sends Cognito's custom-message event to this function or URL, whose answer shapes the message; `undefined` ends it. */
  setCustomMessage(trigger: CustomMessage | undefined): void {
    this.parts.cognito.customMessage = trigger;
  }

  /** The messages to one user, or to all, oldest first. */
  inbox(user?: UserReference): Message[] {
    return this.parts.cognito.inbox.messages(user);
  }

  /** Removes all messages. */
  clearInbox(): void {
    this.parts.cognito.inbox.clear();
    this.saveSoon();
  }

  /** The code in the newest message about the attribute. Throws when there is no message. */
  codeFor(user: UserReference, attributeName: VerifiableAttribute): string {
    const message = this.inbox(user).findLast((candidate) => candidate.attributeName === attributeName);
    if (message === undefined) throw new Error(`${user.username} has received no code for ${attributeName}`);
    return message.code;
  }

  /** Every request that has arrived, in order. */
  calls(filter?: CallFilter): Call[] {
    return this.parts.calls.list(filter);
  }

  /** Forgets the requests so far. */
  clearCalls(): void {
    this.parts.calls.clear();
  }

  /** The sandbox's time. */
  now(): Date {
    return new Date(this.parts.clock.now());
  }

  /** Moves the sandbox's time ahead. @throws RangeError if `ms` is negative or not a finite number. */
  advanceClock(ms: number): void {
    this.parts.clock.advance(ms);
    this.saveSoon();
  }

  /** What the pool holds for one attribute of the user. */
  attribute(reference: UserReference, name: VerifiableAttribute): AttributeState {
    const { user } = findUser(this.parts.cognito, reference);
    return {
      verified: user.attributes[`${name}_verified`] === 'true',
      value: user.attributes[name],
      pendingValue: user.pending[name],
    };
  }

  /** Synchronous changes are saved in the background; `close` waits for them and throws if they cannot be saved. */
  private saveSoon(): void {
    this.parts.save().catch(() => undefined);
  }
}
