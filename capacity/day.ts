/**
 * One account in one region through the day, person by person: verifications start, wait for processors, allowance, task queue and
 * quotas, and people type codes, mistype them, and ask for another message.
 */
import type { CPU_SHARES, Happening } from './costs.js';
import type { CapacityInput } from './input.js';
import { type Person, peopleOf, RETYPE_SECONDS } from './people.js';
import { Agenda, Allowance, type CallKind, CallQueue, Processors, Quota } from './queues.js';

/** A step of a verification that takes CPU. */
type Step = keyof typeof CPU_SHARES;

/** What one account and its workers have. `Number.POSITIVE_INFINITY` where there is no limit. */
export type Account = Omit<CapacityInput, 'accounts' | 'startsByHour' | Limited> &
  Readonly<Record<Limited, number>> & {
    /** Starts in each slot of the day. */
    readonly starts: readonly number[];
    readonly slotSeconds: number;
    /** So many people each of them stands for, and so many calls each call. */
    readonly standsFor: number;
    /** CPU of each step of a verification, in milliseconds. `workerCores` are those of all workers. */
    readonly cpuMs: Readonly<Record<Step, { worker: number; server: number }>>;
  };

type Limited = 'workers' | 'emailsPerDay' | 'queueCallsPerSecond' | 'serverCores';

/** What came of all days that were tried. */
export interface Outcome {
  readonly counts: Record<Happening, number>;
  /** That Cognito has accepted. */
  messages: number;
  readonly slots: readonly SlotOutcome[];
  /** So much of a day each of these is, since several days were tried, or one person stood for several. */
  readonly each: number;
}

/** One slot of the day: calls that were wanted, those that were given to the task queue, and right codes. */
export interface SlotOutcome {
  firstSends: number;
  resends: number;
  codes: number;
  /** Before a first send, after a right code, and at the deadline where a message was sent. A further try looks again, uncounted. */
  looks: number;
  queued: number;
  verified: number;
  /** What the calls that were wanted in it waited, in seconds. */
  readonly sendDelays: number[];
  readonly codeDelays: number[];
}

/** A slot in which nothing has happened yet. */
export function emptySlot(): SlotOutcome {
  return { firstSends: 0, resends: 0, codes: 0, looks: 0, queued: 0, verified: 0, sendDelays: [], codeDelays: [] };
}

/** How long a call by the task queue may take in all, with its further tries: as `workflows/cognito-calls.ts` says. */
export const BUDGET_SECONDS: Readonly<Record<CallKind, number>> = { send: 600, attempt: 60, look: 20 };
/** How much of that each try may wait for its turn: more, and the call is given up. */
export const MOST_FOR_START: Readonly<Record<CallKind, number>> = { send: 0.9, attempt: 0.75, look: 1 };
/** A wait after a refused try: the least, and what is drawn besides, which is `first` at most, then twice as much, up to `longest`. */
export const BACKOFF_SECONDS = { least: 0.05, first: 1, longest: 30 } as const;
/** Nobody waits where CPU takes less. */
const A_MOMENT_SECONDS = 0.1;

/** One person's verification. */
interface Verification {
  readonly person: Person;
  readonly endsAt: number;
  /** Of the worker that has it. */
  readonly allowance: Allowance;
}

/** A call by the task queue of calls. */
interface Call {
  readonly kind: CallKind;
  readonly untilAt: number;
  readonly succeed: () => void;
  readonly giveUp: () => void;
  tries: number;
  isOver: boolean;
}

/** One day, which has ended when nothing is left to happen. */
export class Day {
  readonly agenda = new Agenda();
  people = 0;
  private readonly processors: Readonly<Record<'worker' | 'server', Processors>>;
  private readonly allowances: readonly Allowance[];
  private readonly quotas: Readonly<Partial<Record<CallKind, Quota>>>;
  private readonly queue: CallQueue<Call>;
  private emailsLeft: number;
  /** What happens after the last slot. */
  private readonly afterwards = emptySlot();

  constructor(
    private readonly account: Account,
    private readonly outcome: Outcome,
    private readonly random: () => number,
  ) {
    const { workers, directCallsPerSecond, queueCallsPerSecond, workerCores, serverCores, standsFor } = account;
    this.processors = { worker: new Processors(workerCores), server: new Processors(serverCores) };
    const allowed = Math.min(directCallsPerSecond, queueCallsPerSecond) / workers;
    this.allowances = Array.from({ length: workers }, () => new Allowance(allowed, standsFor));
    this.quotas = {
      attempt: new Quota(account.attemptsPerSecond, standsFor),
      send: new Quota(account.sendsPerSecond, standsFor),
    };
    this.queue = new CallQueue(this.agenda, random, queueCallsPerSecond, (call) => this.tryCall(call), standsFor);
    this.emailsLeft = account.emailsPerDay;
    this.openSlot(0);
  }

  private openSlot(slot: number): void {
    const { starts, slotSeconds } = this.account;
    const count = starts[slot];
    if (count === undefined) return;
    this.agenda.add(slot * slotSeconds, () => {
      const people = peopleOf([count], slotSeconds, this.account, this.random);
      this.people += people.length;
      this.startOne(people.values(), slot * slotSeconds);
      this.openSlot(slot + 1);
    });
  }

  private startOne(people: Iterator<Person>, slotAt: number): void {
    const { value: person, done } = people.next();
    if (done) return;
    const startsAt = slotAt + person.startsAtSeconds;
    this.agenda.add(startsAt, () => {
      this.startOne(people, slotAt);
      this.start({ person, endsAt: startsAt + this.account.deadlineSeconds, allowance: this.anyAllowance() });
    });
  }

  private anyAllowance(): Allowance {
    return this.allowances[Math.floor(this.random() * this.allowances.length)] as Allowance;
  }

  private slot(at: number): SlotOutcome {
    return this.outcome.slots[Math.floor(at / this.account.slotSeconds)] ?? this.afterwards;
  }

  private count(happening: Happening): void {
    this.outcome.counts[happening] += 1;
  }

  /** What a step takes of the processors, and then the rest. */
  private work(step: Step, then: () => void): void {
    const { worker, server } = this.account.cpuMs[step];
    const { now } = this.agenda;
    const doneAt = this.processors.worker.serve(this.processors.server.serve(now, server), worker);
    if (doneAt - now < A_MOMENT_SECONDS) then();
    else this.agenda.add(doneAt, then);
  }

  private start(one: Verification): void {
    const { agenda } = this;
    const since = agenda.now;
    this.slot(since).firstSends += 1;
    this.slot(since).looks += 1;
    const succeed = () => {
      this.slot(since).sendDelays.push(agenda.now - since);
      this.sent(one);
    };
    const giveUp = () => this.count(agenda.now < one.endsAt ? 'failed' : 'unsent');
    this.work('firstSend', () => {
      if (this.directly('send', one, 'refusedDirectSend')) succeed();
      else this.govern('send', one, 'queuedFirstSend', succeed, giveUp);
    });
  }

  private sent(one: Verification): void {
    const { now } = this.agenda;
    if (!this.message()) this.count('withoutEmail');
    else if (one.person.abandons) this.expire(one);
    else if (one.person.resends) this.before(one, now + this.account.resendAfterSeconds, () => this.resend(one));
    else this.typeLater(one);
  }

  private message(): boolean {
    if (this.emailsLeft < 1) return false;
    this.emailsLeft -= 1;
    this.outcome.messages += 1;
    return true;
  }

  private resend(one: Verification): void {
    const { agenda } = this;
    const since = agenda.now;
    this.slot(since).resends += 1;
    const succeed = () => {
      this.count('resend');
      if (this.message()) this.slot(since).sendDelays.push(agenda.now - since);
      this.typeLater(one);
    };
    const giveUp = () => {
      this.count('unsentResend');
      this.typeLater(one);
    };
    this.work('resend', () => this.govern('send', one, undefined, succeed, giveUp));
  }

  private typeLater(one: Verification): void {
    const step = one.person.mistypes ? 'wrongCode' : 'rightCode';
    this.before(one, this.agenda.now + one.person.codeSeconds, () => this.type(one, step, this.agenda.now));
  }

  /** @param since when it was typed first: a code without an answer is typed again */
  private type(one: Verification, step: 'wrongCode' | 'rightCode', since: number): void {
    const { agenda } = this;
    if (since === agenda.now) this.slot(since).codes += 1;
    const again = (next: typeof step, from?: number) =>
      this.before(one, agenda.now + RETYPE_SECONDS, () => this.type(one, next, from ?? agenda.now));
    const succeed = () => {
      this.slot(since).codeDelays.push(agenda.now - since);
      if (step === 'wrongCode') {
        this.count('wrongCode');
        again('rightCode');
      } else {
        this.count('verified');
        this.slot(agenda.now).verified += 1;
        this.slot(agenda.now).looks += 1;
      }
    };
    const giveUp = () => {
      this.count('typedAgain');
      again(step, since);
    };
    this.work(step, () => {
      if (this.directly('attempt', one, 'refusedDirectCode')) succeed();
      else this.govern('attempt', one, 'queuedCode', succeed, giveUp);
    });
  }

  /** What a person does, unless the verification ends before. */
  private before(one: Verification, at: number, act: () => void): void {
    if (at < one.endsAt) this.agenda.add(at, act);
    else this.expire(one);
  }

  private expire(one: Verification): void {
    this.agenda.add(one.endsAt, () => {
      this.count('expired');
      this.slot(one.endsAt).looks += 1;
      if (!one.allowance.take('look', this.agenda.now)) this.govern('look', one, 'queuedLook');
    });
  }

  /** @returns whether a direct call was made, and not refused */
  private directly(kind: CallKind, { allowance }: Verification, refused: Happening): boolean {
    const { now } = this.agenda;
    if (!allowance.take(kind, now)) return false;
    if (this.quotas[kind]?.take(now) !== false) return true;
    this.count(refused);
    allowance.throttled(now);
    return false;
  }

  /**
   * Makes a call by the task queue of calls.
   * @param happening what is counted of it. Default: nothing
   */
  private govern(
    kind: CallKind,
    { endsAt }: Verification,
    happening?: Happening,
    succeed = () => {},
    giveUp = () => {},
  ): void {
    if (happening) this.count(happening);
    const { now } = this.agenda;
    this.slot(now).queued += 1;
    // The deadline ends a send; a code that came before it is still checked.
    const untilAt = now + BUDGET_SECONDS[kind];
    const call: Call = { kind, untilAt, succeed, giveUp, tries: 0, isOver: false };
    if (kind === 'send') this.agenda.add(Math.min(endsAt, untilAt), () => this.end(call, giveUp));
    this.enqueue(call);
  }

  /** Lets a try wait for its turn. Where the queue has a limit, the call is given up if that comes too late. */
  private enqueue(call: Call): void {
    const { agenda } = this;
    const { tries, kind, untilAt } = call;
    this.queue.add(call);
    if (this.account.queueCallsPerSecond === Number.POSITIVE_INFINITY) return;
    const startBy = Math.min(untilAt, agenda.now + MOST_FOR_START[kind] * BUDGET_SECONDS[kind]);
    agenda.add(startBy, () => {
      if (call.tries === tries) this.end(call, call.giveUp);
    });
  }

  /** Ends the call once: by its answer, its budget or the deadline, whichever is first. */
  private end(call: Call, then: () => void): void {
    if (call.isOver) return;
    call.isOver = true;
    then();
  }

  private tryCall(call: Call): void {
    const { agenda } = this;
    if (call.isOver) return;
    if (this.quotas[call.kind]?.take(agenda.now) !== false) {
      this.end(call, call.succeed);
      return;
    }
    this.anyAllowance().throttled(agenda.now);
    this.count('refusedTry');
    if (call.tries === 0) this.count('refusedCall');
    const backoff = Math.min(BACKOFF_SECONDS.longest, BACKOFF_SECONDS.first * 2 ** call.tries);
    call.tries += 1;
    const at = agenda.now + BACKOFF_SECONDS.least + this.random() * backoff;
    // The server lets nobody wait for a try that would come too late.
    if (at < call.untilAt) agenda.add(at, () => call.isOver || this.enqueue(call));
    else this.end(call, call.giveUp);
  }
}
