import {
  attributeUnreadable,
  type ParsedRequest,
  type UnprovenConfirmation,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { log } from '@temporalio/workflow';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import type { AccessTokens } from './access-tokens.js';
import { Alarm } from './alarm.js';
import type { HeldToken } from './held-token.js';
import { type Look, LookCalls } from './look-calls.js';
import type { Mailbox } from './mailbox.js';
import { type CallState, type Ending, readAgainAt } from './policy.js';
import { type Evidence, endingBy, judge, oldValueBy, type Target, targetOf, unproven } from './proof.js';
import type { Terms } from './terms.js';
import { Underway } from './underway.js';

/** What the looks need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly terms: Terms;
  readonly mailbox: Mailbox;
  lackToken(): void;
  /** The target is known. */
  targetRead(): void;
  takeRequests(): void;
}

/** What holds up a look that is wanted. */
type Obstacle = 'none' | 'noToken' | 'failedBefore';

/**
 * The looks at the attribute, and what they prove. It holds the target, which mostly the first send reads, and whether a code
 * or a confirmation still wants its proof. Those looks are made until one succeeds.
 */
export class Looks {
  readonly calls: LookCalls;
  private readonly call = new Underway<Look>();
  private readonly again = new Alarm();
  private known: Target | undefined;
  /** The target is to be read by itself: the first send did not, or Cognito has sent a code to a new value. */
  private targetWanted: 'no' | 'afterSend' | 'afterChange' = 'no';
  /** What the look that is under way is for. */
  private purpose: 'target' | 'proof' | HeldToken = 'proof';
  private isAccepted = false;
  private isConfirmed = false;
  private obstacle: Obstacle = 'none';
  private failuresInARow = 0;
  private whyUnproven: UnprovenConfirmation | undefined;
  private whatOfTheOld: VerificationStatus['oldValue'];

  constructor(private readonly parts: Parts) {
    this.calls = new LookCalls(parts, this);
  }

  get state(): CallState {
    return this.call.state;
  }

  /** What must be verified at the end; undefined while it is not known. */
  get target(): Target | undefined {
    return this.known;
  }

  /** Cognito has accepted a code, and the verification has not ended by it. */
  get codeAccepted(): boolean {
    return this.isAccepted;
  }

  /** Why a confirmation proves nothing. */
  get unproven(): UnprovenConfirmation | undefined {
    return this.whyUnproven;
  }

  /** What has become of the old value, where the verification itself changes it. */
  get oldValue(): VerificationStatus['oldValue'] {
    return this.whatOfTheOld;
  }

  /** A send tells of it, where it could. One that may have changed the value makes what was known before untrue. */
  noteOldValue({ verdict, oldValue }: { verdict: string; oldValue?: VerificationStatus['oldValue'] }): void {
    if (oldValue !== undefined || verdict === 'sent' || verdict === 'uncertain') this.whatOfTheOld = oldValue;
  }

  /** A look tells of it, and of a third value too, which is neither. What was not told may be as it was. */
  private readOldValue(target: Target | undefined, attribute: AttributeSnapshot): void {
    if (!this.changesValue || !target || attribute.valueDigest === undefined) return;
    if (attribute.salt === target.salt) this.whatOfTheOld = oldValueBy(target, attribute);
  }

  /** The target was not verified before its code went out: once it is, a code was accepted. */
  get acceptanceShows(): boolean {
    return this.known?.verified === false && !this.changePending;
  }

  /** Cognito keeps the old value until the new one is verified. */
  get changePending(): boolean {
    return this.known?.mustDiffer === true;
  }

  /** Cognito has sent a code to a new value, and whether the old one is kept could not be read yet. */
  get changeUnread(): boolean {
    return this.targetWanted === 'afterChange';
  }

  /** What a look finds out decides about codes and re-sends. */
  get decides(): boolean {
    return this.targetWanted !== 'no' || this.isAccepted;
  }

  /** A look is wanted, and nothing holds it up. */
  get due(): boolean {
    // A confirmation is compared with the target, which the first send reads.
    const wanted =
      this.decides || (this.isConfirmed && this.known !== undefined) || this.parts.tokens.toSettle !== undefined;
    return wanted && (this.obstacle === 'none' || (this.obstacle === 'failedBefore' && this.again.rang));
  }

  /** A look is to tell whether a token counts, and nothing has come between. */
  get settlesToken(): boolean {
    return this.parts.tokens.toSettle !== undefined && this.obstacle === 'none';
  }

  /** Takes what a send has read before it. The first message decides where codes go; a later one tells only what nobody knew. */
  noteSend(attribute: AttributeSnapshot | undefined, { first }: { first: boolean }): void {
    const target = attribute && !this.isOfAnother(attribute) && targetOf(attribute, { change: false });
    if (!target || this.changeUnread || !(first || this.known === undefined)) return;
    this.known = target;
    this.targetWanted = 'no';
  }

  /** A code is out. If the look before it failed, one is made now. */
  needTarget(): void {
    if (!this.known && this.targetWanted === 'no') this.targetWanted = 'afterSend';
  }

  /** Cognito has sent a code by itself, to another value: what was known or accepted before is about the old one. */
  noteChange(): void {
    this.known = undefined;
    this.isAccepted = false;
    this.isConfirmed = false;
    this.whyUnproven = undefined;
    this.targetWanted = 'afterChange';
    this.unblock();
  }

  /** Cognito has sent no code by itself, as far as those know whose word counts. */
  forgetChange(): void {
    this.known = undefined;
    this.targetWanted = 'no';
    this.unblock();
  }

  /** `codeConfirmed` has come: a trusted one ends the verification, another one is checked against Cognito. */
  confirm(): Ending | undefined {
    const { mailbox, terms } = this.parts;
    if (terms.policy.confirmation === 'trust') return TRUSTED;
    mailbox.confirmed = false;
    this.isConfirmed = true;
    if (this.obstacle === 'failedBefore') this.unblock();
    return undefined;
  }

  /** Cognito has accepted a code. */
  accept(): void {
    this.isAccepted = true;
  }

  /** A token has come. */
  resume(): void {
    if (this.obstacle === 'noToken') this.unblock();
  }

  /** Begins the look that is due. */
  start(): void {
    const { request, tokens } = this.parts;
    const { attributeName } = request;
    this.unblock();
    const token = this.decides ? undefined : tokens.toSettle;
    this.purpose = token ?? (this.targetWanted !== 'no' ? 'target' : 'proof');
    const summary = token
      ? `Read ${attributeName} with an access token that nobody has checked`
      : this.purpose === 'target'
        ? `Read ${attributeName} as it is before it is verified`
        : this.isAccepted
          ? `Read ${attributeName}, for which a code was accepted`
          : 'Check the confirmation against Cognito';
    this.call.start(() => this.calls.look(summary, { given: token, forProof: this.purpose === 'proof' }));
  }

  /** Takes the answer to a look. */
  settle(): Ending | undefined {
    const look = this.call.take();
    const { purpose } = this;
    if (typeof purpose === 'object') {
      // One that counts now is not asked for again; neither is one that cannot be tried.
      purpose.wantsLook = look.verdict !== 'read' && look.verdict !== 'noToken';
      if (!purpose.wantsLook) return undefined;
    }
    if (look.verdict === 'read') this.failuresInARow = 0;
    // The target is what a send has read before its message, whatever this look has read since.
    if (purpose === 'target' && this.known) return undefined;
    if (look.verdict !== 'read') return this.putOff(look);
    if (purpose === 'target') return this.takeTarget(look.attribute);
    return this.judge(this.isAccepted ? 'accepted' : 'confirmed', look.attribute);
  }

  /** Keeps what was read as the target. */
  takeTarget(attribute: AttributeSnapshot): Ending | undefined {
    if (this.isOfAnother(attribute)) return this.readAgainLater();
    this.known = targetOf(attribute, { change: this.changeUnread });
    if (!this.known) return { outcome: 'failed', failure: attributeUnreadable(this.parts.request.attributeName) };
    this.readOldValue(this.known, attribute);
    this.targetWanted = 'no';
    this.unblock();
    this.parts.targetRead();
    return undefined;
  }

  /** How the verification ends by a look; undefined where it goes on. */
  judge(evidence: Evidence, attribute: AttributeSnapshot): Ending | undefined {
    const { attributeName } = this.parts.request;
    if (!this.known) return undefined;
    const judgement = judge(this.known, evidence, attribute);
    // The first send has told the target meanwhile, with another key.
    if (judgement === 'incomparable') return undefined;
    this.readOldValue(this.known, attribute);
    if (evidence === 'confirmed') {
      this.isConfirmed = false;
      this.whyUnproven = unproven(judgement, attributeName);
      if (this.whyUnproven) log.warn(`codeConfirmed proves nothing: ${this.whyUnproven.reason}`);
    }
    return endingBy(judgement, evidence, attribute, attributeName);
  }

  /** A look that is wanted has failed: it is made again after a while, or with another token. */
  putOff(look: Exclude<Look, { verdict: 'read' }>): Ending | undefined {
    if (look.verdict === 'noToken') {
      this.obstacle = 'noToken';
      this.parts.lackToken();
      return undefined;
    }
    if (look.verdict === 'failed' && this.isAccepted) return { outcome: 'failed', failure: look.failure };
    log.warn('The attribute could not be read', { reason: look.failure.type });
    return this.readAgainLater();
  }

  private readAgainLater(): undefined {
    this.obstacle = 'failedBefore';
    this.again.set(readAgainAt(++this.failuresInARow, Date.now()), 'Reads the attribute again');
  }

  /** It was read for another value than the new one: before that was known, or by an older worker. */
  private isOfAnother({ newValueDigest }: AttributeSnapshot): boolean {
    return this.changesValue && newValueDigest === undefined;
  }

  private get changesValue(): boolean {
    return this.parts.terms.change.newValue !== undefined;
  }

  /** The deadline has passed: takes a last look, where a code was sent and a token is left, and then it expires. */
  async conclude(codeSent: boolean): Promise<Ending> {
    const { mailbox, terms } = this.parts;
    // Without a message, or a look at it before, the attribute's flag would prove nothing.
    if (codeSent && this.known) {
      const look = await this.calls.look('Look for a late confirmation', { direct: true, forProof: true });
      const evidence = this.isAccepted ? 'accepted' : this.isConfirmed ? 'confirmed' : 'found';
      const ending = look.verdict === 'read' ? this.judge(evidence, look.attribute) : undefined;
      if (ending) return ending;
    } else if (this.changesValue) {
      // Nothing can be proven, and a try without an answer may have changed the value.
      const look = await this.calls.look('Look which value the user has', { direct: true });
      if (look.verdict === 'read')
        this.readOldValue(this.known ?? targetOf(look.attribute, { change: false }), look.attribute);
    }
    // A confirmation may have come during the look, or the look may have shown that it counts.
    this.parts.takeRequests();
    const isTrusted = mailbox.confirmed && terms.proven && terms.policy.confirmation === 'trust';
    return isTrusted ? TRUSTED : { outcome: 'expired' };
  }

  private unblock(): void {
    this.obstacle = 'none';
    this.again.clear();
  }
}

const TRUSTED = { outcome: 'verified', proof: 'trusted' } as const;
