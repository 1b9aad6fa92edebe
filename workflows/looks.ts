import type { ParsedRequest, TokenInput } from '@cognito-verification/contract';
import { log } from '@temporalio/workflow';
import type { AttributeSnapshot } from '../activities/attribute-snapshot.js';
import { type AccessTokens, type NoToken, withToken } from './access-tokens.js';
import { type ReadVerdict, readAttribute } from './cognito-calls.js';
import type { Mailbox } from './mailbox.js';
import { type CallState, type Ending, hasBecomeVerified } from './policy.js';
import { Underway } from './underway.js';

/** What the looks need of their verification. */
interface Parts {
  readonly request: ParsedRequest;
  readonly tokens: AccessTokens;
  readonly mailbox: Mailbox;
  lackToken(): void;
}

type Look = ReadVerdict | NoToken;

/** The looks at the attribute: before anything is sent, to check a confirmation, and at the deadline for one that was never reported. */
export class Looks {
  private readonly call = new Underway<Look>();
  private firstSeen: AttributeSnapshot | undefined;
  /** The check of a confirmation against Cognito. */
  private check: 'none' | 'underWay' | 'lacksToken' | 'due' = 'none';

  constructor(private readonly parts: Parts) {}

  begin(): void {
    const { alreadySent, policy, attributeName } = this.parts.request;
    // Mostly the first send looks at the attribute; here there is no first send, or its look would come too late.
    if (alreadySent || policy.confirmation === 'recheck') {
      this.call.start(() => this.look(`Read ${attributeName} as it is before it is verified`));
    }
  }

  get state(): CallState {
    return this.call.state;
  }

  /** The attribute as it was before any send, or as soon after that as a call could read it. */
  get before(): AttributeSnapshot | undefined {
    return this.firstSeen;
  }

  /** Keeps the first snapshot. */
  noteBefore(attribute: AttributeSnapshot | undefined): void {
    this.firstSeen ??= attribute;
  }

  /** Whether the attribute has become verified since `before`. */
  prove(look: Look): boolean {
    return look.verdict === 'read' && hasBecomeVerified(this.firstSeen, look.attribute);
  }

  /** A confirmation that waited for a token can be checked now. */
  get checkDue(): boolean {
    return this.check === 'due';
  }

  /** `codeConfirmed` has come: a trusted one is the proof, another one is checked against Cognito. */
  confirm(): Ending | undefined {
    if (this.parts.request.policy.confirmation === 'trust')
      return { outcome: 'verified', confirmedBy: 'codeConfirmed' };
    this.parts.mailbox.confirmed = false;
    this.check = 'underWay';
    this.call.start(() => this.look('Check the confirmation against Cognito'));
    return undefined;
  }

  /** A token has come. A check that is under way takes it up by itself. */
  resume(): void {
    if (this.check === 'lacksToken') this.check = 'due';
  }

  /** Takes the answer to a look. */
  settle(): Ending | undefined {
    const look = this.call.take();
    const proven = this.prove(look);
    if (look.verdict === 'read') this.noteBefore(look.attribute);
    if (this.check === 'none') return undefined;
    if (look.verdict === 'noToken') {
      this.check = 'lacksToken';
      this.parts.lackToken();
      return undefined;
    }
    this.check = 'none';
    if (proven) return { outcome: 'verified', confirmedBy: 'codeConfirmed' };
    if (look.verdict === 'read') log.warn('codeConfirmed: Cognito does not show the attribute as verified since');
    else log.warn('codeConfirmed: Cognito could not be asked', { reason: look.failure.type });
    return undefined;
  }

  /** The deadline has passed: takes a last look, where a code was sent and a token is left, and then it expires. */
  async conclude(codeSent: boolean): Promise<Ending> {
    const { mailbox, request } = this.parts;
    // Without a message, or a look at it before, the attribute's flag would prove nothing.
    if (codeSent && this.firstSeen && this.prove(await this.look('Look for a late confirmation'))) {
      return { outcome: 'verified', confirmedBy: 'readAttribute' };
    }
    // A confirmation may have come during the look.
    if (mailbox.confirmed && request.policy.confirmation === 'trust') {
      return { outcome: 'verified', confirmedBy: 'codeConfirmed' };
    }
    return { outcome: 'expired' };
  }

  /**
   * Looks at the attribute, with the best token that Cognito takes.
   * @param summary what the Web UI shows beside the activity
   * @param options `given`: the only token to use; `budget`: how long it may take, default `patient`
   */
  look(
    summary: string,
    { given, budget }: { given?: TokenInput | undefined; budget?: 'patient' | 'quick' } = {},
  ): Promise<Look> {
    const { request, tokens } = this.parts;
    const { attributeName, owner } = request;
    return withToken(
      tokens,
      'read',
      ({ tokenInput }) => readAttribute({ owner, attributeName, tokenInput }, summary, budget),
      {
        given,
      },
    );
  }
}
