/** The basis of every rule of the lifecycle: the answers to messages, the tokens, and the end. */
import { ModelCognito } from './cognito.js';
import { MINUTE, type World } from './world.js';
import type { Choices } from './worlds.js';

const TOKENS_KEPT = 5;
const FREE_REFUSALS = 5;
/** The token of the start that opened the verification. */
const FIRST = 0;

/** Sends, attempts and looks run side by side, and each call uses what it finds at its moment, such as the best token. */
interface Meanwhile {
  /** Between two calls for the same code: messages arrive. */
  betweenCalls?(): void;
  /** While a send is with Cognito: messages arrive. */
  besideSend?(): void;
  /** Before a call for a code: a send goes on that was being retried. */
  beforeAttempt?(): void;
}

export class Verification {
  readonly cognito: ModelCognito;
  /** What happens while a call is with Cognito, or waits for its turn. */
  meanwhile: Meanwhile | undefined;

  constructor(
    readonly world: World,
    choices: Choices,
  ) {
    this.cognito = new ModelCognito(world, choices);
  }

  /** Sets the allowed answers to a message. */
  answer(message: number, ...allowed: string[]): void {
    this.world.answers[message] = allowed;
  }

  past(at: number): boolean {
    return this.cognito.past(at);
  }

  /** Cognito has taken the token, or its sender has checked it. */
  counts(token: number): boolean {
    return token === this.world.accepted || this.world.tokens[token]?.checked === true;
  }

  usable(given?: number): number[] {
    const { offered, accepted, tokens, untakenUntil } = this.world;
    const taken = accepted === undefined ? [] : [accepted];
    const checked = offered.filter((token) => tokens[token]?.checked);
    // One that Cognito has taken goes before those that nobody has checked.
    const candidates = given === undefined ? [...new Set([...checked, ...taken, ...offered])] : [given];
    return candidates.filter((token) => {
      const { refused = false, expiresAt = 0 } = tokens[token] ?? {};
      const waits = !this.counts(token) && untakenUntil !== undefined && !this.past(untakenUntil);
      return !refused && !waits && !this.past(expiresAt);
    });
  }

  /** Why a message with this token is refused that is no code. */
  tokenRefusal(token: number): string | undefined {
    const { tokens, untakenUntil } = this.world;
    const { refused = false, expiresAt = 0 } = tokens[token] ?? {};
    if (refused || this.past(expiresAt)) return 'AccessTokenRefused';
    const waits = !this.counts(token) && untakenUntil !== undefined && !this.past(untakenUntil);
    return waits ? 'TooManyMessages' : undefined;
  }

  /** Another message has the one place for those whose token does not count. */
  crowded(token: number | undefined): boolean {
    const { unprovenWaiting, answers } = this.world;
    if (token === undefined || this.counts(token)) return false;
    return unprovenWaiting !== undefined && answers[unprovenWaiting] === undefined;
  }

  /** Takes that place, where it is such a message. */
  takePlace(message: number, token: number | undefined): void {
    if (token !== undefined && !this.counts(token)) this.world.unprovenWaiting = message;
  }

  offer(token: number): void {
    const { world } = this;
    if (token === world.accepted || world.offered.includes(token)) return;
    this.renew(token);
  }

  /** Adds a token that was brought as a fresh one. */
  renew(token: number): void {
    const { world } = this;
    const { refused = false, expiresAt = 0 } = world.tokens[token] ?? {};
    if (token === world.accepted || refused || this.past(expiresAt)) return;
    const newest = [token, ...world.offered.filter((other) => other !== token)];
    const isChecked = (one: number) => world.tokens[one]?.checked === true;
    world.offered = [...newest.filter(isChecked), ...newest.filter((one) => !isChecked(one))].slice(0, TOKENS_KEPT);
  }

  protected accept(token: number): void {
    const { world } = this;
    world.accepted = token;
    world.offered = world.offered.filter((other) => other !== token);
    const { startedAt } = world.tokens[token] ?? {};
    // Once another takes its place it is as good as any that nobody has checked.
    delete world.tokens[token]?.checked;
    if (startedAt === undefined) return;
    // Each start in these stories has the same policy, so that only its deadline is another one. A later one may be earlier.
    if (world.adopted !== undefined) world.adopted = Math.min(world.adopted, startedAt);
    else if (world.proven) world.expiresAt = Math.min(world.expiresAt, startedAt + world.rules.deadline);
    else if (token !== FIRST) world.adopted = startedAt;
    world.proven = true;
  }

  /** The first start that counts is not the one that opened the verification. */
  protected adopt(): void {}

  protected reject(token: number): void {
    const { world } = this;
    const brought = world.tokens[token];
    if (brought) brought.refused = true;
    if (!this.counts(token) && ++world.forgeries >= FREE_REFUSALS)
      world.untakenUntil = world.now + MINUTE * 2 ** (world.forgeries - FREE_REFUSALS);
    world.offered = world.offered.filter((other) => other !== token);
    if (world.accepted === token) world.accepted = undefined;
  }

  /** Whether a send would be throttled under the current faults. A change needs a look before it. */
  get sendBlocked(): boolean {
    const { world, cognito } = this;
    if (world.newValue === undefined) return cognito.blocks('send');
    return cognito.blocks('read') || (cognito.shown.value !== world.newValue && cognito.blocks('send'));
  }

  /** The failure in the answer; if Cognito was unreachable, the request may be repeated. */
  get failedWith(): string {
    return this.world.failure === 'CognitoUnavailable' ? 'CognitoUnavailable' : 'VerificationFailed';
  }

  /** Answers every waiting message. */
  end(outcome: 'verified' | 'alreadyVerified' | 'expired' | 'failed' | 'cancelled'): void {
    const { world } = this;
    world.state = outcome;
    // Calls that are being retried, and that Cognito may take at this moment.
    if (world.riding && !this.sendBlocked) world.overtaken.sends += 1;
    if (world.check?.entry !== undefined && !this.cognito.blocks('attempt')) world.overtaken.attempts += 1;
    const codes = [...(world.check ? [world.check] : []), ...world.queue];
    for (const { message } of codes) {
      const answerFor = { verified: 'verified', failed: this.failedWith } as Record<string, string>;
      this.answer(message, answerFor[outcome] ?? 'VerificationEnded');
    }
    const held = world.resendsHeld.map(({ message }) => message);
    for (const message of [...world.resendsWaiting, ...held, ...world.joinsWaiting])
      this.answer(message, outcome === 'failed' ? this.failedWith : 'status');
    Object.assign(world, {
      queue: [],
      resendsWaiting: [],
      resendsHeld: [],
      joinsWaiting: [],
      nextSendDue: false,
      foundVerified: false,
    });
    for (const field of ['check', 'riding', 'look', 'obstacle', 'nextSendAt', 'retryAt'] as const) delete world[field];
  }
}
