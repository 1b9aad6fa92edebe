/** The basis of every rule of the lifecycle: the answers to messages, the tokens, and the end. */
import { ModelCognito } from './cognito.js';
import type { World } from './world.js';
import type { Choices } from './worlds.js';

const TOKENS_KEPT = 5;

/** Each call uses the best token at that moment, so it matters what has arrived since the previous call. */
interface Meanwhile {
  /** Between two calls for the same code. */
  betweenCalls(): void;
  besideSend(): void;
}

export class Verification {
  readonly cognito: ModelCognito;
  /** Among the messages of one instant, takes those that arrive while a call is with Cognito. */
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

  usable(given?: number, refused: readonly number[] = []): number[] {
    const { offered, accepted, tokens } = this.world;
    const candidates = given === undefined ? [...offered, ...(accepted === undefined ? [] : [accepted])] : [given];
    return candidates.filter((token) => !refused.includes(token) && !this.past(tokens[token]?.expiresAt ?? 0));
  }

  offer(token: number): void {
    const { world } = this;
    if (token === world.accepted || world.offered.includes(token)) return;
    if (this.past(world.tokens[token]?.expiresAt ?? 0)) return;
    world.offered = [token, ...world.offered].slice(0, TOKENS_KEPT);
  }

  /** Adds a token that was brought as a fresh one. */
  renew(token: number): void {
    const { world } = this;
    if (token === world.accepted) return;
    world.offered = [token, ...world.offered.filter((other) => other !== token)].slice(0, TOKENS_KEPT);
  }

  protected accept(token: number): void {
    this.world.accepted = token;
    this.world.offered = this.world.offered.filter((other) => other !== token);
  }

  protected reject(token: number): void {
    this.world.offered = this.world.offered.filter((other) => other !== token);
    if (this.world.accepted === token) this.world.accepted = undefined;
  }

  /** The failure in the answer; if Cognito was unreachable, the request may be repeated. */
  get failedWith(): string {
    return this.world.failure === 'CognitoUnavailable' ? 'CognitoUnavailable' : 'VerificationFailed';
  }

  /** Answers every waiting message. */
  end(outcome: 'verified' | 'expired' | 'failed' | 'cancelled'): void {
    const { world } = this;
    world.state = outcome;
    const codes = [...(world.check ? [world.check] : []), ...world.queue];
    for (const { message } of codes) {
      const answerFor = { verified: 'verified', failed: this.failedWith } as Record<string, string>;
      this.answer(message, answerFor[outcome] ?? 'VerificationEnded');
    }
    const held = world.resendsHeld.map(({ message }) => message);
    for (const message of [...world.resendsWaiting, ...held, ...world.joinsWaiting])
      this.answer(message, outcome === 'failed' ? this.failedWith : 'status');
    Object.assign(world, { queue: [], resendsWaiting: [], resendsHeld: [], joinsWaiting: [], nextSendDue: false });
    for (const field of ['check', 'riding', 'look', 'obstacle', 'nextSendAt', 'retryAt'] as const) delete world[field];
  }
}
