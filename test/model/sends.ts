/** When a code is sent, and the results: the first table of docs/failures.md. */
import type { SendMeaning } from './faults.js';
import { Verification } from './rules.js';
import {
  afterRateLimit,
  attemptsLeft,
  automaticResend,
  codeEnds,
  cooldownEnds,
  counted,
  type Held,
  HOUR,
  isEnd,
  nextNineOClock,
  type Shown,
  type Target,
} from './world.js';

/** The retries for undeliverable and blocked sends, each with a longer delay than the previous one. */
const SLOW = { undeliverable: { tries: 2, delay: 30_000 }, blocked: { tries: 1, delay: 60_000 } } as const;

export class Sends extends Verification {
  /** Starts a send that is due, unless it must wait for something that is under way. */
  goOn(): void {
    const { world } = this;
    this.settleFoundVerified();
    // A look may show that a request counts, and that decides first.
    do {
      this.takeRequestThatCounts();
      this.answerJoins();
      this.lookWhereWanted();
    } while (this.requestCounts());
    const { state, sendWanted, retryAt, riding, check } = world;
    if (isEnd(world.state) || riding || check || world.look || world.codeAccepted || world.foundVerified) return;
    if (world.byCognito && world.targetWanted) return;
    if (!world.nextSendDue && !(sendWanted && retryAt === undefined && state !== 'awaitingToken')) return;
    if (attemptsLeft(world) > 0) this.startSend();
    else this.standDown();
    world.nextSendDue = false;
  }

  /** A request counts whose terms, or a confirmation that waited for it, were not taken yet. */
  private requestCounts(): boolean {
    const { adopted, confirmationHeld, proven, check, look, state } = this.world;
    return !check && !look && !isEnd(state) && (adopted !== undefined || (confirmationHeld && proven));
  }

  private takeRequestThatCounts(): void {
    const { world } = this;
    if (!this.requestCounts()) return;
    this.adopt();
    if (!world.confirmationHeld) return;
    world.confirmationHeld = false;
    this.confirm();
  }

  /** Handles `codeConfirmed`. */
  confirm(): void {}

  protected override adopt(): void {
    const { world } = this;
    const { adopted, rules } = world;
    if (adopted === undefined || isEnd(world.state)) return;
    world.adopted = undefined;
    world.expiresAt = Math.min(adopted + rules.deadline, world.startedAt + 30 * 24 * HOUR);
    // It does not say that Cognito has sent a code by itself.
    if (world.sends.some(({ outcome }) => outcome === 'alreadySent') && counted(world).length === 1) {
      world.sends = world.sends.filter(({ outcome }) => outcome !== 'alreadySent');
      Object.assign(world, { byCognito: false, changePending: false, targetWanted: false, firstSendSettled: false });
      delete world.target;
      world.obstacle = undefined;
      world.nextSendAt = undefined;
      world.nextSendDue = false;
      world.sendWanted = true;
      world.state = 'sending';
    } else if (world.nextSendAt !== undefined && !world.sendWanted) {
      // The automatic re-send: the deadline may leave room for it now.
      world.nextSendAt = undefined;
      const at = automaticResend(world);
      if (at !== undefined) this.later(at);
    }
  }

  /** A look is being retried, and what it finds out decides about codes and re-sends. */
  lookDecides(): boolean {
    const { look, targetWanted, codeAccepted } = this.world;
    return look !== undefined && (targetWanted || codeAccepted);
  }

  /** Why a re-send is refused, with the token that it brings. */
  resendRefusal(token?: number): string | undefined {
    const { world } = this;
    if (world.codeAccepted) return 'ResendNotAllowed:codeAccepted';
    if (world.changePending) return 'ResendNotAllowed:changePending';
    if (attemptsLeft(world) === 0) return 'ResendNotAllowed:attemptsExhausted';
    if (world.state === 'sending') return undefined;
    if (world.state === 'rateLimited') return 'ResendNotAllowed:rateLimited';
    if (world.state === 'awaitingToken') {
      if (token === undefined && this.usable().length === 0) return 'ResendNotAllowed:accessTokenNeeded';
      if (world.sendWanted) return undefined;
    }
    const allowedAt = cooldownEnds(world);
    if (allowedAt === undefined) return 'ResendNotAllowed:maxSends';
    return this.past(allowedAt) ? undefined : 'ResendNotAllowed:cooldown';
  }

  /** @param overtaken whether the verification ends while the send is with Cognito */
  takeResend({ message, token }: Held, overtaken: () => boolean = () => false): void {
    const { world } = this;
    if (world.state === 'sending') {
      if (world.resendsWaiting.length > 0) this.answer(message, 'status');
      else world.resendsWaiting.push(message);
      this.goOn();
      return;
    }
    const refusal = world.byCognito && world.targetWanted ? 'CognitoUnavailable' : this.resendRefusal();
    if (refusal) {
      // The send that its token started may still have been under way, and then it joins that send.
      this.answer(message, ...(token === undefined ? [refusal] : [refusal, 'status']));
      return;
    }
    world.sendWanted = true;
    world.state = 'sending';
    world.resendsWaiting.push(message);
    if (overtaken()) world.overtaken.sends += 1;
    else this.goOn();
  }

  /** Takes the re-sends that waited for a look. */
  protected takeResends(): void {
    const { world } = this;
    while (!this.lookDecides() && !isEnd(world.state) && world.now < world.expiresAt) {
      const held = world.resendsHeld.shift();
      if (!held) return;
      this.takeResend(held);
    }
  }

  /** Makes the looks that are wanted. */
  protected lookWhereWanted(): void {}

  protected startSend(): void {
    const { world } = this;
    world.nextSendAt = undefined;
    world.nextSendDue = false;
    world.sendWanted = false;
    world.retryAt = undefined;
    world.state = 'sending';
    this.trySend();
  }

  /** Tries the tokens in turn; `tried` is a token that the send has already been tried with. */
  trySend(tried?: number): void {
    const { world, cognito } = this;
    world.riding = undefined;
    let known = tried;
    for (;;) {
      const token = known ?? this.usable()[0];
      known = undefined;
      if (token === undefined) break;
      // A code that arrives during the send reaches Cognito before or after it, but always before the answer to the send.
      this.meanwhile?.besideSend?.();
      if (this.overtookSend()) return;
      // The first message decides what must be verified at the end.
      const isFirst = counted(world).length === 0;
      const was = cognito.shown;
      let read = false;
      const ask = (): SendMeaning | 'throttledOnce' | 'alreadyVerified' => {
        if (world.newValue !== undefined) {
          const changed = this.changeValue(token, world.newValue, isFirst);
          read = changed.read && (isFirst || !world.target);
          return changed.meaning;
        }
        read = (isFirst || !world.target) && cognito.read(token, true) === 'read';
        // Nothing could be proven, so that no message goes out.
        if (read && was.value === undefined) return cognito.refuseSend('AttributeUnreadable');
        return read && isFirst && was.verified && !world.reverify ? 'alreadyVerified' : cognito.send(token);
      };
      let meaning = ask();
      // A change can meet one with its look, and one with its call.
      while (meaning === 'throttledOnce') meaning = ask();
      if (meaning === 'throttled') {
        world.riding = { token, since: world.now };
        return;
      }
      if (read && was.value !== undefined) Object.assign(world, { target: this.targetOf(was), targetWanted: false });
      this.meanwhile?.besideSend?.();
      if (this.overtookSend()) return;
      if (meaning === 'alreadyVerified') {
        this.accept(token);
        world.foundVerified = true;
        this.goOn();
        return;
      }
      if (meaning !== 'refused') {
        if (['sent', 'rateLimited', 'dailyLimit', 'undeliverable'].includes(meaning)) this.accept(token);
        this.settleSend(meaning);
        return;
      }
      this.reject(token);
      world.sends.push({ at: world.now, outcome: 'accessTokenRejected' });
    }
    this.settleSend('noToken');
  }

  /** Looks, and changes the value unless Cognito has the new one already; then a code is asked for. */
  private changeValue(
    token: number,
    newValue: number,
    isFirst: boolean,
  ): { meaning: SendMeaning | 'throttledOnce' | 'alreadyVerified'; read: boolean } {
    const { world, cognito } = this;
    const once = world.cognito.troubles.read?.once;
    const looked = cognito.read(token, true);
    if (looked === 'throttled') return { meaning: once ? 'throttledOnce' : 'throttled', read: false };
    if (looked === 'refused') return { meaning: 'refused', read: false };
    if (looked === 'unreadable') {
      cognito.refuseSend('ForbiddenException');
      return { meaning: 'blocked', read: false };
    }
    const { value, verified } = cognito.shown;
    if (value === newValue) {
      if (isFirst && !world.reverify && verified) return { meaning: 'alreadyVerified', read: true };
      const meaning = cognito.sendUntroubled(token);
      if (!verified) world.oldValue = 'replaced';
      else if (meaning === 'sent') world.oldValue = undefined;
      return { meaning, read: true };
    }
    const meaning = cognito.update(token, newValue);
    if (['sent', 'uncertain', 'undeliverable'].includes(meaning)) {
      const now = cognito.read(token, true) === 'read' ? cognito.shown.value : undefined;
      const told = now === newValue ? 'replaced' : now === value ? 'kept' : undefined;
      if (told !== undefined || meaning !== 'undeliverable') world.oldValue = told;
    }
    return { meaning, read: true };
  }

  /** What must be verified, by what a look has shown before any code was checked. */
  protected targetOf(shown: Shown): Target {
    const { newValue } = this.world;
    if (newValue === undefined || shown.value === newValue) return shown;
    return { value: newValue, verified: false, kept: shown.value };
  }

  /** What a look shows of the old value, where the verification changes it; a third one is neither. */
  protected noteOldValue({ value, verified }: Shown, target = this.world.target): void {
    const { world } = this;
    if (world.newValue === undefined || !target) return;
    const isNew = value === world.newValue && verified !== true;
    world.oldValue = target.kept !== undefined && value === target.kept ? 'kept' : isNew ? 'replaced' : undefined;
  }

  /** Whether a look before the first send, made now, could show that no send is needed. */
  mayFindVerified(): boolean {
    const { world, cognito } = this;
    const { value, verified } = cognito.shown;
    const shows = verified === true && value !== undefined && world.cognito.troubles.read?.once !== false;
    return shows && counted(world).length === 0 && !world.reverify && world.newValue === undefined;
  }

  /** What an attempt says about a code comes before what the attribute was without one. */
  private settleFoundVerified(): void {
    const { world } = this;
    if (!world.foundVerified || world.check || world.look || isEnd(world.state)) return;
    world.foundVerified = false;
    if (!world.codeAccepted && counted(world).length === 0) {
      this.end('alreadyVerified');
      return;
    }
    this.awaitCode();
    for (const message of world.resendsWaiting.splice(0)) this.answer(message, 'status');
  }

  /** Whether a message during the send has ended the verification. */
  private overtookSend(): boolean {
    const { world } = this;
    if (!isEnd(world.state)) return false;
    world.overtaken.sends += 1;
    return true;
  }

  /** Gives up a send that was throttled, or reached no server, for ten minutes. */
  giveUpSend(): void {
    this.world.riding = undefined;
    this.settleSend('throttled');
  }

  protected settleSend(meaning: SendMeaning | 'noToken'): void {
    const { world } = this;
    const { sends, now } = world;
    if (meaning !== 'rateLimited' && meaning !== 'dailyLimit') world.rateLimitsInARow = 0;
    if (meaning !== 'undeliverable' && meaning !== 'blocked') world.slowTries = 0;
    switch (meaning) {
      case 'sent':
      case 'uncertain':
        sends.push({ at: now, outcome: meaning });
        world.cooldownWaived = false;
        world.targetWanted ||= !world.target;
        this.awaitCode();
        break;
      case 'rateLimited':
      case 'dailyLimit': {
        const ownSends = counted(world);
        sends.push({ at: now, outcome: 'rateLimited' });
        if (meaning === 'rateLimited') world.rateLimitsInARow += 1;
        world.retryAt =
          meaning === 'dailyLimit' ? nextNineOClock(now) : afterRateLimit(ownSends, world.rateLimitsInARow, now);
        world.sendWanted = true;
        world.firstSendSettled = true;
        world.state = 'rateLimited';
        this.later(world.retryAt);
        break;
      }
      case 'noToken':
        world.sendWanted = true;
        world.firstSendSettled = true;
        this.enter('awaitingToken');
        break;
      case 'undeliverable':
      case 'blocked': {
        sends.push({ at: now, outcome: 'notSent' });
        world.slowTries += 1;
        const { tries, delay } = SLOW[meaning];
        if (world.slowTries <= tries) {
          world.sendWanted = true;
          world.retryAt = now + delay * world.slowTries;
          this.later(world.retryAt);
          return;
        }
        this.failSend(this.cognito.failureType('send'));
        break;
      }
      case 'failed':
        sends.push({ at: now, outcome: 'notSent' });
        this.failSend(this.cognito.failureType('send'));
        break;
      case 'throttled':
      case 'refused':
        sends.push({ at: now, outcome: 'notSent' });
        this.goOnWithout('CognitoUnavailable', counted(world).length > 0, 'CognitoUnavailable');
        break;
    }
    if (isEnd(world.state)) return;
    for (const message of world.resendsWaiting.splice(0)) this.answer(message, 'status');
    if (attemptsLeft(world) === 0) this.standDown();
    this.answerJoins();
    this.goOn();
  }

  /** A code was accepted, or no attempt is left to submit one: a send that waits is not needed any more. */
  protected standDown(): void {
    const { world } = this;
    if (world.riding || !world.sendWanted) return;
    world.firstSendSettled = true;
    world.sendWanted = false;
    world.nextSendAt = undefined;
    world.nextSendDue = false;
    for (const message of world.resendsWaiting.splice(0)) this.answer(message, 'status');
    this.enter('awaitingCode');
  }

  /** A failed re-send leaves earlier codes valid. */
  protected failSend(type: string): void {
    const { world } = this;
    world.automaticResends = false;
    const ends = codeEnds(world);
    const works = ends !== undefined && !world.cooldownWaived && !this.past(ends);
    this.goOnWithout('ResendFailed', works, type);
  }

  protected goOnWithout(told: string, goesOn: boolean, failure: string): void {
    if (!goesOn) {
      this.world.failure = failure;
      this.end('failed');
      return;
    }
    for (const message of this.world.resendsWaiting.splice(0)) this.answer(message, told);
    this.awaitCode();
  }

  awaitCode(): void {
    const { world } = this;
    world.firstSendSettled = true;
    this.enter('awaitingCode');
    const at = automaticResend(world);
    if (world.automaticResends && at !== undefined && !world.changePending) this.later(at);
  }

  protected enter(state: 'awaitingCode' | 'awaitingToken'): void {
    this.world.state = state;
    this.world.retryAt = undefined;
  }

  protected later(at: number): void {
    const { world } = this;
    if (at >= world.expiresAt || world.nextSendAt === at) return;
    // A timer for a time that has passed rings at once.
    world.nextSendDue = at <= world.now;
    world.nextSendAt = world.nextSendDue ? undefined : at;
  }

  protected answerJoins(): void {
    if (!this.world.firstSendSettled) return;
    for (const message of this.world.joinsWaiting.splice(0)) this.answer(message, 'status');
  }

  /** Continues a send that was waiting for a token. */
  protected resume(): void {
    const { world } = this;
    if (world.state !== 'awaitingToken') return;
    if (!world.sendWanted) {
      this.awaitCode();
      return;
    }
    world.firstSendSettled = counted(world).length > 0;
    world.state = 'sending';
  }
}
