/** Looks at the attribute, and what they prove. */
import { Sends } from './sends.js';
import { counted } from './world.js';

type Looked = 'read' | 'noToken' | 'unreadable' | 'riding';

export class Looks extends Sends {
  /** A token has come: what waited for one goes on. */
  tokenCame(): void {
    const { world } = this;
    if (this.usable().length === 0) return;
    this.resume();
    if (world.confirmation === 'waitsForToken') this.check();
    this.goOn();
  }

  protected lookUp(given?: number): Looked {
    const refused: number[] = [];
    for (;;) {
      const [token] = this.usable(given, refused);
      if (token === undefined) return 'noToken';
      const meaning = this.cognito.read(token);
      if (meaning === 'throttled') return 'riding';
      if (meaning === 'unreadable') return 'unreadable';
      if (meaning === 'read') {
        this.accept(token);
        return 'read';
      }
      this.reject(token);
      refused.push(token);
    }
  }

  protected becameVerified(): boolean {
    return this.world.verifiedBefore === false && this.world.cognito.verified;
  }

  /** Looks at the attribute as it is at the start, where a later look will be compared with it. */
  lookFirst(): void {
    const looked = this.lookUp();
    if (looked === 'riding') this.world.look = { since: this.world.now };
    else if (looked === 'read') this.world.verifiedBefore ??= this.world.cognito.verified;
  }

  /** `codeConfirmed` comes, or is taken up again. */
  confirm(): void {
    const { world } = this;
    if (world.rules.confirmation === 'trust') {
      world.confirmedBy = 'codeConfirmed';
      this.end('verified');
    } else if (world.look) world.confirmation = 'waitsForLook';
    else this.check();
  }

  protected check(): void {
    const { world } = this;
    world.confirmation = undefined;
    const looked = this.lookUp();
    if (looked === 'riding') {
      world.look = { since: world.now };
      world.confirmation = 'waitsForLook';
    } else if (looked === 'read') {
      if (this.becameVerified()) {
        world.confirmedBy = 'codeConfirmed';
        this.end('verified');
      } else world.verifiedBefore ??= world.cognito.verified;
    } else if (looked === 'noToken') {
      world.confirmation = 'waitsForToken';
      if (world.state === 'awaitingCode') this.enter('awaitingToken');
    }
  }

  /** A look that was tried again and again comes to its end. */
  settleLook(): void {
    const { world } = this;
    world.look = undefined;
    if (this.cognito.blocks('read')) world.confirmation = undefined;
    else if (world.confirmation) this.check();
    else this.lookFirst();
    this.goOn();
  }

  /** Whether somebody has verified it without telling us; undefined where that is still being asked. */
  foundLate(): boolean | undefined {
    if (this.world.verifiedBefore === undefined || counted(this.world).length === 0) return false;
    const looked = this.lookUp();
    return looked === 'riding' ? undefined : looked === 'read' && this.becameVerified();
  }
}
