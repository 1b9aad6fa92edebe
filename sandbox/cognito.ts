import { randomInt } from 'node:crypto';
import { AwsAccount } from './account/account.js';
import type { SandboxClock } from './clock.js';
import type { CustomMessage } from './custom-message.js';
import { resourceNotFound, userNotFound } from './exceptions.js';
import { Inbox } from './inbox.js';
import { sameName } from './names.js';
import { Sealed } from './sealed.js';
import { aliasAttributes, usernameAttributes } from './settings.js';
import type { AppClient, State, User, UserPool } from './state.js';
import type { Switches } from './switches.js';
import type { Tokens } from './tokens.js';

/** The parts of `Cognito`. */
export interface CognitoParts {
  readonly state: State;
  readonly clock: SandboxClock;
  readonly tokens: Tokens;
  readonly switches: Switches;
  /** Default: six random digits. */
  readonly generateCode?: (() => string) | undefined;
}

/** Six digits, as Cognito's codes are. */
function sixDigits(): string {
  return randomInt(1_000_000).toString().padStart(6, '0');
}

/** What the operations work on: pools, clients and users, and the switches that decide how they behave. */
export class Cognito {
  readonly state: State;
  readonly clock: SandboxClock;
  readonly tokens: Tokens;
  /** The account's own state, outside of its pools. It does not survive a restart. */
  readonly account = new AwsAccount();
  readonly inbox: Inbox;
  readonly sealed: Sealed;
  readonly generateCode: () => string;
  switches: Switches;
  customMessage: CustomMessage | undefined;
  /** Where the sandbox listens; the issuer of its tokens starts with it. */
  url = '';

  constructor({ state, clock, tokens, switches, generateCode = sixDigits }: CognitoParts) {
    this.state = state;
    this.clock = clock;
    this.tokens = tokens;
    this.switches = switches;
    this.generateCode = generateCode;
    this.inbox = new Inbox(state, clock);
    this.sealed = new Sealed(clock);
  }

  /** The pool with this id. */
  pool(userPoolId: string): UserPool {
    const pool = Object.hasOwn(this.state.pools, userPoolId) ? this.state.pools[userPoolId] : undefined;
    if (pool === undefined) throw resourceNotFound(`User pool ${userPoolId} does not exist.`);
    return pool;
  }

  /** The app client of this pool. */
  clientOf(userPoolId: string, clientId: string): AppClient {
    const { clients } = this.pool(userPoolId);
    const client = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined;
    if (client === undefined) throw resourceNotFound(`User pool client ${clientId} does not exist.`);
    return client;
  }

  /** The pool and the app client with this id. */
  client(clientId: string): { pool: UserPool; client: AppClient } {
    for (const pool of Object.values(this.state.pools)) {
      const client = Object.hasOwn(pool.clients, clientId) ? pool.clients[clientId] : undefined;
      if (client !== undefined) return { pool, client };
    }
    throw resourceNotFound(`User pool client ${clientId} does not exist.`);
  }

  /**
   * The user who signs in as `name`: a user name, a `sub`, or an address that the pool accepts instead.
   * @param notFound the text of the exception if there is none
   */
  user(pool: UserPool, name: string, notFound?: string): User {
    const users = Object.values(pool.users);
    const found =
      users.find((user) => sameName(pool, user.username, name) || user.sub === name) ??
      users.find((user) =>
        usernameAttributes(pool).some((attribute) => sameName(pool, user.attributes[attribute], name)),
      ) ??
      users.find((user) =>
        aliasAttributes(pool).some(
          (attribute) =>
            sameName(pool, user.attributes[attribute], name) && user.attributes[`${attribute}_verified`] === 'true',
        ),
      );
    if (found === undefined) throw userNotFound(notFound);
    return found;
  }
}
