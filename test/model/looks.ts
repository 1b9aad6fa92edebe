/** Looks at the attribute, and what they prove. */
import { Sends } from './sends.js';
import { counted, isEnd, type Look, MINUTE, RETRIED_FOR, type Shown } from './world.js';

/** How a look can end a verification. */
export type EndByLook = 'verified' | 'expired' | 'failed';

type Looked = 'read' | 'noToken' | 'unreadable' | 'riding';

export class Looks extends Sends {
  /** Continues what was waiting for a token. */
  tokenCame(): void {
    const { world } = this;
    if (this.usable().length === 0) return;
    if (world.obstacle === 'noToken') world.obstacle = undefined;
    this.resume();
    this.goOn();
  }

  /** @param look keeps the token that it has */
  protected lookUp(look: Look, given?: number): Looked {
    for (;;) {
      const token = look.with ?? this.usable(given)[0];
      delete look.with;
      if (token === undefined) return 'noToken';
      const meaning = this.cognito.read(token);
      if (meaning === 'throttled') {
        look.with = token;
        return 'riding';
      }
      if (meaning === 'unreadable') return 'unreadable';
      if (meaning === 'read') {
        this.accept(token);
        return 'read';
      }
      this.reject(token);
      if (this.world.check) this.meanwhile?.betweenCalls?.();
    }
  }

  /** How a look ends it, by the table of docs/lifecycle.md; undefined where it goes on. */
  protected judged(evidence: 'accepted' | 'confirmed' | 'found'): EndByLook | undefined {
    const { world } = this;
    const { target, changePending } = world;
    if (!target) return undefined;
    const { value, verified } = this.cognito.shown;
    this.noteOldValue(this.cognito.shown);
    const fails = (type: string) => {
      if (evidence !== 'accepted') return undefined;
      world.failure = type;
      return 'failed' as const;
    };
    if (value === undefined) return fails('AttributeUnreadable');
    const isTheSame = value === target.value;
    if (target.kept !== undefined && value === target.kept) return fails('AttributeNotVerified');
    if (!changePending && !isTheSame) {
      world.reason = 'AttributeChanged';
      return 'expired';
    }
    if (changePending && isTheSame) return fails('AttributeNotVerified');
    if (verified === undefined) return fails('AttributeUnreadable');
    if (!verified) return fails('AttributeNotVerified');
    if (evidence !== 'accepted' && !changePending && target.verified !== false) return undefined;
    world.proof = evidence;
    return 'verified';
  }

  /** Handles `codeConfirmed`. */
  override confirm(): void {
    const { world } = this;
    if (world.rules.confirmation === 'trust' && !world.proven) {
      world.confirmationHeld = true;
      return;
    }
    if (world.rules.confirmation === 'trust') {
      world.proof = 'trusted';
      this.end('verified');
      return;
    }
    world.confirmed = true;
    if (world.obstacle !== 'noToken') world.obstacle = undefined;
    this.goOn();
  }

  /** Makes the looks that are wanted, as long as nothing holds them up. */
  protected override lookWhereWanted(): void {
    while (this.lookIsDue()) this.makeLook({});
  }

  private lookIsDue(): boolean {
    const { world } = this;
    const { targetWanted, codeAccepted, confirmed, target, obstacle, look, check } = world;
    const wanted = targetWanted || codeAccepted || (confirmed && target !== undefined);
    return wanted && !obstacle && !look && !check && !isEnd(world.state);
  }

  private makeLook(look: Look): void {
    const { world } = this;
    const looked = this.lookUp(look);
    if (looked === 'riding') world.look = { ...look, since: world.now };
    else if (looked === 'read') this.judge();
    else this.putOff(looked);
  }

  private judge(): void {
    const { world } = this;
    world.looksFailed = 0;
    let ending: EndByLook | undefined;
    if (world.targetWanted) ending = this.takeTarget(this.cognito.shown);
    else if (world.codeAccepted) ending = this.judged('accepted');
    else {
      world.confirmed = false;
      ending = this.judged('confirmed');
    }
    if (ending) this.end(ending);
  }

  /** Keeps what a look has shown before any code was checked. */
  protected takeTarget(shown: Shown): 'failed' | undefined {
    const { world } = this;
    if (shown.value === undefined) {
      world.failure = 'AttributeUnreadable';
      return 'failed';
    }
    world.changePending = world.byCognito && shown.verified === true;
    world.target = this.targetOf(shown);
    this.noteOldValue(shown);
    world.targetWanted = false;
    if (world.changePending && !world.sendWanted) world.nextSendAt = undefined;
    return undefined;
  }

  /** A look that is wanted has failed. */
  protected putOff(looked: 'noToken' | 'unreadable'): void {
    const { world } = this;
    if (looked === 'noToken') {
      world.obstacle = 'noToken';
      if (world.state === 'awaitingCode') this.enter('awaitingToken');
      return;
    }
    const wait = Math.min(60 * MINUTE, 15_000 * 2 ** world.looksFailed);
    world.obstacle = { until: world.now + RETRIED_FOR + wait };
    world.looksFailed += 1;
  }

  /** Ends a look that was being retried. */
  settleLook(): void {
    const { world } = this;
    const { look } = world;
    world.look = undefined;
    if (this.cognito.blocks('read')) this.putOff('unreadable');
    else this.makeLook(look ?? {});
    this.takeCodes();
    this.takeResends();
    this.goOn();
  }

  /** The look that failed is made again. */
  lookAgain(): void {
    this.world.obstacle = undefined;
    this.goOn();
  }

  /** How the last look ends it, at the deadline; undefined if it does not. */
  lateEnd(): EndByLook | undefined {
    const { world } = this;
    if (!world.target || counted(world).length === 0) {
      const { shown } = this.cognito;
      if (world.newValue !== undefined && this.lookUp({}) === 'read')
        this.noteOldValue(shown, this.world.target ?? this.targetOf(shown));
      return undefined;
    }
    const looked = this.lookUp({});
    if (looked !== 'read') return undefined;
    return this.judged(world.codeAccepted ? 'accepted' : world.confirmed ? 'confirmed' : 'found');
  }

  /** Takes codes that waited for a look. */
  protected takeCodes(): void {}
}
