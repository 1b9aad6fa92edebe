/** One person in a story: plays it on the rig, and compares the verification with the model. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isVerifiedValue } from '@cognito-verification/client';
import type { VerificationStatus } from '@cognito-verification/contract';
import type { SandboxUser } from '../rig.js';
import { Caller, NEW_VALUE, nameOf } from './caller.js';
import { adopted, differences, different, type Seen } from './compare.js';
import type { Troubles } from './faults.js';
import type { Message } from './messages.js';
import { open, receive, START } from './model.js';
import { keepsItsPromises } from './promises.js';
import { type ModelRig, OPERATIONS } from './rig.js';
import { type Ask, changesValue, type Round, rulesOf, type Story } from './scenario.js';
import { pass } from './time.js';
import { Watcher, wasThrottled } from './watcher.js';
import { isEnd, MINUTE, type World } from './world.js';

/** The verification matches none of the worlds that the rules allow. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

/** A broken promise, whatever the model says: one occurrence is enough. */
export class BrokenPromise extends Violation {
  override readonly name = 'BrokenPromise';
}

/** Holds for messages that may arrive during a long call for a code: the next call for it uses the best token by then. */
const bringsCodeOrToken = (ask: Ask) =>
  ask.startsWith('submit') || ask.startsWith('renew') || ask === 'resendWithFreshToken';

/** Holds for messages with another token that wait for their answer. */
const waitsUnproven = (ask: Ask) => ask.endsWith('Token') && !ask.startsWith('renew');
/** The number of the value that must be verified; where the old one is kept, any that took its place. */
const targetOf = ({ target, changePending, cognito }: World) => (changePending ? cognito.value : target?.value) ?? 0;

export class Person {
  private caller!: Caller;
  private watcher!: Watcher;
  worlds: World[] = [];
  /** What happened, for the report of a violation. */
  readonly log: string[] = [];
  readonly asked: string[] = [];
  /** The states that occurred. */
  readonly states = new Set<string>();
  private readonly answers = new Map<number, string>();
  private readonly posted: number[] = [];
  private readonly tellings = new Set<Promise<unknown>>();
  private over = false;
  /** What goes wrong at the moment. */
  private troubles: Troubles;

  constructor(
    private readonly rig: ModelRig,
    readonly story: Story,
  ) {
    this.troubles = story.troubles;
  }

  async start(): Promise<void> {
    const { rig, story } = this;
    const { attributeName, alreadySent, verified, reverify, keeps, told, troubles } = story;
    this.caller = await Caller.signUp(rig, story);
    this.watcher = new Watcher(rig, this.caller, attributeName);
    const token = await this.caller.mint(story.tokenLives);
    if (alreadySent) await this.caller.changeTo(NEW_VALUE);
    this.trouble(troubles);
    const from = await rig.now();
    this.post(START, this.caller.start());
    await this.exists();
    await this.answered();
    const newValue = changesValue(story) ? NEW_VALUE : undefined;
    const rules = rulesOf(story);
    const opening = { rules, token, alreadySent, verified, reverify, newValue, keeps, told, troubles };
    this.log.push(`start ${JSON.stringify({ ...story, rounds: undefined })}`);
    await this.compare('start', async () => open(opening, { from, to: await rig.now() }));
  }

  /** Plays the messages of a round. `passing` sets the next troubles, so that they apply while time passes. */
  async play({ asks, together }: Round): Promise<void> {
    if (this.over) return;
    const crossing = together && this.atRest && this.mayCross(asks);
    const groups = crossing ? [asks] : asks.map((ask) => [ask]);
    for (const group of groups) if (group.length > 0) await this.ask(group);
  }

  passing(troubles: Troubles): void {
    this.troubles = troubles;
    if (!this.over) this.trouble(troubles);
  }

  /** After a violation: nothing goes wrong any more, lest its retries hold up the others for all the time that passes. */
  leave(): void {
    if (this.caller) this.trouble({});
  }

  private trouble(troubles: Troubles): void {
    this.rig.trouble(this.user, troubles, changesValue(this.story) ? 'update' : 'send');
  }

  async passed(to: number, troubles: Troubles): Promise<void> {
    if (this.over) return;
    this.log.push(`${new Date(to).toISOString()} ${JSON.stringify(troubles)}`);
    await this.compare('time', async () => this.worlds.flatMap((world) => pass(world, to, troubles)), true);
  }

  /** The answers to the messages. */
  told(): string[] {
    return [...this.answers.values()];
  }

  /** The workflow id. */
  get id(): string {
    return this.caller.id;
  }

  /** The tokens that were brought. */
  get tokens(): readonly string[] {
    return this.caller.jwts;
  }

  get user(): SandboxUser {
    return this.caller.user;
  }

  /** How often the user has changed the value. */
  get changes(): number {
    return this.caller.changes;
  }

  /** The value of this number. */
  valueOf(number: number): string {
    return this.caller.valueOf(number);
  }

  /** What Cognito held at the end. */
  get held() {
    return this.caller.held;
  }

  get unanswered(): number {
    return this.posted.length - this.answers.size;
  }

  get isOver(): boolean {
    return this.worlds.every(({ state }) => isEnd(state));
  }

  /** Expects an end, an answer to every message, and every promise kept. */
  async end(): Promise<World> {
    const { rig, id } = this;
    const [world] = this.worlds;
    if (!world || !this.isOver) throw new Violation(this.tell(['it has no end'], 'end'));
    await Promise.race([Promise.all(this.tellings), sleep(this.rig.patienceMs, undefined, { ref: false })]);
    await this.compare('end', async () => this.worlds);
    const outcome = await rig.client.wait(id);
    const broken = await keepsItsPromises(rig, this, outcome);
    if (broken.length > 0) throw new BrokenPromise(this.tell(broken, 'end'));
    if (outcome.proof !== undefined && !this.worlds.some(({ proof }) => proof === outcome.proof)) {
      const problem = `proven as ${outcome.proof}, the model says ${world.proof}`;
      throw new Violation(this.tell([problem], 'end'));
    }
    if (outcome.outcome === 'verified' && outcome.proof !== 'trusted') {
      const proven = this.worlds.some((one) => isVerifiedValue(outcome, this.caller.valueOf(targetOf(one))));
      if (!proven) throw new BrokenPromise(this.tell(['verified is another value than the one of the code'], 'end'));
    }
    return world;
  }

  /** Nothing waits, so that messages meet only each other. */
  private get atRest(): boolean {
    return this.worlds.every(({ riding, check, look }) => !riding && !check && !look);
  }

  /** Whether the model can follow these messages; if not, they are sent one after the other. */
  private mayCross(asks: readonly Ask[]): boolean {
    const { confirmation } = rulesOf(this.story);
    const has = (...some: Ask[]) => some.some((ask) => asks.includes(ask));
    const troubles: Troubles = this.worlds[0]?.cognito.troubles ?? {};
    const { attempt, read, send } = troubles;
    const onlySlow = attempt?.name.startsWith('slow') && !read && !send && asks.every(bringsCodeOrToken);
    if ((attempt || read || send) && !onlySlow) return this.floods(asks);
    if (has('join', 'joinWithForgedToken', 'verifyElsewhere', 'changeValue', 'changeValueBack', 'revokeTokens'))
      return false;
    // Of those whose token does not count one waits at a time, whichever comes first.
    if (asks.filter(waitsUnproven).length > 1) return false;
    if (has('confirm') && confirmation === 'recheck') return false;
    const sends = has('resend', 'resendWithFreshToken', 'resendWithForgedToken');
    // A renewal has that place too, for a moment.
    if (asks.some(waitsUnproven) && asks.some((ask) => ask.startsWith('renew'))) return false;
    const renews = has('renew', 'renewForAMoment', 'renewWithFirstToken');
    if (renews && !this.tokensGood) return false;
    const forged = has('renewWithForgedToken', 'submitWrongWithForgedToken', 'resendWithForgedToken');
    return !(sends && (forged || has('confirm', 'cancel')));
  }

  /** No token is refused, so that it does not matter whether another arrives a moment sooner or later. */
  private get tokensGood(): boolean {
    return this.worlds.every(({ tokens, offered, accepted, now }) =>
      [...offered, accepted ?? -1].every((held) => tokens[held]?.good && tokens[held].expiresAt > now + MINUTE),
    );
  }

  /** Many of one kind at once. */
  private floods(asks: readonly Ask[]): boolean {
    return new Set(asks).size === 1 && (asks[0] === 'submitWrong' || asks[0] === 'submitNewest');
  }

  private async ask(asks: readonly Ask[]): Promise<void> {
    const { rig } = this;
    const messages: (Message & { id: number })[] = [];
    for (const ask of asks)
      messages.push({ ...(await this.caller.decide(ask, this.worlds)), id: this.posted.length + messages.length });
    this.log.push(asks.join(' + '));
    this.asked.push(...asks);
    const from = await rig.now();
    for (const [index, message] of messages.entries()) {
      this.post(message.id, this.caller.send(message, this.worlds));
      const next = messages[index + 1];
      if (message.kind === 'submit' && next && next.kind !== 'submit') await this.isWithCognito(message.id);
    }
    await this.peek();
    await this.answered();
    const way = async () => {
      const span = { from, to: await rig.now() };
      return this.worlds.flatMap((world) => receive(world, messages, span));
    };
    await this.compare(asks.join(' + '), way);
  }

  private get attemptsAreSlow(): boolean {
    return this.worlds.some(({ cognito }) => cognito.troubles.attempt?.name.startsWith('slow'));
  }

  /** Waits until a code is with Cognito, where it stays for a while, so that the next message arrives meanwhile. */
  private async isWithCognito(message: number): Promise<void> {
    const { rig, user } = this;
    if (!this.attemptsAreSlow) return;
    const ownAttempts = { operation: OPERATIONS.attempt, username: user.username };
    const until = Date.now() + 500;
    while (!this.answers.has(message) && Date.now() < until) {
      if (rig.base.sandbox.calls(ownAttempts).some(({ outcome }) => outcome === 'pending')) return;
      await sleep(5);
    }
  }

  /** Checks the status while calls are with Cognito: each of them must already be counted. */
  private async peek(): Promise<void> {
    const { rig, user } = this;
    if (!this.attemptsAreSlow) return;
    await sleep(60);
    const allCalls = rig.base.sandbox.calls({ operation: OPERATIONS.attempt, username: user.username });
    const calls = allCalls.filter((call) => !wasThrottled(call));
    const asking = calls.filter(({ outcome }) => outcome === 'pending').length;
    const { attempts } = await rig.client.status(this.id);
    const listed = attempts.filter(({ outcome }) => outcome === 'checking').length;
    // An attempt may have been answered since; but one that is under way is never missing.
    const answered = attempts.length - calls.length + asking;
    if (asking > 0 && listed === 0 && answered < 1)
      throw new BrokenPromise(this.tell(['an attempt is with Cognito and was not counted'], 'peek'));
  }

  private post(message: number, sent: Promise<string>): void {
    this.posted.push(message);
    const telling = sent.then(
      (answer) => this.answers.set(message, answer),
      (error: unknown) => this.answers.set(message, nameOf(error)),
    );
    this.tellings.add(telling);
  }

  /** Waits for the answers. Most come at once; for the others it polls. */
  private async answered(): Promise<void> {
    await Promise.race([Promise.all(this.tellings), sleep(100, undefined, { ref: false })]);
  }

  private async exists(): Promise<void> {
    const until = Date.now() + this.rig.patienceMs;
    while (!(await this.rig.describe(this.id))) {
      if (this.answers.has(START) || Date.now() > until)
        throw new Violation(this.tell([`start: ${this.answers.get(START)}`], 'start'));
      await sleep(10);
    }
  }

  /** Compares the verification with every world, and keeps the worlds that match. */
  private async compare(step: string, ways: () => Promise<World[]>, loose = false): Promise<void> {
    const until = Date.now() + this.rig.patienceMs;
    const roughly = loose || !this.atRest;
    for (;;) {
      const seen: Seen = {
        ...(await this.watcher.see(this.mayWait, until)),
        answers: this.answers,
        posted: this.posted,
      };
      const worlds = await ways();
      const compared = worlds.map((world) => ({ world, found: differences(world, seen, roughly) }));
      const right = compared.filter(({ found }) => found.length === 0);
      if (right.length > 0) {
        this.worlds = different(right.map(({ world }) => adopted(world, seen)));
        this.over = this.isOver;
        this.states.add(seen.status.state);
        return;
      }
      if (Date.now() > until) {
        const nearest = compared.toSorted((a, b) => a.found.length - b.found.length)[0];
        throw new Violation(this.tell(nearest?.found ?? ['no world'], step, seen.status));
      }
      await sleep(100);
    }
  }

  /** Whether calls may be retried at the moment, because a fault lasts. */
  private get mayWait(): boolean {
    const { send, attempt, read } = this.troubles;
    return [send, attempt, read].some((set) => set && !set.once) || !this.atRest;
  }

  private tell(problems: readonly string[], step: string, status?: VerificationStatus): string {
    const steps = this.log.map((line, index) => `  ${index + 1}. ${line}`);
    const seen = status ? [`seen: ${JSON.stringify(status)}`] : [];
    const calls = this.rig.base.sandbox
      .calls({ username: this.user.username })
      .map(({ at, operation, outcome, effect }) => `  ${at} ${operation} ${outcome} ${effect ?? ''}`);
    return [
      `${this.id}, at "${step}":`,
      ...problems.map((text) => `- ${text}`),
      'steps:',
      ...steps,
      ...seen,
      'calls:',
      ...calls,
    ].join('\n');
  }
}
