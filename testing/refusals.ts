import { CognitoRefusal, type Command, ForeignAnswer } from './bundled/lifecycle.js';
import type { CognitoCallName, RefusalOptions } from './options.js';

const CALLS: Record<Command['call'], CognitoCallName> = {
  GetUserAttributeVerificationCode: 'send',
  UpdateUserAttributes: 'send',
  VerifyUserAttribute: 'attempt',
  GetUser: 'read',
};

/** What Cognito refuses, and which calls it does not answer for now, because a test has asked for it. */
export class Refusals {
  private readonly refusals: { call: CognitoCallName; name: string; message: string; left: number }[] = [];
  private readonly held = new Map<CognitoCallName, Promise<void>>();

  refuse(call: CognitoCallName, name: string, { message = name, times = 1 }: RefusalOptions): void {
    this.refusals.push({ call, name, message, left: times });
  }

  accept(): void {
    this.refusals.length = 0;
  }

  /** @returns lets them go on */
  hold(call: CognitoCallName): () => void {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.held.set(call, held);
    return () => {
      if (this.held.get(call) === held) this.held.delete(call);
      release();
    };
  }

  /** Waits while calls of the kind are held; undefined if they are not. */
  heldUp({ call }: Command, signal: AbortSignal | undefined): Promise<void> | undefined {
    const held = this.held.get(CALLS[call]);
    if (!held) return undefined;
    return new Promise((resolve, reject) => {
      void held.then(resolve);
      signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });
  }

  /** @throws CognitoRefusal, or an error of the network, where the call is to be refused */
  check({ call }: Command): void {
    const refusal = this.refusals.find((one) => one.call === CALLS[call] && one.left > 0);
    if (!refusal) return;
    refusal.left -= 1;
    throw errorOf(refusal);
  }
}

/** A code of the network, such as `ECONNREFUSED`, is what Node calls it; `ForeignAnswer` is a proxy's; every other name is Cognito's. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  if (name === 'ForeignAnswer') return new ForeignAnswer(502);
  if (/^E[A-Z_]+$/.test(name)) return Object.assign(new Error(message), { code: name });
  return new CognitoRefusal(name, message, name === 'InternalErrorException' ? 500 : 400);
}
