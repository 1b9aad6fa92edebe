import { log } from '@temporalio/workflow';
import type { ReadVerdict } from './cognito-calls.js';
import { lookUp, type NoToken } from './look-up.js';
import { type CallState, countedSends, hasBecomeVerified } from './policy.js';
import { Underway } from './underway.js';
import type { Verification } from './verification.js';

/** Looks at the attribute: as it was before, to check a confirmation, and for one that nobody told us of. */
export class Confirming {
  private readonly call = new Underway<ReadVerdict | NoToken>();
  /** A confirmation that is being checked, or waits for a token to be checked with. */
  private awaitsCheck = false;

  constructor(private readonly verification: Verification) {
    const { alreadySent, policy, attributeName } = verification.request;
    // Mostly the first send looks at the attribute; here there is none, or its look would come too late.
    if (alreadySent || policy.confirmation === 'recheck') {
      this.call.start(() => lookUp(verification, `Read ${attributeName} as it is before it is verified`));
    }
  }

  get state(): CallState {
    return this.call.state;
  }

  /** Checks a confirmation against Cognito. */
  check(): void {
    this.verification.mailbox.confirmed = false;
    this.awaitsCheck = true;
    this.call.start(() => lookUp(this.verification, 'Check the confirmation against Cognito'));
  }

  /** A token has come: a confirmation that waited for one is checked. */
  resume(): void {
    // A check that is under way asks for the tokens anew by itself.
    if (!this.awaitsCheck || this.call.state !== 'none') return;
    this.awaitsCheck = false;
    this.verification.mailbox.confirmed = true;
  }

  /** True when what was read proves a confirmation. */
  settle(): boolean {
    const { verification } = this;
    const verdict = this.call.take();
    if (verdict.verdict === 'read') {
      const proven = this.awaitsCheck && hasBecomeVerified(verification.before, verdict.attribute);
      verification.before ??= verdict.attribute;
      if (this.awaitsCheck && !proven) log.warn('codeConfirmed: Cognito does not show the attribute as verified since');
      this.awaitsCheck = false;
      return proven;
    }
    if (!this.awaitsCheck) return false;
    if (verdict.verdict === 'noToken') {
      if (verification.state === 'awaitingCode') verification.enter('awaitingToken');
      return false;
    }
    this.awaitsCheck = false;
    log.warn('codeConfirmed: Cognito could not be asked', { reason: verdict.failure.type });
    return false;
  }

  /** At the deadline: whether the attribute has become verified, where a token is left to look it up with. */
  async foundLate(): Promise<boolean> {
    const { verification } = this;
    // Without a message or a look at it before, its flag would prove nothing.
    if (!verification.before || countedSends(verification.sends).length === 0) return false;
    const verdict = await lookUp(verification, 'Look for a late confirmation');
    return verdict.verdict === 'read' && hasBecomeVerified(verification.before, verdict.attribute);
  }
}
