/** One person in a story: plays it on the rig, and holds what is seen against the model. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerificationStatus } from '@cognito-verification/contract';
import type { SandboxUser } from '../rig.js';
import { Caller, nameOf } from './caller.js';
import { adopted, differences, different, type Seen } from './compare.js';
import type { Troubles } from './faults.js';
import type { Message } from './messages.js';
import { open, receive, START } from './model.js';
import { keepsItsPromises } from './promises.js';
import { type ModelRig, OPERATIONS } from './rig.js';
import type { Ask, Round, Story } from './scenario.js';
import { pass } from './time.js';
import { Watcher, wasThrottled } from './watcher.js';
import { isEnd, MINUTE, type World } from './world.js';

/** What is seen is none of the worlds that the rules allow. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

/** What holds whatever the model says does not: once is enough. */
export class BrokenPromise extends Violation {
  override readonly name = 'BrokenPromise';
}

/** What may come while a code is with Cognito for long: the next call for it is made with the best token by then. */
const bringsCodeOrToken = (ask: Ask) =>
  ask.startsWith('submit') || ask.startsWith('renew') || ask === 'resendWithFreshToken';

export class Person {
  private caller!: Caller;
  private watcher!: Watcher;
  worlds: World[] = [];
  /** What was done, for whoever reads of a violation. */
  readonly log: string[] = [];
  readonly asked: string[] = [];
  /** The states that were seen. */
  readonly states = new Set<string>();
  private readonly answers = new Map<number, string>();
  private readonly posted: number[] = [];
  private readonly tellings = new Set<Promise<unknown>>();
  private over = false;
  /** What goes wrong now. */
  private troubles: Troubles;

  constructor(
    private readonly rig: ModelRig,
    readonly story: Story,
  ) {
    this.troubles = story.troubles;
  }

  async start(): Promise<void> {
    const { rig, story } = this;
    const { attributeName, alreadySent, rules, verified, troubles } = story;
    this.caller = await Caller.signUp(rig, story);
    this.watcher = new Watcher(rig, this.caller, attributeName);
    const token = await this.caller.mint(story.tokenLives);
    if (alreadySent) await rig.sendByItself(this.caller.user, attributeName);
    rig.trouble(this.caller.user, troubles);
    const from = await rig.now();
    this.post(START, this.caller.start());
    await this.exists();
    await this.answered();
    const opening = { rules, token, alreadySent, verified, troubles };
    this.log.push(`start ${JSON.stringify({ ...story, rounds: undefined })}`);
    await this.compare('start', async () => open(opening, { from, to: await rig.now() }));
  }

  /** One round's messages. What goes wrong next is set by `passing`, so that it is there while time passes. */
  async play({ asks, together }: Round): Promise<void> {
    if (this.over) return;
    const crossing = together && this.atRest && this.mayCross(asks);
    const groups = crossing ? [asks] : asks.map((ask) => [ask]);
    for (const group of groups) if (group.length > 0) await this.ask(group);
  }

  passing(troubles: Troubles): void {
    this.troubles = troubles;
    if (!this.over) this.rig.trouble(this.user, troubles);
  }

  async passed(to: number, troubles: Troubles): Promise<void> {
    if (this.over) return;
    this.log.push(`${new Date(to).toISOString()} ${JSON.stringify(troubles)}`);
    await this.compare('time', async () => this.worlds.flatMap((world) => pass(world, to, troubles)), true);
  }

  /** What the messages were told. */
  told(): string[] {
    return [...this.answers.values()];
  }

  /** Its workflow id. */
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

  get unanswered(): number {
    return this.posted.length - this.answers.size;
  }

  get isOver(): boolean {
    return this.worlds.every(({ state }) => isEnd(state));
  }

  /** The end: it has one, everyone was answered, and what was promised was kept. */
  async end(): Promise<World> {
    const { rig, id } = this;
    const [world] = this.worlds;
    if (!world || !this.isOver) throw new Violation(this.tell(['it has no end'], 'end'));
    await Promise.race([Promise.all(this.tellings), sleep(this.rig.patienceMs, undefined, { ref: false })]);
    await this.compare('end', async () => this.worlds);
    const outcome = await rig.client.wait(id);
    const broken = await keepsItsPromises(rig, this, outcome);
    if (broken.length > 0) throw new BrokenPromise(this.tell(broken, 'end'));
    if (
      outcome.confirmedBy !== undefined &&
      !this.worlds.some(({ confirmedBy }) => confirmedBy === outcome.confirmedBy)
    ) {
      const problem = `confirmed by ${outcome.confirmedBy}, the model says ${world.confirmedBy}`;
      throw new Violation(this.tell([problem], 'end'));
    }
    return world;
  }

  /** Nothing waits, so that messages meet each other and nothing else. */
  private get atRest(): boolean {
    return this.worlds.every(({ riding, check, look }) => !riding && !check && !look);
  }

  /** What the model can follow; the others are sent one after the other. */
  private mayCross(asks: readonly Ask[]): boolean {
    const { confirmation } = this.story.rules;
    const has = (...some: Ask[]) => some.some((ask) => asks.includes(ask));
    const troubles: Troubles = this.worlds[0]?.cognito.troubles ?? {};
    const { attempt, read, send } = troubles;
    const onlySlow = attempt?.name.startsWith('slow') && !read && !send && asks.every(bringsCodeOrToken);
    if ((attempt || read || send) && !onlySlow) return this.floods(asks);
    if (has('join', 'joinWithForgedToken', 'verifyElsewhere', 'revokeTokens')) return false;
    if (has('confirm') && confirmation === 'recheck') return false;
    const sends = has('resend', 'resendWithFreshToken', 'resendWithForgedToken');
    const renews = has('renew', 'renewForAMoment', 'renewWithFirstToken');
    if (renews && !this.tokensGood) return false;
    const forged = has('renewWithForgedToken', 'submitWrongWithForgedToken', 'resendWithForgedToken');
    return !(sends && (forged || has('confirm', 'cancel')));
  }

  /** None is refused, so that it does not matter whether another one comes a moment sooner or later. */
  private get tokensGood(): boolean {
    return this.worlds.every(({ tokens, offered, accepted, now }) =>
      [...offered, accepted ?? -1].every((held) => tokens[held]?.good && tokens[held].expiresAt > now + MINUTE),
    );
  }

  /** Many of the same at once. */
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

  /** Waits until a code is with Cognito, where it is for a while, so that what is sent next comes meanwhile. */
  private async isWithCognito(message: number): Promise<void> {
    const { rig, user } = this;
    if (!this.attemptsAreSlow) return;
    const asked = { operation: OPERATIONS.attempt, username: user.username };
    const until = Date.now() + 500;
    while (!this.answers.has(message) && Date.now() < until) {
      if (rig.base.sandbox.calls(asked).some(({ outcome }) => outcome === 'pending')) return;
      await sleep(5);
    }
  }

  /** Looks at it while calls are with Cognito: each that has arrived there was counted before. */
  private async peek(): Promise<void> {
    const { rig, user } = this;
    if (!this.attemptsAreSlow) return;
    await sleep(60);
    const made = rig.base.sandbox.calls({ operation: OPERATIONS.attempt, username: user.username });
    const calls = made.filter((call) => !wasThrottled(call));
    const asking = calls.filter(({ outcome }) => outcome === 'pending').length;
    const { attempts } = await rig.client.status(this.id);
    const listed = attempts.filter(({ outcome }) => outcome === 'checking').length;
    // It may have been answered since; but one that is under way is never missing.
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

  /** Mostly at once; what takes longer is waited for by looking at it. */
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

  /** Holds what is seen against every world; what fits goes on. */
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

  /** Whether something may be tried again and again now: what goes wrong lasts. */
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
