/** A stage asks one group of questions, with test users of its own, in steps that another process can go on with. */
import { randomInt } from 'node:crypto';
import type { Answer } from './cognito-calls.js';
import type { Judgement } from './judgement.js';
import type { CodeQuestion, Inbox, Setting, Tester } from './setting.js';
import type { Seen, State, StateStore } from './state.js';
import { TestUser, USER_PREFIX } from './test-user.js';

/** The most messages that a stage sends. */
export type Messages = Readonly<Record<Inbox, number>>;

/** One group of questions. */
export interface Stage {
  /** Part of the names of its test users. */
  readonly name: string;
  /** What it asks, as a phrase. */
  readonly title: string;
  readonly messages: Messages;
  /** Why it is left out; undefined if it is not. */
  readonly notAsked?: string | undefined;
  /** Asks Cognito. */
  ask(steps: Steps): Promise<void>;
  /** Says what the answers mean. A stage that was left out has seen nothing. @param all what all stages have seen */
  judge(seen: SeenOfStage, judgement: Judgement, all: State['seen']): void;
}

/** What the steps of a stage have seen, by their names. */
export type SeenOfStage = Readonly<Record<string, Seen | undefined>>;

/** What was measured can no longer be measured with these users: the stage begins anew, with others. */
export class BeginAnew extends Error {
  override readonly name = 'BeginAnew';
}

/** By which steps a message comes, and where to. */
interface Mailing {
  readonly sentBy: string;
  readonly nextBy?: string;
  /** Default: `email`. */
  readonly inbox?: Inbox;
}

const POLL_MS = 5_000;

/** The steps of one stage. */
export class Steps {
  private readonly users = new Map<string, TestUser>();

  constructor(
    private readonly stage: string,
    private readonly state: State,
    private readonly store: StateStore,
    readonly setting: Setting,
  ) {}

  /** What a step has seen; undefined if it was not taken yet. */
  seen(step: string): Seen | undefined {
    return this.state.seen[this.stage]?.[step] as Seen | undefined;
  }

  /**
   * Takes a step that must not be repeated with the same user. If the process dies before what the step has seen is written,
   * the stage begins anew.
   */
  async once<Result extends Seen>(step: string, act: () => Promise<Result>): Promise<Result> {
    const seen = this.seen(step);
    if (seen !== undefined) return seen as Result;
    this.setting.checkGoesOn();
    this.state.begun = { stage: this.stage, step };
    await this.store.save(this.state);
    return await this.record(step, await act());
  }

  /** Takes a step that changes nothing, or no more when it is repeated. */
  async repeatable<Result extends Seen>(step: string, act: () => Promise<Result>): Promise<Result> {
    const seen = this.seen(step);
    if (seen !== undefined) return seen as Result;
    this.setting.checkGoesOn();
    return await this.record(step, await act());
  }

  /** A test user of this stage; makes it if it is not there yet. */
  async user(role: string, attributes: Readonly<Record<string, string>>): Promise<TestUser> {
    const name = `${USER_PREFIX}${this.state.id}-${this.stage}-${role}-${this.state.restarts[this.stage] ?? 0}`;
    const user = this.users.get(name) ?? new TestUser(this.setting.calls, name);
    this.users.set(name, user);
    await this.once(`user ${role}`, async () => {
      this.state.users.push({ name, stage: this.stage });
      // Before the user is there: a process that dies then leaves a name that a clean-up finds.
      await this.store.save(this.state);
      await user.create(attributes);
      return true;
    });
    return user;
  }

  /** Deletes a test user before the stage ends, so that its address is free. */
  async drop(role: string, user: TestUser): Promise<void> {
    await this.repeatable(`no user ${role}`, async () => {
      await user.delete();
      return true;
    });
  }

  /**
   * The code of the user's message with this number. It is asked for when it is needed.
   * @param sentBy the step that sends it, and notes when
   * @param nextBy the step that sends the next message to the same inbox
   */
  code(user: TestUser, nth: number, { sentBy, nextBy, inbox = 'email' }: Mailing): MessageCode {
    return new MessageCode(this.setting.tester, () => ({
      user: user.name,
      nth,
      inbox,
      sentAt: this.sentAt(sentBy),
      isBeforeNewest: nextBy !== undefined && this.seen(nextBy) !== undefined,
    }));
  }

  /** When Cognito took the call of a step that sends. */
  sentAt(step: string): number | undefined {
    return (this.seen(step) as { at?: number } | undefined)?.at;
  }

  /** Submits a typed code. If Cognito refuses it, the code is typed once more, since a typing error would spoil the answer. */
  async submit(step: string, user: TestUser, code: MessageCode): Promise<Answer> {
    if (this.seen(step) === undefined) await code.get();
    const answer = await this.once(step, async () => await user.verify('email', await code.get()));
    if (answer !== 'CodeMismatchException' && answer !== 'ExpiredCodeException') return answer;
    const again = `${step}, typed again`;
    const before = this.seen(again) === undefined ? await code.get() : '';
    const corrected = this.seen(again) === undefined ? await code.typeAgain() : '';
    return await this.once(again, async () => (corrected === before ? answer : await user.verify('email', corrected)));
  }

  /**
   * Waits until a time.
   * @param latest after it the step makes no sense any more
   * @param what is waited for, as a phrase
   * @throws BeginAnew if it is later already
   */
  async waitUntil(time: number, latest: number, what: string): Promise<void> {
    const { clock } = this.setting;
    while (clock.now() < time) {
      this.setting.waiting(time, what);
      await clock.wait(Math.min(POLL_MS, time - clock.now()));
      this.setting.checkGoesOn();
    }
    if (clock.now() > latest) throw new BeginAnew();
  }

  private async record<Result extends Seen>(step: string, seen: Result): Promise<Result> {
    (this.state.seen[this.stage] ??= {})[step] = seen;
    delete this.state.begun;
    await this.store.save(this.state);
    return seen;
  }
}

/** The text that a step has seen: of a code that was typed once more, what came then. Undefined if it has seen no text. */
export function textOf(seen: SeenOfStage, step: string): string | undefined {
  const found = seen[`${step}, typed again`] ?? seen[step];
  return typeof found === 'string' ? found : undefined;
}

/** The code of one message, which the tester types. It is kept in memory only, and asked for again by another process. */
export class MessageCode {
  private typed: string | undefined;

  /** @param message as it is at the time of the question */
  constructor(
    private readonly tester: Tester,
    private readonly message: () => Omit<CodeQuestion, 'again'>,
  ) {}

  async get(): Promise<string> {
    this.typed ??= await this.tester.code({ ...this.message(), again: false });
    return this.typed;
  }

  async typeAgain(): Promise<string> {
    this.typed = await this.tester.code({ ...this.message(), again: true });
    return this.typed;
  }
}

/** A code of the same form that is another one. */
export function otherThan(code: string): string {
  const digits = code.replaceAll(/\d/g, (digit) => String((Number(digit) + 1) % 10));
  return digits === code ? String(randomInt(100_000, 1_000_000)) : digits;
}

/** The form of a text: a digit becomes `9`, a letter `x`. */
export function formOf(text: string): string {
  return text.replaceAll(/\p{N}/gu, '9').replaceAll(/\p{L}/gu, 'x');
}
