import type { CodeDelivery, SendOutcome, SendRecord } from '@cognito-verification/contract';
import type { SendVerdict } from './cognito-calls.js';
import { addRecord, codeExpiresAt, countedSends, iso } from './policy.js';
import type { Terms } from './terms.js';

/** What came of each send so far. `Sends` adds records; an attempt that finds the code expired waives the cool-down. */
export class SendRecords {
  private readonly entries: SendRecord[] = [];
  private waived = false;

  constructor(private readonly terms: Terms) {}

  add(answer: SendVerdict | { verdict: 'alreadySent'; delivery: CodeDelivery }): void {
    if (answer.verdict === 'alreadyVerified') return;
    const isHeld = 'held' in answer && answer.held !== undefined;
    const outcome = isHeld ? 'held' : OUTCOMES[answer.verdict];
    const record: SendRecord =
      'delivery' in answer
        ? { at: iso(Date.now()), outcome, delivery: answer.delivery }
        : { at: iso(Date.now()), outcome, reason: answer.failure.type };
    addRecord(this.entries, record, countedSends);
    if (this.counted.at(-1) === record) this.waived = false;
  }

  /**
   * Cognito has sent no code by itself, as far as those know whose word counts.
   * @returns whether one was recorded, and no other message
   */
  retractAlreadySent(): boolean {
    const { counted } = this;
    if (counted.length === 0 || counted.some(({ outcome }) => outcome !== 'alreadySent')) return false;
    const others = this.entries.filter(({ outcome }) => outcome !== 'alreadySent');
    this.entries.splice(0, this.entries.length, ...others);
    return true;
  }

  /** Every send, oldest first. */
  get all(): readonly SendRecord[] {
    return this.entries;
  }

  /** The messages that left or may have left, oldest first. */
  get counted(): readonly SendRecord[] {
    return countedSends(this.entries);
  }

  /** No message has left, nor may have. */
  get nothingSent(): boolean {
    return this.counted.length === 0;
  }

  /** Until when `submitCode` takes the newest code; undefined while none was sent. */
  get codeExpiresAtMs(): number | undefined {
    return codeExpiresAt(this.terms.policy, this.entries);
  }

  /** A code is out that Cognito may still take. */
  get codeWorks(): boolean {
    const { codeExpiresAtMs } = this;
    return codeExpiresAtMs !== undefined && codeExpiresAtMs > Date.now() && !this.waived;
  }

  /** The newest code was found expired, so another send is allowed at once. */
  get cooldownWaived(): boolean {
    return this.waived;
  }

  waiveCooldown(): void {
    this.waived = true;
  }
}

const OUTCOMES: Record<Exclude<SendVerdict['verdict'], 'alreadyVerified'> | 'alreadySent', SendOutcome> = {
  sent: 'sent',
  alreadySent: 'alreadySent',
  uncertain: 'uncertain',
  rateLimited: 'rateLimited',
  accessTokenRejected: 'accessTokenRejected',
  undeliverable: 'notSent',
  blocked: 'notSent',
  throttled: 'notSent',
  unreachable: 'notSent',
  failed: 'notSent',
};
