/** Looks at the attribute, and what they prove. */
import { Sends } from './sends.js';
import { counted, type Look } from './world.js';

type Looked = 'read' | 'noToken' | 'unreadable' | 'riding';

export class Looks extends Sends {
  /** Continues what was waiting for a token. */
  tokenCame(): void {
    const { world } = this;
    if (this.usable().length === 0) return;
    this.resume();
    if (world.confirmation === 'waitsForToken') this.check();
    this.goOn();
  }

  /** @param look keeps the token that it has */
  protected lookUp(look: Look, given?: number): Looked {
    const refused: number[] = [];
    for (;;) {
      const token = look.with ?? this.usable(given, refused)[0];
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
      refused.push(token);
      if (this.world.check) this.meanwhile?.betweenCalls();
    }
  }

  protected becameVerified(): boolean {
    return this.world.verifiedBefore === false && this.world.cognito.verified;
  }

  /** Looks at the attribute at the start, for comparison with a later look. */
  lookFirst(look: Look = {}): void {
    const looked = this.lookUp(look);
    if (looked === 'riding') this.world.look = { ...look, since: this.world.now, confirms: false };
    else if (looked === 'read') this.world.verifiedBefore ??= this.world.cognito.verified;
  }

  /** Handles `codeConfirmed` when it arrives or is resumed. */
  confirm(): void {
    const { world } = this;
    if (world.rules.confirmation === 'trust') {
      world.proof = 'trusted';
      this.end('verified');
    } else if (world.look) world.confirmation = 'waitsForLook';
    else this.check();
  }

  protected check(look: Look = {}): void {
    const { world } = this;
    world.confirmation = undefined;
    const looked = this.lookUp(look);
    if (looked === 'riding') {
      world.look = { ...look, since: world.now, confirms: true };
      world.confirmation = 'waitsForLook';
    } else if (looked === 'read') {
      if (this.becameVerified()) {
        world.proof = 'confirmed';
        this.end('verified');
      } else world.verifiedBefore ??= world.cognito.verified;
    } else if (looked === 'noToken') {
      world.confirmation = 'waitsForToken';
      if (world.state === 'awaitingCode') this.enter('awaitingToken');
    }
  }

  /** Ends a look that was being retried. */
  settleLook(): void {
    const { world } = this;
    const { look } = world;
    world.look = undefined;
    if (this.cognito.blocks('read')) world.confirmation = undefined;
    else if (look?.confirms) this.check(look);
    else {
      this.lookFirst(look);
      // The confirmation waited for that look, and now has one of its own.
      if (world.confirmation) this.check();
    }
    this.goOn();
  }

  /** Whether the attribute was verified elsewhere without a message to us; undefined while that look is under way. */
  foundLate(): boolean | undefined {
    if (this.world.verifiedBefore === undefined || counted(this.world).length === 0) return false;
    const looked = this.lookUp({});
    return looked === 'riding' ? undefined : looked === 'read' && this.becameVerified();
  }
}
