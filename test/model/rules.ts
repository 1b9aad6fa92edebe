/** What every rule of the lifecycle builds on: who is told what, which tokens there are, and how it ends. */
import { ModelCognito } from './cognito.js';
import type { World } from './world.js';
import type { Choices } from './worlds.js';

const TOKENS_KEPT = 5;

/** Each call is made with the best token that is there by then, so it matters what has come since the one before. */
interface Meanwhile {
  /** During one of the calls for a code, of which others follow. */
  betweenCalls(): void;
  besideSend(): void;
}

export class Verification {
  readonly cognito: ModelCognito;
  /** Of the messages that are sent at the same instant, takes those that come while a call is with Cognito. */
  meanwhile: Meanwhile | undefined;

  constructor(
    readonly world: World,
    choices: Choices,
  ) {
    this.cognito = new ModelCognito(world, choices);
  }

  /** What answers a message may get. */
  answer(message: number, ...allowed: string[]): void {
    this.world.answers[message] = allowed;
  }

  past(at: number): boolean {
    return this.cognito.past(at);
  }

  usable(given?: number, refused: readonly number[] = []): number[] {
    const { offered, accepted, tokens } = this.world;
    const held = given === undefined ? [...offered, ...(accepted === undefined ? [] : [accepted])] : [given];
    return held.filter((token) => !refused.includes(token) && !this.past(tokens[token]?.expiresAt ?? 0));
  }

  offer(token: number): void {
    const { world } = this;
    if (token === world.accepted || world.offered.includes(token)) return;
    if (this.past(world.tokens[token]?.expiresAt ?? 0)) return;
    world.offered = [token, ...world.offered].slice(0, TOKENS_KEPT);
  }

  /** Brought as a fresh one. */
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

  /** What is told of a failure; where Cognito was out of reach it may be tried again. */
  get failedWith(): string {
    return this.world.failure === 'CognitoUnavailable' ? 'CognitoUnavailable' : 'VerificationFailed';
  }

  /** Everyone who waits is answered. */
  end(outcome: 'verified' | 'expired' | 'failed' | 'cancelled'): void {
    const { world } = this;
    world.state = outcome;
    const codes = [...(world.check ? [world.check] : []), ...world.queue];
    for (const { message } of codes) {
      const told = { verified: 'verified', failed: this.failedWith } as Record<string, string>;
      this.answer(message, told[outcome] ?? 'VerificationEnded');
    }
    for (const message of [...world.resendsWaiting, ...world.joinsWaiting])
      this.answer(message, outcome === 'failed' ? this.failedWith : 'status');
    Object.assign(world, { queue: [], resendsWaiting: [], joinsWaiting: [], nextSendDue: false });
    for (const gone of ['check', 'riding', 'look', 'confirmation', 'nextSendAt', 'retryAt'] as const)
      delete world[gone];
  }
}
