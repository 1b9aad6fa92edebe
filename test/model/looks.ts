/** Looks at the attribute, and what they prove. */
import { Sends } from './sends.js';
import { counted, isEnd, type Look, MINUTE, RETRIED_FOR } from './world.js';

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
      if (this.world.check) this.meanwhile?.betweenCalls();
    }
  }

  protected becameVerified(): boolean {
    return this.world.verifiedBefore === false && this.world.cognito.verified;
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
    const { targetWanted, codeAccepted, confirmed, verifiedBefore, obstacle, look, check } = world;
    const wanted = targetWanted || codeAccepted || (confirmed && verifiedBefore !== undefined);
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
    if (world.targetWanted) {
      this.takeTarget(world.cognito.verified);
    } else if (world.codeAccepted) this.proved();
    else if (this.becameVerified()) {
      world.proof = 'confirmed';
      this.end('verified');
    } else world.confirmed = false;
  }

  protected takeTarget(verified: boolean): void {
    const { world } = this;
    world.changePending = world.byCognito && verified;
    world.verifiedBefore = verified;
    world.targetWanted = false;
    if (world.changePending && !world.sendWanted) world.nextSendAt = undefined;
  }

  /** An accepted code shows. */
  protected proved(): void {
    const { world } = this;
    // In these stories no value changes, so that one which must change never does.
    const shows = world.cognito.verified && !world.changePending;
    if (shows) world.proof = 'accepted';
    else world.failure = 'AttributeNotVerified';
    this.end(shows ? 'verified' : 'failed');
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

  /** Whether the attribute was verified elsewhere without a message to us; undefined while that look is under way. */
  foundLate(): boolean | undefined {
    const { world } = this;
    if (world.verifiedBefore === undefined || counted(world).length === 0) return false;
    const looked = this.lookUp({});
    if (looked === 'riding') return undefined;
    const { verified } = world.cognito;
    return looked === 'read' && (world.codeAccepted ? verified && !world.changePending : this.becameVerified());
  }

  /** Takes codes that waited for a look. */
  protected takeCodes(): void {}
}
