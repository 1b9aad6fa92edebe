import type { HeldReason, RefusedReason } from '@cognito-verification/contract';
import type { Admission, Message, MessageGuard } from '../guard/message-guard.js';

/** What a guard was told of a message. */
export interface Told {
  readonly attributeName: Message['attributeName'];
  readonly destination: string | undefined;
}

/** A guard that admits every message but those that a test has it keep back, and remembers what it was asked and told. */
export class GuardOnDemand implements MessageGuard {
  asked: Told[] = [];
  right: Told[] = [];
  /** Of the admitted messages: how many were taken back. */
  takenBack = 0;
  private next: (() => Exclude<Admission, { verdict: 'admitted' }>)[] = [];

  /** Keeps the next message back, or so many. @param retryAtMs from when it may be asked again */
  hold(reason: HeldReason, retryAtMs: number, times = 1): void {
    this.next.push(...Array.from({ length: times }, () => () => ({ verdict: 'held', reason, retryAtMs }) as const));
  }

  refuse(reason: RefusedReason): void {
    this.next.push(() => ({ verdict: 'refused', reason }));
  }

  forget(): void {
    this.asked = [];
    this.right = [];
    this.takenBack = 0;
    this.next = [];
  }

  admit(message: Message): Promise<Admission> {
    this.asked.push(toldOf(message));
    const takeBack = () => {
      this.takenBack += 1;
      return Promise.resolve();
    };
    return Promise.resolve(this.next.shift()?.() ?? { verdict: 'admitted', takeBack });
  }

  proven(message: Message): Promise<void> {
    this.right.push(toldOf(message));
    return Promise.resolve();
  }
}

function toldOf({ attributeName, destination }: Message): Told {
  return { attributeName, destination: destination?.reveal() };
}
