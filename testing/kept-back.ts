import { HELD_REASONS, type HeldReason, type RefusedReason } from '@cognito-verification/contract';
import type { MessageGuard } from './bundled/lifecycle.js';
import type { Clock } from './clock.js';

/** The messages that the guard of the worker keeps back, because a test has asked for it. */
export class KeptBack {
  private readonly next: { reason: HeldReason | RefusedReason; waitMs: number; left: number }[] = [];

  constructor(private readonly clock: Clock) {}

  add(reason: HeldReason | RefusedReason, waitMs: number, times: number): void {
    this.next.push({ reason, waitMs, left: times });
  }

  clear(): void {
    this.next.length = 0;
  }

  /** Undefined while it keeps nothing back: then a send asks Cognito what it asks without a guard. */
  get guard(): MessageGuard | undefined {
    const kept = this.next.find(({ left }) => left > 0);
    if (!kept) return undefined;
    return { admit: () => Promise.resolve(this.answer(kept)), proven: () => Promise.resolve() };
  }

  private answer(kept: (typeof this.next)[number]): Awaited<ReturnType<MessageGuard['admit']>> {
    kept.left -= 1;
    const held = HELD_REASONS.find((reason) => reason === kept.reason);
    if (held) return { verdict: 'held', reason: held, retryAtMs: this.clock.now() + kept.waitMs };
    return { verdict: 'refused', reason: kept.reason as RefusedReason };
  }
}
