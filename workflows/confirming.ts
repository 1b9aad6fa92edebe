import { log } from '@temporalio/workflow';
import { type ReadVerdict, readAttribute } from './cognito-calls.js';
import { countedSends, hasBecomeVerified, type Procedure } from './policy.js';
import { Underway } from './underway.js';
import type { Verification } from './verification.js';

/** Looks at the attribute: as it was before, to check a confirmation, and for one that nobody told us of. */
export class Confirming {
  private readonly call = new Underway<ReadVerdict | undefined>();
  /** A confirmation that is being checked, or waits for a token to be checked with. */
  private open = false;

  constructor(private readonly verification: Verification) {
    const { alreadySent, policy, attributeName } = verification.request;
    // Mostly the first send looks at the attribute; here there is none, or its look would come too late.
    if (alreadySent || policy.confirmation === 'recheck') {
      this.call.start(() => lookUp(verification, `Read ${attributeName} as it is before it is verified`));
    }
  }

  get procedure(): Procedure {
    return this.call.procedure;
  }

  /** Checks a confirmation against Cognito. */
  check(): void {
    this.verification.mailbox.confirmed = false;
    this.open = true;
    this.call.start(() => lookUp(this.verification, 'Check the confirmation against Cognito'));
  }

  /** A token has come: a confirmation that waited for one is checked. */
  goOn(): void {
    if (!this.open) return;
    this.open = false;
    this.verification.mailbox.confirmed = true;
  }

  /** True when what was read proves a confirmation. */
  settle(): boolean {
    const { verification } = this;
    const verdict = this.call.take();
    if (verdict?.verdict === 'read') {
      const proven = this.open && hasBecomeVerified(verification.before, verdict.attribute);
      verification.before ??= verdict.attribute;
      if (this.open && !proven) log.warn('codeConfirmed: Cognito does not show the attribute as verified since');
      this.open = false;
      return proven;
    }
    if (!this.open) return false;
    if (verdict === undefined || verdict.verdict === 'accessTokenRejected') {
      if (verification.state === 'awaitingCode') verification.enter('awaitingToken');
      return false;
    }
    this.open = false;
    log.warn('codeConfirmed: Cognito could not be asked', { reason: verdict.failure.type });
    return false;
  }

  /** At the deadline: whether the attribute has become verified, where a token is left to look it up with. */
  async foundLate(): Promise<boolean> {
    const { verification } = this;
    // Without a message or a look at it before, its flag would prove nothing.
    if (!verification.before || countedSends(verification.sends).length === 0) return false;
    const verdict = await lookUp(verification, 'Look for a late confirmation');
    return verdict?.verdict === 'read' && hasBecomeVerified(verification.before, verdict.attribute);
  }
}

/** With whichever token Cognito takes; undefined where none is left. */
async function lookUp(verification: Verification, summary: string): Promise<ReadVerdict | undefined> {
  const { attributeName, claims } = verification.request;
  for (const accessToken of verification.tokens.usable(Date.now())) {
    const verdict = await readAttribute({ userPoolId: claims.userPoolId, accessToken, attributeName }, summary);
    if (verdict.verdict === 'read') verification.tokens.accept(accessToken);
    if (verdict.verdict !== 'accessTokenRejected') return verdict;
    verification.tokens.reject(accessToken);
  }
  return undefined;
}
