/**
 * One verification: what it was asked, who owns which fact, and how it reports: the search attributes, the card in the Web
 * UI, and the status, which status.ts makes. policy.ts decides what follows from the facts, and attribute-verification.ts
 * does it.
 */
import {
  isFinal,
  type ListedState,
  type ParsedRequest,
  type VerificationState,
  type VerificationStatus,
} from '@cognito-verification/contract';
import { setCurrentDetails } from '@temporalio/workflow';
import { AccessTokens } from './access-tokens.js';
import { Deadline } from './alarm.js';
import { Attempts } from './attempts.js';
import { Earlier } from './earlier.js';
import type { LimitFacts, ResendFacts } from './limits.js';
import { Listing } from './listing.js';
import { liveCard } from './live-card.js';
import { Looks } from './looks.js';
import { Mailbox } from './mailbox.js';
import { Opening } from './opening.js';
import type { Ending, EventFacts } from './policy.js';
import { Sends } from './sends.js';
import type { Stamps } from './stamps.js';
import { isChecked } from './standing.js';
import { statusOf } from './status.js';
import { type Claim, claimOf, LONGEST_DEADLINE_MS, Terms } from './terms.js';

export class Verification {
  readonly mailbox = new Mailbox();
  readonly tokens: AccessTokens;
  readonly terms: Terms;
  readonly deadline: Deadline;
  readonly looks: Looks;
  readonly earlier: Earlier;
  readonly sends: Sends;
  readonly attempts: Attempts;
  readonly opening: Opening;
  private state: VerificationState = 'sending';
  private readonly listing: Listing;
  private ending: Ending | undefined;
  private hasMadeWay = false;
  /** The newest request for another value that counts: what the user wants by now. */
  private heir: Claim | undefined;

  /** @throws InvalidInputError when the token of the input has expired. */
  constructor(
    readonly request: ParsedRequest,
    private readonly startedAtMs: number,
    readonly stamps: Stamps,
    input?: unknown,
  ) {
    this.listing = new Listing(request);
    this.tokens = new AccessTokens(request.owner);
    this.tokens.checkAlive(request.tokenInput, startedAtMs);
    this.opening = new Opening(input, claimOf(input, request.attributeName, startedAtMs));
    this.terms = new Terms(this.opening.claim);
    const token = this.tokens.of(request.tokenInput, isChecked(input));
    token.claims.push(this.opening.claim);
    this.tokens.offer(token, startedAtMs);
    this.deadline = new Deadline(this.terms.expiresAtMs);
    this.looks = new Looks(this);
    this.earlier = new Earlier(request, startedAtMs, stamps);
    this.sends = new Sends(this);
    this.attempts = new Attempts(this);
  }

  /** Sets the deadline's timer, counts what limits this verification, and takes in a code that Cognito has sent by itself. */
  begin(): void {
    this.takeRequests();
    this.deadline.begin();
    this.listing.begin();
    this.earlier.begin();
    this.sends.begin();
  }

  /** Takes a request that counts. */
  takeRequest(): void {
    const claim = this.tokens.takeRequest();
    if (!claim) return;
    if (this.isSupersededBy(claim)) {
      this.supersede(claim);
      return;
    }
    const isAnother = this.terms.take(claim);
    this.deadline.move(Math.min(this.terms.expiresAtMs, this.startedAtMs + LONGEST_DEADLINE_MS));
    this.sends.deadlineMoved();
    if (claim === this.opening.claim) return;
    // What else it asks for it tells to the verification that it then opens.
    if (this.exhausted) this.mailbox.startedAgain = true;
    else this.sends.takeClaim(claim, { isAnother });
  }

  private supersede(claim: Claim): void {
    this.mailbox.superseded = true;
    this.heir = claim;
    this.sends.callOff();
  }

  /** It wants another value than the one that this verification is about, or says that Cognito has changed the value by itself. */
  isOfAnotherValue({ newValue, alreadySent }: Pick<Claim, 'newValue' | 'alreadySent'>): boolean {
    const ours = this.terms.change.newValue;
    if (newValue === undefined) return ours !== undefined && alreadySent !== undefined;
    return !ours?.equals(newValue);
  }

  /** Where no request has counted yet, the first that does is in force, unless a code may have been asked for another value. */
  private isSupersededBy(claim: Claim): boolean {
    if (this.terms.proven) return this.isOfAnotherValue(claim);
    return this.sends.askedForAnother(claim.newValue ?? this.terms.change.newValue);
  }

  /** Takes all requests that count. */
  takeRequests(): void {
    while (this.tokens.requestsCounting > 0) this.takeRequest();
  }

  /** What a token that has come is worth is not known yet, or what it brings was not taken. */
  get tokenAwaitsItsTurn(): boolean {
    return this.tokens.announced || this.tokens.requestsCounting > 0 || this.looks.settlesToken;
  }

  /**
   * The one writer of the state. It tells people and callers where the verification stands; decisions ask the owner of a fact.
   * @param listed what the list says of it, where that is not what it says of every verification in this state
   */
  enter(state: VerificationState, listed?: ListedState): void {
    // What settles while the end waits for it changes nothing.
    if (this.ended) return;
    this.state = state;
    this.listing.enter(state, listed);
  }

  /** Enters the final state. */
  end(ending: Ending): void {
    this.ending = ending;
    if (this.changing) this.sends.callOff();
    this.sends.end();
    this.enter(ending.outcome);
  }

  get ended(): boolean {
    return isFinal(this.state);
  }

  /** A code, or a confirmation, could not be checked for lack of a token. A send that lacks one says so itself. */
  lackToken(): void {
    if (this.state === 'awaitingCode') this.enter('awaitingToken');
  }

  /** The target is known. */
  targetRead(): void {
    this.sends.targetRead();
  }

  /** The token that came with a code was good, so what waits for a token can go on. */
  tokenProved(): void {
    if (this.state === 'awaitingToken') this.tokens.announce();
  }

  /** A token has come, or proved good: what waits for one goes on. */
  takeToken(): void {
    if (!this.tokens.takeAnnouncement()) return;
    this.looks.resume();
    this.sends.resume();
  }

  /** The deadline has passed: a last look tells whether the attribute has become verified all the same. */
  conclude(): Promise<Ending> {
    this.earlier.cancel();
    if (this.terms.change.newValue) this.sends.callOff();
    else this.sends.cancel();
    return this.looks.conclude(!this.sends.records.nothingSent);
  }

  /** What earlier verifications leave is known. */
  takeEarlierCount(): void {
    this.earlier.settle();
    this.sends.earlierCounted();
  }

  /** No attempts are left, and no code was accepted. */
  get exhausted(): boolean {
    return this.attempts.usedUp && !this.looks.codeAccepted;
  }

  /**
   * A start has come, and no attempts are left, or it asks for another value: this verification makes way for the next, which the
   * start then opens.
   */
  async makeWay(): Promise<Ending | undefined> {
    const { superseded } = this.mailbox;
    if (!this.exhausted && !superseded) {
      this.mailbox.startedAgain = false;
      return undefined;
    }
    // The start waits for the end.
    const ending = await this.conclude();
    this.hasMadeWay = !superseded && ending.outcome === 'expired';
    const reason = superseded ? 'Superseded' : 'AttemptsExhausted';
    return ending.outcome === 'expired' ? { ...ending, reason: ending.reason ?? reason } : ending;
  }

  /**
   * A value is with Cognito, so that the next verification may not begin: Cognito may take two that it is asked for at once in any
   * order, and the one that the user has corrected would be the last.
   */
  get changing(): boolean {
    const changes = this.terms.change.newValue !== undefined || this.mailbox.superseded;
    return changes && this.sends.state === 'underWay';
  }

  /**
   * It has ended, and a start opens the next one: each that met it without attempts left, and the newest that wants another value
   * or came after the end. One that waited for this value, or for one in between, must not bring it back.
   * @param claim of that start; undefined for the one that opened this verification, and where its token does not count
   * @param isLate it came after the end
   */
  makesWayFor(claim: Claim | undefined, isLate: boolean): boolean {
    if (!claim || this.hasMadeWay) return isLate || this.hasMadeWay;
    const wantsNext = isLate || (this.ended && this.isOfAnotherValue(claim));
    return wantsNext && (this.heir === undefined || this.heir === claim);
  }

  /** A start that counts has come after the end: it says what the user wants by now. */
  takeLateRequest(claim: Claim): void {
    this.heir = claim;
  }

  /** What decides the next event. */
  get facts(): EventFacts {
    const { mailbox, tokens, terms, deadline, looks, earlier, sends, attempts } = this;
    return {
      earlierCount: earlier.state,
      requestsCounting: tokens.requestsCounting,
      startedAgain: mailbox.startedAgain,
      superseded: mailbox.superseded,
      confirmed: mailbox.confirmed && terms.confirmable,
      lookup: looks.state,
      lookDue: looks.due,
      lookDecides: looks.decides,
      codeAccepted: looks.codeAccepted,
      attempt: attempts.state,
      attemptUncounted: attempts.anyUncounted,
      send: sends.state,
      sendFoundVerified: sends.foundVerified,
      codesSubmitted: mailbox.codes.length,
      resendsRequested: mailbox.resends.length,
      deadlinePassed: deadline.passed,
      lateCodeTaken: attempts.lateTaken,
      codeAlreadySent: mailbox.alreadySent !== undefined,
      tokenOffered: tokens.announced,
      sendDue: sends.due,
    };
  }

  /** What limits sends and attempts. */
  get limits(): LimitFacts {
    const { terms, sends, attempts, earlier } = this;
    return {
      policy: terms.policy,
      sends: sends.records.all,
      attempts: attempts.records,
      earlier: earlier.calls,
    };
  }

  /** What decides whether a re-send is allowed. */
  get resendFacts(): ResendFacts {
    return {
      ...this.limits,
      ...this.sends.facts,
      state: this.state,
      hasToken: this.tokens.usable(Date.now()).length > 0,
      changePending: this.looks.changePending,
      codeAccepted: this.looks.codeAccepted,
    };
  }

  /** Writes the card that the Web UI shows. */
  show(): void {
    setCurrentDetails(liveCard(this.status(), Date.now()));
  }

  /** Where it stands. */
  status(): VerificationStatus {
    return statusOf(this, this.state, this.ending);
  }
}
